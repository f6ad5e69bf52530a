"""Files of transactions that are uploaded."""

from collections.abc import Mapping

from tillbridge_simulators.cybersource.certification.payments import NOBODY, held
from tillbridge_simulators.cybersource.certification.reporting import last_day
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_UPLOAD = "transaction_batches.upload_transaction_batch"
_ONE = "transaction_batches.get_transaction_batch_id"


def _uploaded(it: Script) -> None:
    """Two captures: one of a payment that is held, one of nobody's."""
    id_ = it.new("u").replace("-", "")[-8:]
    it.do(_UPLOAD, _file(it, id_, held(it)["id"], NOBODY))
    counts = {
        "transactionCount": 2,
        "acceptedTransactionCount": 1,
        "rejectedTransactionCount": "1",
        "status": "Completed",
    }
    it.shows(_ONE, {"id": id_, **counts}, id=id_)
    listed = {f"transactionBatches.id={id_}.uploadDate": ANY}
    it.shows("transaction_batches.get_transaction_batches", listed, **last_day())
    it.do("transaction_batches.get_transaction_batch_details", id=id_)
    it.refused(_UPLOAD, 400, "INVALID_DATA", it.means.file("what? a name.csv", "merchantID=x"))
    it.refused(_UPLOAD, 400, "INVALID_DATA", it.means.file("empty.csv", ""))


def _file(it: Script, id_: str, *payments: str) -> Mapping[str, str]:
    merchant = it.means.organization
    lines = [
        f"merchantID={merchant},batchID={id_},recordCount={len(payments)},transactionType=capture,"
        "statusEmail=books@example.com,targetAPIVersion=1.90,Template=custom",
        "",
        "merchantReferenceCode,ccCaptureService_authRequestID,purchaseTotals_grandTotalAmount,"
        "purchaseTotals_currency",
        *(f"{it.new('order')},{payment},25.00,USD" for payment in payments),
        "",
        f"END,SUM={25 * len(payments)}.00",
        "",
    ]
    return it.means.file(f"{merchant}.{id_}", "\r\n".join(lines))


ROWS = (row(_uploaded, _UPLOAD),)
