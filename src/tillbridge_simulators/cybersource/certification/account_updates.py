"""Account updater: batches of tokens."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_POST, _LIST = "batches.post_batch", "batches.get_batches_list"
_STATUS, _REPORT = "batches.get_batch_status", "batches.get_batch_report"
_NOBODY = {"batchId": "AAAAAAAAAAAAAAAAAAAAAAAAAA"}


def _life(it: Script) -> None:
    token = {"id": it.means.identifier(), "expirationMonth": "12", "expirationYear": "2026"}
    document = {
        "type": "oneOff",
        "included": {"tokens": [token]},
        "merchantReference": it.new("update"),
        "notificationEmail": "books@example.com",
    }
    made = it.do(_POST, document)
    of_it = {"batchId": made["batchId"]}
    reference = {"merchantReference": document["merchantReference"]}
    it.shows(_STATUS, reference | {"totals.acceptedRecords": 1}, **of_it)
    it.shows(_REPORT, reference | {"records.0.sourceRecord.token": token["id"]}, **of_it)
    it.shows(_LIST, {f"_embedded.batches.batchId={made['batchId']}.totals.acceptedRecords": 1})
    it.refused(_POST, 400, "INVALID_DATA", document | {"type": "sometimes"})
    it.refused(_LIST, 400, "INVALID_DATA", offset="-1")
    it.refused(_STATUS, 404, "NOT_FOUND", **_NOBODY)
    it.refused(_REPORT, 404, "NOT_FOUND", **_NOBODY)


ROWS = (row(_life, _POST, _LIST, _STATUS, _REPORT),)
