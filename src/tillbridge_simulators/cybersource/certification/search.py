"""Search and details."""

from typing import Any

from tillbridge_simulators.cybersource.certification.payments import NOBODY, paying
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script


def of_order(code: str) -> dict[str, Any]:
    """The body of a search for what was done of an order."""
    return {
        "query": f"clientReferenceInformation.code:{code}",
        "sort": "submitTimeUtc:asc",
        "limit": 10,
        "offset": 0,
    }


def _search(it: Script) -> None:
    document = paying(it)
    made = it.do("payments.create_payment", document)
    code = document["clientReferenceInformation"]["code"]
    query = of_order(code)
    place = "_embedded.transactionSummaries.0.id"
    it.finds("search_transactions.create_search", query, {"totalCount": 1, place: made["id"]})
    id_ = it.do("search_transactions.create_search", query)["searchId"]
    wanted = {"searchId": id_, "totalCount": 1, place: made["id"]}
    it.shows("search_transactions.get_search", wanted, searchId=id_)
    it.refused("search_transactions.get_search", 404, "NOT_FOUND", searchId=NOBODY)
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
    row(_search, "search_transactions.create_search", "search_transactions.get_search"),
    row(_details, "transaction_details.get_transaction"),
)
