"""Files of transactions, uploaded: checked, done at once, and then kept among the batches.

Source: the official client 0.0.80, TransactionBatchesApi.upload_transaction_batch: one file as
multipart/form-data under its own name, signed like any request; 201, and no body is recorded. Its
second way, BatchUploadWithMTLSApi, is another host's: there the file is an OpenPGP message and the
client signs in with a certificate of TLS. Such a message is taken here, and cannot be opened
(docs/decisions/0048).
"""

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batch_requests import do_requests
from tillbridge_simulators.cybersource.batch_texts import FILE_NAME, BatchFlawError, read_batch
from tillbridge_simulators.cybersource.batches import batch_id
from tillbridge_simulators.cybersource.uploaded_batch import UploadedBatch, UploadState


class _PassedError(BatchFlawError):
    """The same batch was processed before."""


def upload(ask: Ask) -> Answer:
    """POST /pts/v1/transaction-batch-upload. Raises Refusal for what is no file, or two.

    What is wrong in the file is no refusal: the batch stands as Rejected, and nothing was done.
    """
    if len(ask.files) != 1:
        raise Refusal("INVALID_DATA" if ask.files else "MISSING_FIELD", ["file"])
    (file,) = ask.files
    if not FILE_NAME.fullmatch(file.name) or not file.content:
        raise Refusal("INVALID_DATA", ["file"])
    try:
        _process(ask.account, file.content)
    except BatchFlawError as flaw:
        state: UploadState = "OnHold" if isinstance(flaw, _PassedError) else "Rejected"
        id_ = _free_id(ask.account, flaw.batch_id)
        ask.account.state.uploads[id_] = UploadedBatch(id_, ask.account.now(), state)
        ask.account.log.add("batch_file", batch=id_, flaw=str(flaw))
    return Answer(201)


def _process(account: Account, content: bytes) -> None:
    batch = read_batch(content, account.options.merchant_id)
    known = account.state.uploads.get(batch.id)
    if known is not None and known.state == "Completed":
        raise _PassedError(f"105 {batch.id} had already passed validation stage.")
    try:
        done = do_requests(account, batch)
    except BatchFlawError as flaw:
        flaw.batch_id = batch.id
        raise
    id_ = _free_id(account, batch.id)
    account.state.uploads[id_] = UploadedBatch(id_, account.now(), "Completed", done)
    account.log.add("batch_file", batch=id_, flaw="")


def _free_id(account: Account, wanted: str) -> str:
    """What the file is called, unless a batch that was processed is called so; else a new one."""
    known = account.state.uploads.get(wanted)
    if wanted and (known is None or known.state != "Completed"):
        return wanted
    made_s = account.now()
    while (id_ := batch_id(made_s)) in account.state.uploads:
        made_s += 0.001
    return id_


OFFERS = (
    Offer("transaction_batches.upload_transaction_batch", "batch_upload", upload, takes="files"),
)
