"""Currency conversion: offers to pay in the currency of the card, or of many.

Sources: Currency Conversion Developer Guide, "DCC Offer" and "DCC Authorization"; the official
client's models (first 11 digits of the card, mandatory for DCC; reasons and statuses). An offer of
type DCC is one, in the currency of the card; of MCP there is one for each currency, of one unit of
the account's own. It is good until its rate expires; a payment that names it has to ask for just
what it says. Which card is billed in which currency is made up by its first digits, and that a
payment by an offer that has expired is refused as INVALID_DATA is unverified.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.cards import starting
from tillbridge_simulators.cybersource.documents import amount_at, at, text_at
from tillbridge_simulators.cybersource.exchange_rates import (
    CURRENCIES,
    MARGIN,
    SOURCE,
    converted,
    rate_between,
)

_DIGITS_MIN, _DIGITS_USED, _DIGITS_MAX = 6, 11, 19
_BASE: Final = "USD"
"""The currency that the account is paid out in."""
_NUMBER: Final = "paymentInformation.card.number"
_DETAILS: Final = "orderInformation.amountDetails"
_TYPE: Final = "orderInformation.currencyConversion.type"
_ENTRY_MODES: Final = ("KEYED", "SWIPED", "CONTACT", "CONTACTLESS")
_BILLED_IN: Final = {"41111111111": "AUD", "4242": "GBP", "5555": "EUR", "4147": "CAD", "51": "JPY"}
"""By a card's first digits; every other card is billed in US dollars."""
_TAKEN_BRANDS: Final = frozenset({"001", "002"})
"""Visa and Mastercard; that other brands are not converted is unverified."""
_OPEN: Final = ("PENDING", "AUTHORIZATION_DECLINED")
"""A payment may still be made by the offer."""
_MESSAGES: Final = {
    "BIN_UNKNOWN": "The card's issuer is not known.",
    "CARD_TYPE_NOT_ACCEPTED": "Cards of this brand are not converted.",
    "CURRENCY_MATCH": "The card is billed in the currency of the sale.",
    "CURRENCY_NOT_CONFIGURED": "The account does not sell in this currency.",
}


def make(ask: Ask) -> Answer:
    """POST: an offer, or DECLINED with the reason why there is none. Raises Refusal."""
    kind = text_at(ask.document, _TYPE, length_max=3, required=False) or "DCC"
    if kind not in ("DCC", "MCP"):
        raise Refusal("INVALID_DATA", [_TYPE])
    _check_terminal(ask.document)
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=False)
    if kind == "DCC":
        reason, offers = _for_card(ask)
    else:
        reason, offers = "", _for_all(ask)
    id_ = ask.account.state.new_id(ask.account.now())
    kept: dict[str, Any] = {"id": id_, "code": code, "type": kind, "reason": reason}
    kept |= {"offers": offers, "paid": ""}
    kept |= {"made_s": ask.account.now(), "expires_s": _expires_s(ask.account)}
    return Answer(201, _shown(ask.account, ask.account.state.currency_offers.put(id_, kept)))


def get(ask: Ask) -> Answer:
    """GET {id}: the same, and what became of it."""
    kept = ask.account.state.currency_offers.find(ask.id)
    if kept is None:
        return not_found(ask.account.now())
    return Answer(200, _shown(ask.account, kept))


def check_offer(account: Account, document: Mapping[str, Any]) -> None:
    """Raises Refusal for a payment that names an offer and does not keep to it.

    One that names none was converted by somebody else.
    """
    id_, kept = _named(account, document)
    if not id_:
        return
    place = f"{_DETAILS}.currencyConversion.id"
    if kept is None or _status(account, kept) not in _OPEN:
        raise Refusal("INVALID_DATA", [place])
    if not _is_taken(document):
        return
    if account.now() >= kept["expires_s"]:
        raise Refusal("INVALID_DATA", [place])
    details = at(document, _DETAILS)
    wanted = next((one for one in kept["offers"] if one["currency"] == details["currency"]), None)
    if wanted is None:
        raise Refusal("INVALID_DATA", [f"{_DETAILS}.currency"])
    for theirs, ours in (("totalAmount", "amount"), ("originalAmount", "originalAmount")):
        given = details.get(theirs)
        if kept["type"] == "DCC" and given and not _is_same(str(given), wanted[ours]):
            raise Refusal("INVALID_AMOUNT", [f"{_DETAILS}.{theirs}"])


def use_offer(account: Account, document: Mapping[str, Any], payment_id: str) -> None:
    """The offer that a payment names, if it does, is taken or declined by it."""
    id_, kept = _named(account, document)
    if kept is not None:
        paid = payment_id if _is_taken(document) else "declined"
        account.state.currency_offers.put(id_, kept | {"paid": paid})


def _named(account: Account, document: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    id_ = str(at(document, f"{_DETAILS}.currencyConversion.id") or "")
    return id_, account.state.currency_offers.find(id_) if id_ else None


def _is_taken(document: Mapping[str, Any]) -> bool:
    """The cardholder wants it (1); 2 is for what cannot be converted, 3 for who does not want."""
    return str(at(document, f"{_DETAILS}.currencyConversion.indicator") or "1") == "1"


def _is_same(given: str, wanted: str) -> bool:
    """Whether two amounts are equal, however many zeros they end in."""
    whole, _, rest = given.partition(".")
    digits = whole.isdecimal() and (not rest or rest.isdecimal())
    return digits and Decimal(given) == Decimal(wanted)


def _check_terminal(document: Mapping[str, Any]) -> None:
    mode = at(document, "pointOfSaleInformation.entryMode")
    if mode not in (None, "", *_ENTRY_MODES):
        raise Refusal("INVALID_DATA", ["pointOfSaleInformation.entryMode"])


def _for_card(ask: Ask) -> tuple[str, list[dict[str, Any]]]:
    """Why nothing can be offered, or "" and the one offer. Raises Refusal."""
    amount, currency = amount_at(
        ask.document, _DETAILS, "originalAmount", beside="originalCurrency"
    )
    digits = text_at(ask.document, _NUMBER, length_max=_DIGITS_MAX, required=True)
    if not digits.isdecimal() or len(digits) < _DIGITS_MIN:
        raise Refusal("INVALID_DATA", [_NUMBER])
    digits = digits[:_DIGITS_USED]
    wanted = next((to for start, to in _BILLED_IN.items() if _begins(digits, start)), "USD")
    if reason := _obstacle(digits, currency, wanted):
        return reason, []
    return "", [_said(ask, amount, currency, wanted)]


def _begins(digits: str, start: str) -> bool:
    """Whether the one begins as the other, as far as both go."""
    return digits.startswith(start[: len(digits)])


def _for_all(ask: Ask) -> list[dict[str, Any]]:
    return [_said(ask, Decimal(1), _BASE, one) for one in CURRENCIES if one != _BASE]


def _obstacle(digits: str, currency: str, wanted: str) -> str:
    brands = {brand for brand, _ in starting(digits)}
    made_up = digits.startswith("414720")
    if not brands and not made_up:
        return "BIN_UNKNOWN"
    if brands and not brands & _TAKEN_BRANDS:
        return "CARD_TYPE_NOT_ACCEPTED"
    if currency not in CURRENCIES:
        return "CURRENCY_NOT_CONFIGURED"
    return "CURRENCY_MATCH" if currency == wanted else ""


def _said(ask: Ask, amount: Decimal, currency: str, wanted: str) -> dict[str, Any]:
    rate = rate_between(currency, wanted)
    assert rate is not None, "both are among the currencies"
    now_s = ask.account.now()
    return {
        "originalAmount": str(amount),
        "originalCurrency": currency,
        "amount": str(converted(amount, rate, wanted)),
        "currency": wanted,
        "exchangeRate": f"{rate.normalize():f}",
        "exchangeRateInverted": False,
        "marginRate": str(MARGIN),
        "rateSource": SOURCE,
        "exchangeRateTimeUtc": utc_text(now_s),
        "exchangeRateExpirationTimeUtc": utc_text(_expires_s(ask.account)),
        "rateId": ask.account.state.new_id(now_s)[-19:],
    }


def _expires_s(account: Account) -> float:
    return account.now() + account.options.offer_life_s / account.factor


def _shown(account: Account, kept: Mapping[str, Any]) -> dict[str, Any]:
    conversion: dict[str, Any] = {"type": kept["type"], "reconciliationId": kept["id"][-12:]}
    body: dict[str, Any] = {
        "clientReferenceInformation": {"code": kept["code"]},
        "id": kept["id"],
        "submitTimeUtc": utc_text(kept["made_s"]),
        "status": _status(account, kept),
        "orderInformation": {"currencyConversion": conversion},
    }
    if kept["reason"]:
        reason = kept["reason"]
        body["errorInformation"] = {"reason": reason, "message": _MESSAGES[reason]}
        return body
    conversion["offer"] = [dict(one) for one in kept["offers"]]
    if kept["type"] == "DCC":
        conversion["disclaimer"] = _disclaimer(kept["offers"][0])
    return body


def _status(account: Account, kept: Mapping[str, Any]) -> str:
    """PENDING until somebody pays, whether or not its rate has expired."""
    if kept["reason"]:
        return "DECLINED"
    if kept["paid"] == "declined":
        return "OFFER_DECLINED"
    payment = account.state.authorizations.get(kept["paid"])
    if payment is None:
        return "PENDING"
    if account.state.refunded(payment.id):
        return "REFUNDED"
    if payment.captured:
        return "CAPTURED"
    by_state = {"reversed": "REVERSED", "undone": "REVERSED", "nothing": "AUTHORIZATION_DECLINED"}
    return by_state.get(payment.state, "AUTHORIZED")


def _disclaimer(offer: Mapping[str, Any]) -> str:
    return (
        f"You may pay {offer['amount']} {offer['currency']} instead of {offer['originalAmount']}"
        f" {offer['originalCurrency']}: 1 {offer['originalCurrency']} = {offer['exchangeRate']}"
        f" {offer['currency']}, {offer['marginRate']} percent above the wholesale rate."
    )


OFFERS = (
    Offer("offers.create_offer", "currency_offer", make),
    Offer("offers.get_offer", "currency_offer", get),
)
