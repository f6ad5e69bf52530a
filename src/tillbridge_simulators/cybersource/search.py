"""Transaction search and details: late, and without transactionIds, as the real ones are.

Sources: Transaction Search API, "Creating a Transaction Search Request" (query grammar, sort,
paging); REST API reference, Search Transactions and Transaction Details. A search without a sort is
answered, as an integration's recorded one is: newest first, which is not documented.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.queries import in_order, wanted
from tillbridge_simulators.cybersource.transaction_details import details_of, summary_of

_LIMIT_MAX = 2500
_NEWEST = "submitTimeUtc:desc"
_KEPT_MAX = 1000


def search(account: Account, document: Mapping[str, Any], lag_s: float) -> Answer:
    """POST /tss/v2/searches. Raises Refusal for a query it does not understand."""
    query = text_at(document, "query", length_max=2048, required=True)
    sort = text_at(document, "sort", length_max=255, required=False)
    limit, offset = at(document, "limit") or 20, at(document, "offset") or 0
    if not (isinstance(limit, int) and 0 < limit <= _LIMIT_MAX and isinstance(offset, int)):
        raise Refusal("INVALID_DATA", ["limit"])
    now_s = account.now()
    asked = wanted(query, now_s, lambda one: details_of(account, one))
    codes = [None] if asked.codes is None else asked.codes
    visible = (one for code in codes for one in account.state.visible(now_s - lag_s, code))
    hits = in_order([one for one in visible if asked.fits(one)], sort or _NEWEST)
    page = hits[offset : offset + limit]
    id_ = str(uuid.uuid4())
    _keep(account, id_, document)
    return Answer(
        201,
        {
            "_links": {"self": {"href": f"/tss/v2/searches/{id_}", "method": "GET"}},
            "searchId": id_,
            "save": False,
            **{name: document[name] for name in ("name", "sort") if document.get(name)},
            "timezone": str(document.get("timezone") or "GMT"),
            "query": query,
            "offset": offset,
            "limit": limit,
            "count": len(page),
            "totalCount": len(hits),
            "submitTimeUtc": utc_text(now_s),
            "_embedded": {"transactionSummaries": [summary_of(account, one) for one in page]},
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
    return Answer(200, details_of(account, one)) if one is not None else not_found(now_s)


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
