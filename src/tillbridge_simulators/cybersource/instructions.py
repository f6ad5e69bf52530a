"""Standing instructions: a card is debited again and again, and its holder is told before.

Source: RuPay guide (Payer Authentication), "Standing Instructions": registration, modification,
deregistration and intimation, with its examples (SUCCESS, the instruction's identifier); the
official client's models (the most and the least that may be taken). Unverified: what an
announcement beyond the most is answered, and how an instruction is ended: here it is by a
cancelling action.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.documents import at, money_at
from tillbridge_simulators.cybersource.mandates import CANCELS

_AMOUNT: Final = "orderInformation.amountDetails"
_LIMITS: Final = "installmentInformation"
_CARDS: Final = ("paymentInformation.card.number", "paymentInformation.tokenizedCard.number")
_ALERTS: Final = ("SMS", "EMAIL", "BOTH")


def register(ask: Ask) -> dict[str, Any]:
    """A new one. Raises Refusal."""
    _, currency = money_at(ask.document, _AMOUNT, or_nothing=True)
    _check_card(ask)
    now_s = ask.account.now()
    id_ = ask.account.state.new_id(now_s)
    kept = {
        "id": id_,
        "kind": "instruction",
        "status": "ACTIVE",
        "identifier": id_[-10:],
        "currency": currency,
        "limits": _limits(ask.document, {}),
    }
    return _told(ask.account, ask.account.state.agreements.put(id_, kept))


def change(ask: Ask, kept: dict[str, Any], actions: tuple[str, ...]) -> dict[str, Any]:
    """Its limits, or its end. Raises Refusal for one that has ended."""
    _check_open(ask, kept)
    if any(one in actions for one in CANCELS):
        kept["status"] = "REVOKED"
    else:
        kept["limits"] = _limits(ask.document, kept["limits"])
    return _told(ask.account, ask.account.state.agreements.put(kept["id"], kept))


def intimate(ask: Ask, kept: dict[str, Any]) -> dict[str, Any]:
    """Its holder is told what will be taken; no more than the most. Raises Refusal."""
    amount, currency = money_at(ask.document, _AMOUNT, or_nothing=True)
    _check_open(ask, kept)
    if currency != kept["currency"]:
        raise Refusal("INVALID_DATA", [f"{_AMOUNT}.currency"])
    most = kept["limits"].get("maxAmount")
    if most is not None and amount > Decimal(most):
        raise Refusal("INVALID_DATA", [f"{_AMOUNT}.totalAmount"])
    return _told(ask.account, kept)


def _check_open(ask: Ask, kept: Mapping[str, Any]) -> None:
    if kept["status"] != "ACTIVE":
        raise Refusal("INVALID_DATA", ["id"])
    if at(ask.document, f"{_LIMITS}.identifier") not in (None, "", kept["identifier"]):
        raise Refusal("INVALID_DATA", [f"{_LIMITS}.identifier"])


def _check_card(ask: Ask) -> None:
    number = next((text for place in _CARDS if (text := at(ask.document, place))), None)
    if number is None:
        raise Refusal("MISSING_FIELD", [_CARDS[0]])
    if ask.account.cards.read(number) is None:
        raise Refusal("INVALID_DATA", [_CARDS[0]])


def _limits(document: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    """The least and the most that may be taken, as they are from now on."""
    given = at(document, _LIMITS) or {}
    if given.get("alertPreference") not in (None, "", *_ALERTS):
        raise Refusal("INVALID_DATA", [f"{_LIMITS}.alertPreference"])
    limits = dict(before)
    for name in ("minAmount", "maxAmount"):
        if given.get(name):
            limits[name] = str(_decimal(given[name], f"{_LIMITS}.{name}"))
    if Decimal(limits.get("minAmount", "0")) > Decimal(limits.get("maxAmount", "Infinity")):
        raise Refusal("INVALID_DATA", [f"{_LIMITS}.maxAmount"])
    return limits


def _decimal(text: object, place: str) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        raise Refusal("INVALID_DATA", [place]) from None
    if not value.is_finite() or value < 0:
        raise Refusal("INVALID_DATA", [place])
    return value


def _told(account: Account, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": kept["id"],
        "submitTimeUtc": utc_text(account.now()),
        "status": "SUCCESS",
        "processorInformation": {"responseCode": "00"},
        "installmentInformation": {"identifier": kept["identifier"]},
    }
