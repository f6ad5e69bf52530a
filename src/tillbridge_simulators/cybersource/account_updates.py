"""Account updater: batches of tokens whose cards are looked up, and what became of them.

Sources: Account Updater User Guide, Batch Update (oneOff, amexRegistration, amexMaintenance; one
kind of token in a batch; instrument identifiers need their expiry) and Reply Fields (batchId of 26
characters; NAN a new number, NED a new date, ACL a closed account, CCH ask the cardholder); the
official client's models. A card that ends within a year gets four more years (NED); nothing is
known of others (NUP, unverified). Reports take a day or two there; here `report_lag_s`.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.shelf import page_of

PATH = "/accountupdater/v1/batches"
_TYPES = ("oneOff", "amexRegistration", "amexMaintenance")
_ID_LENGTH = 26
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_YEARS_MORE = 4


def post(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    kind = text_at(ask.document, "type", length_max=20, required=True)
    if kind not in _TYPES:
        raise Refusal("INVALID_DATA", ["type"])
    tokens = at(ask.document, "included.tokens")
    if not tokens:
        raise Refusal("MISSING_FIELD", ["included.tokens"])
    if any(not one.get("id") for one in tokens):
        raise Refusal("MISSING_FIELD", ["included.tokens.id"])
    records = [_record(ask, one) for one in tokens]
    if len({record["_kind"] for record in records} - {""}) > 1:
        raise Refusal("INVALID_DATA", ["included.tokens"])
    id_ = "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))
    row = {
        "batchId": id_,
        "batchSource": "TOKEN_API",
        "batchCreatedDate": utc_text(ask.account.now()),
        "merchantReference": at(ask.document, "merchantReference") or "",
        "_made_s": ask.account.now(),
        "_records": records,
    }
    ask.account.state.vault.updates.put(id_, row)
    links = {"self": {"href": PATH}, "status": [{"href": f"{PATH}/{id_}/status"}]}
    return Answer(202, {"_links": links, "batchId": id_, "batchItemCount": len(records)})


def list_all(ask: Ask) -> Answer:
    """GET, newest last, page by page."""
    try:
        offset, limit = page_of(ask.query)
    except ValueError:
        raise Refusal("INVALID_DATA", ["offset", "limit"]) from None
    rows = list(ask.account.state.vault.updates.where(lambda _: True))
    page = rows[offset : offset + limit]
    batches = [
        _head(row)
        | {
            "batchCaEndpoints": ["VISA", "MASTERCARD"],
            "status": _status(ask, row),
            "totals": _totals(row),
        }
        for row in page
    ]
    body = {
        "_links": [{"rel": "self", "href": f"{PATH}?offset={offset}&limit={limit}"}],
        "object": "collection",
        "offset": offset,
        "limit": limit,
        "count": len(page),
        "total": len(rows),
        "_embedded": {"batches": batches},
    }
    return Answer(200, body)


def status(ask: Ask) -> Answer:
    """GET {batchId}/status."""
    row = ask.account.state.vault.updates.find(ask.ids["batchId"])
    if row is None:
        return not_found(ask.account.now())
    links: dict[str, Any] = {"self": {"href": f"{PATH}/{row['batchId']}/status"}}
    if _is_done(ask, row):
        links["report"] = [{"href": f"{PATH}/{row['batchId']}/report"}]
    told = {"_links": links, "status": _status(ask, row), "totals": _totals(row)}
    return Answer(200, _head(row) | told | {"billing": _billing(row), "description": ""})


def report(ask: Ask) -> Answer:
    """GET {batchId}/report: 404 until it is made."""
    row = ask.account.state.vault.updates.find(ask.ids["batchId"])
    if row is None or not _is_done(ask, row):
        return not_found(ask.account.now())
    told = {
        "version": "1.0",
        "reportCreatedDate": utc_text(ask.account.now()),
        "totals": _totals(row),
        "billing": _billing(row),
        "records": [
            {name: value for name, value in record.items() if not name.startswith("_")}
            for record in row["_records"]
        ],
    }
    return Answer(200, _head(row) | told)


def _record(ask: Ask, wanted: dict[str, Any]) -> dict[str, Any]:
    """One token: whose card it stands for, and what is known of that card now."""
    vault, id_ = ask.account.state.vault, str(wanted["id"])
    shelves = {
        "customerId": vault.customers,
        "paymentInstrumentId": vault.instruments,
        "instrumentIdentifierId": vault.identifiers,
    }
    kind, found = next(
        ((name, row) for name, shelf in shelves.items() if (row := shelf.find(id_))), ("", None)
    )
    source = {"token": id_} | ({kind: id_} if kind else {})
    if found is None:
        answer = {"response": "ERR", "reason": "801"}
        return {"id": id_, "sourceRecord": source, "responseRecord": answer, "_kind": ""}
    month = str(wanted.get("expirationMonth") or at(found, "card.expirationMonth") or "")
    year = str(wanted.get("expirationYear") or at(found, "card.expirationYear") or "")
    if kind == "instrumentIdentifierId" and not (month and year):
        raise Refusal("MISSING_FIELD", ["included.tokens.expirationMonth"])
    source |= {"cardExpiryMonth": month, "cardExpiryYear": year}
    answer = {"response": "NUP", "reason": "802", "token": id_}
    if month.isdigit() and year.isdigit() and _ends_soon(ask, int(month), int(year)):
        answer = {
            "response": "NED",
            "reason": "800",
            "token": id_,
            "cardExpiryMonth": month,
            "cardExpiryYear": str(int(year) + _YEARS_MORE),
        }
        if kind == "paymentInstrumentId":
            card = found["card"] | {"expirationYear": answer["cardExpiryYear"]}
            vault.instruments.put(id_, found | {"card": card})
    return {"id": id_, "sourceRecord": source, "responseRecord": answer, "_kind": kind}


def _ends_soon(ask: Ask, month: int, year: int) -> bool:
    now = datetime.fromtimestamp(ask.account.now(), UTC)
    return year * 12 + month <= (now.year + 1) * 12 + now.month


def _head(row: dict[str, Any]) -> dict[str, Any]:
    names = ("batchId", "batchSource", "batchCreatedDate", "merchantReference")
    return {name: row[name] for name in names}


def _status(ask: Ask, row: dict[str, Any]) -> str:
    return "COMPLETED" if _is_done(ask, row) else "PROCESSING"


def _is_done(ask: Ask, row: dict[str, Any]) -> bool:
    lag_s = ask.account.options.report_lag_s / ask.account.factor
    return bool(ask.account.now() >= row["_made_s"] + lag_s)


def _totals(row: dict[str, Any]) -> dict[str, int]:
    answers = [record["responseRecord"]["response"] for record in row["_records"]]
    rejected = answers.count("ERR")
    return {
        "acceptedRecords": len(answers) - rejected,
        "rejectedRecords": rejected,
        "updatedRecords": answers.count("NED"),
        "caResponses": len(answers) - rejected,
        "caResponsesOmitted": 0,
    }


def _billing(row: dict[str, Any]) -> dict[str, int]:
    answers = [record["responseRecord"]["response"] for record in row["_records"]]
    return {"nan": 0, "ned": answers.count("NED"), "acl": 0, "cch": 0}


OFFERS = (
    Offer("batches.post_batch", "account_update", post),
    Offer("batches.get_batches_list", "account_update", list_all),
    Offer("batches.get_batch_status", "account_update", status),
    Offer("batches.get_batch_report", "account_update", report),
)
