"""Terminals: those that the merchant has, by search, and those that are given back.

Sources: REST API reference, Device Search and Device De-association, both generations; the official
client's models (names, statuses, the default order). A device that is given back goes up in the
hierarchy, to its account or the portfolio that is named, and the merchant sees it no more. Devices
are given to a merchant in the Business Center; here by the trigger device.added. Unverified: the
words of a query that are not in its examples, that a device of nobody's is refused one by one
(v3) or whole (v2), and the codes of that.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, as_json, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import text_at

_LIMIT, _LIMIT_MAX = 20, 2500
_TERM: Final = re.compile(r"([A-Za-z]+):(.+)")
_SORTS: Final = {
    "terminalCreationDate": "terminalCreationDate",
    "terminalUpdationDate": "terminalUpdationDate",
    "serialNumber": "serialNumber",
    "submitTimeUtc": "terminalUpdationDate",
}
"""What a search may be sorted by; the last is the older generation's example."""
_OLD_NAMES: Final = {"serialNumber": "terminalSerialNumber", "terminalCreationDate": "creationDate"}
"""What the older generation calls them."""
_SHARED: Final = ("readerId", "model", "make", "hardwareRevision", "status")
_PROCESSOR: Final = "paymentProcessorToTerminalMap"
_ASKED: Final = frozenset(
    {
        *(*_SHARED, "serialNumber", "terminalSerialNumber", "statusChangeReason"),
        *("terminalId", "organizationId", "merchantId", "accountId"),
    }
)
"""What a query may ask for."""


def search(ask: Ask) -> Answer:
    """POST /dms/v3/devices/search. Raises Refusal."""
    return _found(ask, lambda row: row, "terminalCreationDate:desc")


def search_before(ask: Ask) -> Answer:
    """POST /dms/v2/devices/search. Raises Refusal."""
    return _found(ask, _as_before, "terminalUpdationDate:asc")


def give_back(ask: Ask) -> Answer:
    """POST /dms/v3/devices/deassociate: each of a list, and which could not be. Raises Refusal."""
    if not ask.rows:
        raise Refusal("MISSING_FIELD", ["deviceId"])
    wanted = [
        (text_at(row, "deviceId", length_max=64, required=True), str(row.get("organizationId", "")))
        for row in ask.rows
    ]
    lost = [id_ for id_, to in wanted if not _moved(ask.account, id_, to)]
    if len(lost) == len(wanted):
        raise Refusal("INVALID_DATA", ["deviceId"])
    failed = [{"deviceId": id_, "reason": "Device not found", "code": "404"} for id_ in lost]
    answer = {"status": "BAD_REQUEST" if failed else "OK", "devices": failed}
    return Answer(206 if failed else 200, raw=as_json([answer]))


def give_back_before(ask: Ask) -> Answer:
    """PATCH /dms/v2/devices/deassociate. Raises Refusal."""
    id_ = text_at(ask.document, "deviceId", length_max=64, required=True)
    if not _moved(ask.account, id_, ""):
        raise Refusal("INVALID_DATA", ["deviceId"])
    return Answer(204)


def add_device(account: Account, serial: str) -> str:
    """The merchant has it from now on; its id. Raises ValueError for one that is there."""
    if any(account.state.devices.where(lambda row: row["serialNumber"] == serial)):
        raise ValueError(f"there is a device {serial} already")
    id_, made = str(uuid.uuid4()), utc_text(account.now())
    account.state.devices.put(
        id_,
        {
            "readerId": id_,
            "serialNumber": serial,
            "model": "A920",
            "make": "PAX",
            "hardwareRevision": "1.0",
            "status": "ACTIVE",
            "statusChangeReason": "",
            "merchantId": account.options.merchant_id,
            "accountId": f"{account.options.merchant_id}_acct",
            "terminalCreationDate": made,
            "terminalUpdationDate": made,
            _PROCESSOR: {"processor": "vdcvisa", "terminalId": id_[:8].upper()},
        },
    )
    return id_


def _moved(account: Account, id_: str, to: str) -> bool:
    """Whether the merchant had it; it is no more."""
    kept = account.state.devices.find(id_)
    if kept is None or kept["merchantId"] != account.options.merchant_id:
        return False
    up = {"merchantId": "", "accountId": to or kept["accountId"]}
    account.state.devices.put(id_, kept | up | {"terminalUpdationDate": utc_text(account.now())})
    return True


def _found(ask: Ask, shown: Callable[[dict[str, Any]], Mapping[str, Any]], sort: str) -> Answer:
    offset, limit = _number(ask, "offset", 0), _number(ask, "limit", _LIMIT)
    if offset < 0 or not 1 <= limit <= _LIMIT_MAX:
        raise Refusal("INVALID_DATA", ["limit" if offset >= 0 else "offset"])
    sort = str(ask.document.get("sort") or sort)
    terms = _terms(str(ask.document.get("query") or ""))
    mine = ask.account.options.merchant_id
    here = ask.account.state.devices.where(
        lambda row: row["merchantId"] == mine and _fits(row, terms)
    )
    rows = _in_order(list(here), sort)
    page = rows[offset : offset + limit]
    body = {"totalCount": len(rows), "offset": offset, "limit": limit, "sort": sort}
    return Answer(200, body | {"count": len(page), "devices": [shown(row) for row in page]})


def _in_order(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """As `name:asc, name:desc` says; ascending where it does not say."""
    for part in reversed(sort.split(",")):
        name, _, way = part.strip().partition(":")
        if name not in _SORTS or way not in ("", "asc", "desc"):
            raise Refusal("INVALID_DATA", ["sort"])
        rows.sort(key=itemgetter(_SORTS[name]), reverse=way == "desc")
    return rows


def _number(ask: Ask, name: str, default: int) -> int:
    value = ask.document.get(name)
    return default if value is None else int(value)


def _terms(query: str) -> list[tuple[str, str]]:
    """`name:value AND name:value`; none finds everything."""
    found = []
    for part in filter(None, query.split(" AND ")):
        term = _TERM.fullmatch(part.strip())
        if term is None or term[1] not in _ASKED:
            raise Refusal("INVALID_DATA", ["query"])
        found.append((term[1], term[2].strip('"')))
    return found


def _fits(row: Mapping[str, Any], terms: list[tuple[str, str]]) -> bool:
    known = {
        **row,
        **{old: row[new] for new, old in _OLD_NAMES.items()},
        "terminalId": row[_PROCESSOR]["terminalId"],
        "organizationId": row["merchantId"],
    }
    return all(str(known[name]).casefold() == value.casefold() for name, value in terms)


def _as_before(row: Mapping[str, Any]) -> dict[str, Any]:
    """As the older generation shows it."""
    shown = {name: row[name] for name in _SHARED}
    shown |= {old: row[new] for new, old in _OLD_NAMES.items()}
    return shown | {"terminalId": row[_PROCESSOR]["terminalId"]}


OFFERS = (
    Offer("device_search.post_search_query_v3", "devices", search),
    Offer("device_search.post_search_query", "devices", search_before),
    Offer(
        "device_de_association.post_de_associate_v3_terminal", "device_return", give_back, "list"
    ),
    Offer("device_de_association.delete_terminal_association", "device_return", give_back_before),
)
