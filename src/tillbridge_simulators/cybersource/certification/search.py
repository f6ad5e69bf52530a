"""Search and details."""

from tillbridge_simulators.cybersource.certification.payments import NOBODY, paying
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script


def _search(it: Script) -> None:
    document = paying(it)
    made = it.do("payments.create_payment", document)
    code = document["clientReferenceInformation"]["code"]
    query = {
        "query": f"clientReferenceInformation.code:{code}",
        "sort": "submitTimeUtc:asc",
        "limit": 10,
        "offset": 0,
    }
    place = "_embedded.transactionSummaries.0.id"
    it.finds("search_transactions.create_search", query, {"totalCount": 1, place: made["id"]})
    wrong = query | {"limit": 2501}
    it.refused("search_transactions.create_search", 400, "INVALID_DATA", wrong)


def _details(it: Script) -> None:
    document = paying(it)
    made = it.do("payments.create_payment", document)
    code = document["clientReferenceInformation"]["code"]
    wanted = {"id": made["id"], "clientReferenceInformation.code": code}
    it.shows("transaction_details.get_transaction", wanted, id=made["id"])
    it.refused("transaction_details.get_transaction", 404, "NOT_FOUND", id=NOBODY)


ROWS = (
    row(_search, "search_transactions.create_search"),
    row(_details, "transaction_details.get_transaction"),
)
