"""Mandates: what lets a merchant debit a bank account, or bill a PayPal account, again and again.

Sources: REST API reference, Billing Agreements (create, import, update, revoke, mandate status);
the official client's models (fields required of SEPA and Bacs, statuses PENDING, ACTIVE, REVOKED,
FAILED, EXPIRED); Bacs Direct Debit guide, "Update a Mandate" (name, street and country, nothing
else) and "Check a Mandate Status". A mandate that is created waits for its payer's signature, one
that is imported is active. What the scheme does not accept is answered 201 with the status FAILED.
Of bank accounts nothing is kept. Unverified: how long a payer may take to sign, and that an IBAN
whose check digits are wrong is FAILED.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.shelf import merged

PATH: Final = "/pts/v2/billing-agreements"
CREATE: Final = "BILLING_AGREEMENT_CREATE"
IMPORT: Final = "AP_IMPORT_AGREEMENT"
UPDATES: Final = ("AP_UPDATE_AGREEMENT", "UPDATE_AGREEMENT")
CANCELS: Final = ("AP_CANCEL_AGREEMENT", "CANCEL_AGREEMENT")
REFRESH: Final = "AP_REFRESH_AGREEMENT_STATUS"
_SIGN_UP: Final = "https://mandate.example/sign/"
_BANK: Final = "paymentInformation.bank"
_SCHEMES: Final = {"directDebitSepa": "SEPA", "directDebitBacs": "BACS"}
_NEEDED: Final = {
    "SEPA": (f"{_BANK}.iban",),
    "BACS": (f"{_BANK}.swiftCode", f"{_BANK}.account.number"),
}
_PAGES: Final = tuple(f"merchantInformation.{name}Url" for name in ("success", "cancel", "failure"))
_TYPES: Final = ("recurring", "oneoff", "split", "usage")
_FREQUENCIES: Final = (
    *("annual", "monthly", "quarterly", "semiannual", "weekly", "daily", "adhoc", "intraday"),
    "fortnightly",
)
_DAYS: Final = ("dateSigned", "startDate", "endDate", "dateRevoked")
_PAYER: Final = (
    *("firstName", "lastName", "address1", "address2", "locality", "administrativeArea"),
    *("postalCode", "country", "email"),
)
_SHOWN: Final = ("id", "dateSigned", "dateCreated", "dateRevoked", "type", "frequency", "url")
_SCHEDULE: Final = ("occurrencesPerPeriod", "startDate", "endDate")
"""Told when a mandate is made, and not again."""
_ACCEPTED, _NOT_ACCEPTED = "00000", "00001"


def is_mandate(document: Mapping[str, Any], actions: tuple[str, ...]) -> bool:
    """Whether it is about a bank account or a wallet, not about a card."""
    direct = at(document, "paymentInformation.paymentType.name") in _SCHEMES
    return direct or at(document, _BANK) is not None or IMPORT in actions or _is_wallet(document)


def register(ask: Ask, actions: tuple[str, ...]) -> dict[str, Any]:
    """A new one, to be signed or signed already. Raises Refusal."""
    document, imported = ask.document, IMPORT in actions
    _check_needed(document, imported=imported)
    check_words(document)
    wanted = at(document, "agreementInformation.id")
    if wanted and _is_there(ask.account, str(wanted)):
        raise Refusal("DUPLICATE_REQUEST", ["agreementInformation.id"])
    given = document.get("agreementInformation") or {}
    agreement = {name: given[name] for name in (*_SHOWN, *_SCHEDULE) if given.get(name)}
    id_ = ask.account.state.new_id(ask.account.now())
    kept = {
        "id": id_,
        "kind": "mandate",
        "code": at(document, "clientReferenceInformation.code"),
        "scheme": _scheme(document),
        "status": "ACTIVE" if imported else "PENDING",
        "agreement": {"id": id_[-12:], **agreement, "dateCreated": _today(ask.account)},
        "payer": _payer(document),
        "made_s": ask.account.now(),
    }
    if not _is_accepted(document):
        kept["status"] = "FAILED"
    return _made(ask.account.state.agreements.put(id_, kept), ask.account)


def agree(ask: Ask, session: Mapping[str, Any]) -> dict[str, Any]:
    """PayPal's agreement, made of a session that the payer has said yes to."""
    number = ask.account.state.new_id(ask.account.now())[-14:]
    kept = {
        "id": session["id"],
        "kind": "mandate",
        "code": session["code"],
        "scheme": "PAYPAL",
        "status": "ACTIVE",
        "agreement": {"id": f"B-{number}", "dateCreated": _today(ask.account)},
        "payer": _payer(ask.document),
        "made_s": ask.account.now(),
    }
    return _told(ask.account, ask.account.state.agreements.put(session["id"], kept))


def change(ask: Ask, kept: dict[str, Any], actions: tuple[str, ...]) -> dict[str, Any]:
    """Updated, revoked, or only asked about. Raises Refusal."""
    if not at(ask.document, "clientReferenceInformation.code"):
        raise Refusal("MISSING_FIELD", ["clientReferenceInformation.code"])
    if at(ask.document, "agreementInformation.id") not in (None, "", kept["agreement"]["id"]):
        raise Refusal("INVALID_DATA", ["agreementInformation.id"])
    check_words(ask.document)
    kept["status"] = status_of(ask.account, kept)
    if REFRESH in actions:
        return _told(ask.account, kept)
    if any(one in actions for one in CANCELS):
        return _revoke(ask, kept)
    if any(one in actions for one in UPDATES):
        return _update(ask, kept)
    raise Refusal("MISSING_FIELD", ["processingInformation.actionList"])


def sign(account: Account, id_: str, *, signed: bool) -> None:
    """Its payer signs it, or does not.

    Raises:
        KeyError: there is no such mandate.
        ValueError: it waits for no signature.
    """
    kept = account.state.agreements.copy(id_)
    if kept["kind"] != "mandate" or status_of(account, kept) != "PENDING":
        raise ValueError(f"the agreement {id_} waits for no signature")
    kept["status"] = "ACTIVE" if signed else "FAILED"
    if signed:
        kept["agreement"]["dateSigned"] = _today(account)
    account.state.agreements.put(id_, kept)


def status_of(account: Account, kept: Mapping[str, Any]) -> str:
    """EXPIRED when nobody has signed in time."""
    life_s = account.options.mandate_life_s / account.factor
    late = kept["status"] == "PENDING" and account.now() >= kept["made_s"] + life_s
    return "EXPIRED" if late else str(kept["status"])


def check_words(document: Mapping[str, Any]) -> None:
    """Raises Refusal for words and days of a schedule that are none."""
    agreement = document.get("agreementInformation") or {}
    flaws = [name for name in _DAYS if not _is_day(agreement.get(name))]
    flaws += [
        name
        for name, words in (("type", _TYPES), ("frequency", _FREQUENCIES))
        if agreement.get(name) not in (None, "", *words)
    ]
    if flaws:
        raise Refusal("INVALID_DATA", [f"agreementInformation.{name}" for name in flaws])


def _check_needed(document: Mapping[str, Any], *, imported: bool) -> None:
    needed = ["clientReferenceInformation.code"]
    if not _is_wallet(document):
        scheme = _scheme(document)
        needed += ["agreementInformation.id", "buyerInformation.merchantCustomerId"]
        needed += _NEEDED.get(scheme, (f"{_BANK}.scheme",))
        needed += ["agreementInformation.dateSigned"] if imported else _PAGES
        if scheme and scheme not in _NEEDED:
            raise Refusal("INVALID_DATA", [f"{_BANK}.scheme"])
    missing = [place for place in needed if not at(document, place)]
    if missing:
        raise Refusal("MISSING_FIELD", missing)


def _scheme(document: Mapping[str, Any]) -> str:
    said = at(document, f"{_BANK}.scheme")
    by_type = _SCHEMES.get(str(at(document, "paymentInformation.paymentType.name")), "")
    return str(said or by_type).upper()


def _is_wallet(document: Mapping[str, Any]) -> bool:
    return bool(at(document, "paymentInformation.paymentType.method.name") == "PAYPAL")


def _is_accepted(document: Mapping[str, Any]) -> bool:
    iban = str(at(document, f"{_BANK}.iban") or "")
    return not iban or _is_iban(iban)


def _is_iban(text: str) -> bool:
    """Its check digits hold (ISO 13616)."""
    plain = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _is_day(text: object) -> bool:
    """YYYYMMDD, or nothing."""
    if text in (None, ""):
        return True
    try:
        datetime.strptime(str(text), "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return len(str(text)) == 8


def _revoke(ask: Ask, kept: dict[str, Any]) -> dict[str, Any]:
    if kept["status"] not in ("PENDING", "ACTIVE"):
        return _told(ask.account, kept, "FAILED")
    given = at(ask.document, "agreementInformation.dateRevoked")
    kept["agreement"]["dateRevoked"] = given or _today(ask.account)
    kept["status"] = "REVOKED"
    return _told(ask.account, ask.account.state.agreements.put(kept["id"], kept))


def _update(ask: Ask, kept: dict[str, Any]) -> dict[str, Any]:
    """A Bacs account cannot be changed but by a new mandate."""
    account_too = kept["scheme"] == "BACS" and at(ask.document, f"{_BANK}.account.number")
    if kept["status"] != "ACTIVE" or account_too or not _is_accepted(ask.document):
        return _told(ask.account, kept, "FAILED")
    kept["payer"] = merged(kept["payer"], _payer(ask.document))
    return _told(ask.account, ask.account.state.agreements.put(kept["id"], kept))


def _payer(document: Mapping[str, Any]) -> dict[str, Any]:
    given = at(document, "orderInformation.billTo") or {}
    return {name: given[name] for name in _PAYER if given.get(name)}


def _today(account: Account) -> str:
    return datetime.fromtimestamp(account.now(), UTC).strftime("%Y%m%d")


def _is_there(account: Account, number: str) -> bool:
    """Whether a mandate has it that did not fail."""
    rows = account.state.agreements.where(
        lambda row: row["kind"] == "mandate" and row["status"] != "FAILED"
    )
    return any(row["agreement"]["id"] == number for row in rows)


def _made(kept: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """The answer to a new one."""
    agreement = dict(kept["agreement"])
    if kept["status"] == "PENDING":
        agreement["url"] = f"{_SIGN_UP}{kept['id']}"
    names = ("self", "updateAgreement", "revokeAgreement", "status")
    return _head(account, kept, kept["status"], names) | {
        "agreementInformation": agreement,
        "processorInformation": _processor(kept, accepted=kept["status"] != "FAILED"),
        "reconciliationId": kept["id"][-12:],
    }


def _told(account: Account, kept: Mapping[str, Any], status: str = "") -> dict[str, Any]:
    """The answer about one; `status` where what was asked for was not done."""
    agreement = {name: value for name, value in kept["agreement"].items() if name in _SHOWN}
    if kept["scheme"] == "PAYPAL":
        agreement["transactionId"] = agreement["id"]
    body = _head(account, kept, status or status_of(account, kept), ("self", "status")) | {
        "agreementInformation": agreement,
        "processorInformation": _processor(kept, accepted=not status),
    }
    if kept["payer"]:
        body["orderInformation"] = {"billTo": dict(kept["payer"])}
    return body


def _head(
    account: Account, kept: Mapping[str, Any], status: str, names: tuple[str, ...]
) -> dict[str, Any]:
    link = {"href": f"{PATH}/{kept['id']}", "method": "PATCH"}
    return {
        "_links": dict.fromkeys(names, link),
        "id": kept["id"],
        "submitTimeUtc": utc_text(account.now()),
        "status": status,
        "clientReferenceInformation": {"code": kept["code"]},
    }


def _processor(kept: Mapping[str, Any], *, accepted: bool) -> dict[str, str]:
    code = _ACCEPTED if accepted else _NOT_ACCEPTED
    return {"responseCode": code, "transactionId": kept["id"][-14:]}
