"""Offers to pay in another currency: three reads.

Sources: Currency Conversion Developer Guide, "DCC Offer"; the official client's models. An offer
moves no money, and asking again harms nothing. A card goes by its first digits, eleven at most: a
card number never comes here. Rates are exact decimal numbers, as they were told; what was not
offered is an answer with its reason. That an offer ends with its rate is unverified.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, exact
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import instant, money_of, part, text_of
from tillbridge_cybersource.shapes import ORDER_NUMBER
from tillbridge_cybersource.statuses import read_refusal

CALLS = frozenset({"offers.create_offer", "offers.get_offer"})
PATH: Final = "/vas/v1/currencyconversion"
_DIGITS_MIN: Final = 6
_DIGITS_MAX: Final = 11
"""What is wanted of a card's number (the official client's models)."""
OFFER = DocumentShape(
    "currency_offer",
    "Offer to pay in the currency of the card",
    (
        ORDER_NUMBER,
        Field("amount", "money", "Amount of the sale", required=True),
        Field(
            "card_digits", "text", "The card's first digits", required=True, length_max=_DIGITS_MAX
        ),
    ),
)
OFFER_STATE = DocumentShape(
    "currency_offer_state",
    "What became of an offer",
    (Field("offer_id", "text", "Offer", required=True),),
)
PRICES = DocumentShape(
    "currency_prices", "What one unit of our currency costs in others", (ORDER_NUMBER,)
)


class CurrencyOffers:
    """The reads `currency_offer`, `currency_offer_state` and `currency_prices`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.reads = (
            Read("currency_offer", OFFER, self._offer),
            Read("currency_offer_state", OFFER_STATE, self._state),
            Read("currency_prices", PRICES, self._prices),
        )

    async def _offer(self, call: Call, fields: Fields) -> Receipt:
        amount = values.money_above_zero(fields, "amount")
        asked = {"originalAmount": amount.text, "originalCurrency": amount.currency}
        document = _asking(fields, "DCC", asked)
        document["paymentInformation"] = {"card": {"number": _digits(fields)}}
        return self._told(call, await self._asked(call, document))

    async def _state(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "offer_id")
        return self._told(call, await self._kept.expect(call, id_))

    async def _prices(self, call: Call, fields: Fields) -> Receipt:
        """A field of each currency, beside what an offer tells of itself."""
        body = await self._asked(call, _asking(fields, "MCP", {}))
        rates = {text_of(one, "currency"): _rate(one) for one in _offers(body)}
        return Receipt(fields={**self._head(call, body), **rates})

    async def _asked(self, call: Call, document: Mapping[str, object]) -> Body:
        exchange = self._kept.exchange
        answer = await exchange.read(call, PATH, document)
        if not answer.is_accepted or not answer.body.get("id"):
            raise read_refusal(exchange.name, "Asking for an offer to convert", answer)
        return answer.body

    def _told(self, call: Call, body: Body) -> Receipt:
        head = self._head(call, body)
        offer = next(iter(_offers(body)), None)
        if offer is None:
            return self._kept.receipt(head["offer_id"], head)
        pairs = (("amount", "currency"), ("originalAmount", "originalCurrency"))
        amount, original = (_money(offer, *pair) for pair in pairs)
        conversion = part(body, "orderInformation", "currencyConversion")
        told = {
            "amount": amount.text,
            "currency": amount.currency,
            "original_amount": original.text,
            "original_currency": original.currency,
            "rate": _rate(offer),
            "margin": text_of(offer, "marginRate"),
            "disclaimer": text_of(conversion, "disclaimer"),
        }
        return self._kept.receipt(head["offer_id"], head | told)

    def _head(self, call: Call, body: Body) -> dict[str, str]:
        """`open` is yes while somebody can still pay by it, else no."""
        conversion = part(body, "orderInformation", "currencyConversion")
        ends = [text_of(one, "exchangeRateExpirationTimeUtc") for one in _offers(body)]
        instants = [instant(one) for one in ends if one]
        status = text_of(body, "status")
        is_open = status == "PENDING" and all(call.now < one for one in instants)
        told = {
            "offer_id": text_of(body, "id"),
            "status": status,
            "open": "yes" if is_open else "no",
            "expires_at": f"{min(instants):%Y-%m-%dT%H:%M:%SZ}" if instants else "",
            "reconciliation_id": text_of(conversion, "reconciliationId"),
            "reason": text_of(part(body, "errorInformation"), "reason"),
        }
        return {name: value for name, value in told.items() if value}


def _asking(fields: Fields, kind: str, amounts: Mapping[str, str]) -> dict[str, object]:
    order: dict[str, object] = {"currencyConversion": {"type": kind}}
    if amounts:
        order["amountDetails"] = amounts
    return {
        "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
        "orderInformation": order,
    }


def _digits(fields: Fields) -> str:
    """Raises Rejected, without saying them, for digits that are none, too few or too many."""
    digits = values.required_text(fields, "card_digits")
    if not (digits.isascii() and digits.isdecimal() and _DIGITS_MIN <= len(digits) <= _DIGITS_MAX):
        raise Rejected(
            f"card_digits takes the first {_DIGITS_MIN} to {_DIGITS_MAX} digits of a card.",
            reason="bad_field",
            next_step="Map the first digits only; a card number never comes here.",
        )
    return digits


def _offers(body: Body) -> Sequence[Mapping[str, Any]]:
    found = part(body, "orderInformation", "currencyConversion").get("offer")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else ()


def _rate(offer: Mapping[str, Any]) -> str:
    """Digit for digit. Raises Rejected for what is no rate."""
    text = text_of(offer, "exchangeRate")
    if exact(text) <= 0:
        raise Rejected(f"{text!r} is not the rate of an offer.", reason="bad_rate")
    return text


def _money(offer: Mapping[str, Any], amount: str, currency: str) -> Money:
    found = money_of({amount: offer.get(amount), "currency": offer.get(currency)}, amount)
    if found is None:
        raise Rejected(f"An offer does not say its {amount}.", reason="bad_offer")
    return found
