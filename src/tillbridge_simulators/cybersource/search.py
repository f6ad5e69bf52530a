"""Transaction search and details: late, and without transactionIds, as the real ones are.

Sources: Transaction Search API, "Creating a Transaction Search Request" (query grammar, sort,
paging); REST API reference, Search Transactions and Transaction Details. Neither answer has
clientReferenceInformation.transactionId; details have comments, rootId and relatedTransactions.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.follow_on_names import SERVICES
from tillbridge_simulators.cybersource.queries import code_of, in_order, terms
from tillbridge_simulators.cybersource.state import Authorization, Movement

_LIMIT_MAX = 2500
_KEPT_MAX = 1000


def search(account: Account, document: Mapping[str, Any], lag_s: float) -> Answer:
    """POST /tss/v2/searches. Raises Refusal for a query it does not understand."""
    query = text_at(document, "query", length_max=2048, required=True)
    sort = text_at(document, "sort", length_max=255, required=True)
    limit, offset = at(document, "limit") or 20, at(document, "offset") or 0
    if not (isinstance(limit, int) and 0 < limit <= _LIMIT_MAX and isinstance(offset, int)):
        raise Refusal("INVALID_DATA", ["limit"])
    now_s = account.now()
    wanted = terms(query, now_s)
    visible = account.state.visible(now_s - lag_s, code_of(query))
    hits = in_order([one for one in visible if all(term(one) for term in wanted)], sort)
    page = hits[offset : offset + limit]
    id_ = str(uuid.uuid4())
    _keep(account, id_, document)
    return Answer(
        201,
        {
            "searchId": id_,
            "save": False,
            "query": query,
            "sort": sort,
            "offset": offset,
            "limit": limit,
            "count": len(page),
            "totalCount": len(hits),
            "submitTimeUtc": utc_text(now_s),
            "_embedded": {"transactionSummaries": [_summary(account, one) for one in page]},
        },
    )


def search_again(account: Account, id_: str, lag_s: float) -> Answer:
    """GET /tss/v2/searches/{searchId}: what it finds now."""
    document = account.state.searches.get(id_)
    if document is None:
        return not_found(account.now())
    found = search(account, document, lag_s).body
    return Answer(200, {**found, "searchId": id_})


def _keep(account: Account, id_: str, document: Mapping[str, Any]) -> None:
    """The newest searches may be made again by their ids."""
    kept = account.state.searches
    kept[id_] = dict(document)
    if len(kept) > _KEPT_MAX:
        del kept[next(iter(kept))]


def details(account: Account, transaction_id: str, lag_s: float) -> Answer:
    """GET /tss/v2/transactions/{id}."""
    now_s = account.now()
    one = account.state.shown(transaction_id, now_s - lag_s)
    return Answer(200, _details(account, one)) if one is not None else not_found(now_s)


def _summary(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    amount = one.requested if isinstance(one, Authorization) else one.amount
    return {
        "id": one.id,
        "submitTimeUtc": utc_text(one.at_s),
        "merchantId": account.options.merchant_id,
        "applicationInformation": _applications(one),
        "clientReferenceInformation": {"code": one.code, "applicationName": "REST API"},
        "orderInformation": {
            "amountDetails": {"totalAmount": str(amount), "currency": one.currency}
        },
        "_links": {
            "transactionDetail": {"href": f"/tss/v2/transactions/{one.id}", "method": "GET"}
        },
    }


def _details(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    body = _summary(account, one)
    body["submitTimeUTC"] = body.pop("submitTimeUtc")
    body["clientReferenceInformation"]["comments"] = one.comments
    root_id = one.id if isinstance(one, Authorization) else one.parent_id
    body["rootId"] = root_id
    related = [other.id for other in account.state.movements.by("about_id", one.id)]
    if isinstance(one, Movement):
        related.append(one.about_id)
    links = [{"href": f"/tss/v2/transactions/{other}", "method": "GET"} for other in related]
    body["_links"] = {
        "self": {"href": f"/tss/v2/transactions/{one.id}", "method": "GET"},
        "relatedTransactions": links,
    }
    if isinstance(one, Authorization):
        body["orderInformation"]["amountDetails"]["authorizedAmount"] = str(one.amount)
        body["processorInformation"] = {
            "approvalCode": one.approval_code,
            "networkTransactionId": one.network_id,
        }
        card = {"type": one.brand, "suffix": one.last4}
        body["paymentInformation"] = {"card": card, **one.paid_with}
        if one.stored:
            body["tokenInformation"] = one.stored
    return body


def _applications(one: Authorization | Movement) -> dict[str, Any]:
    if isinstance(one, Movement):
        name = "ics_ecp_credit" if one.check else SERVICES[one.kind]
        if one.kind == "increment" and one.undone:
            refused = _application(name, 203, "DCARDREFUSED")
            overall = {"reasonCode": "203", "rCode": "0", "rFlag": "DCARDREFUSED"}
            return overall | {"applications": [refused], "status": one.status}
        service = _application(name, 100, "SOK")
        status = "VOIDED" if one.voided else one.status
        return {"reasonCode": "100", "rCode": "1", "rFlag": "SOK", "applications": [service]} | {
            "status": status
        }
    outcome = one.outcome
    held = outcome.holds and outcome.reason not in ("AVS_FAILED", "CV_FAILED", "CONTACT_PROCESSOR")
    services = [
        _application("ics_auth", 100, "SOK")
        if held and outcome.code != 110
        else _application("ics_auth", outcome.code, outcome.flag)
    ]
    if one.check:
        services = [_application("ics_ecp_debit", outcome.code, outcome.flag)]
    elif one.sale:
        services.append(_application("ics_bill", 100, "SOK"))
    if outcome.code in (480, 481, 400):
        services.append(_application("ics_decision", outcome.code, outcome.flag))
    overall = {
        "reasonCode": str(outcome.code),
        "rCode": "1" if outcome.code in (100, 110) else "0",
        "rFlag": outcome.flag,
    }
    return overall | {"applications": services}


def _application(name: str, code: int, flag: str) -> dict[str, str]:
    success = "1" if code in (100, 110) else "0"
    return {"name": name, "reasonCode": str(code), "rCode": success, "rFlag": flag}


def _lag_s(account: Account) -> float:
    return account.options.search_lag_s / account.factor


OFFERS = (
    Offer(
        "search_transactions.create_search",
        "search",
        lambda ask: search(ask.account, ask.document, _lag_s(ask.account)),
    ),
    Offer(
        "search_transactions.get_search",
        "search_again",
        lambda ask: search_again(ask.account, ask.id, _lag_s(ask.account)),
    ),
    Offer(
        "transaction_details.get_transaction",
        "details",
        lambda ask: details(ask.account, ask.id, _lag_s(ask.account)),
    ),
)
