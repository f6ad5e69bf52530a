"""Taxes: calculated for an order, committed if asked, and voided.

Source: REST API reference, Taxes (/vas/v2/tax); the official client's models. The rates are made
up: 7.25 percent in California, 5 elsewhere in the United States, 20 in Great Britain, else none.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, quantum, text_at

RATES = {"US-CA": Decimal("7.25"), "US": Decimal(5), "GB": Decimal(20)}


def calculate(ask: Ask) -> Answer:
    """POST: the tax of every line and of all. Raises Refusal."""
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=True)
    place = "orderInformation.amountDetails.currency"
    currency = text_at(ask.document, place, length_max=3, required=True)
    lines = at(ask.document, "orderInformation.lineItems")
    if not lines:
        raise Refusal("MISSING_FIELD", ["orderInformation.lineItems"])
    rate = _rate(ask)
    done = [_line(line, at_, rate, currency) for at_, line in enumerate(lines)]
    tax = sum((Decimal(one["taxAmount"]) for one in done), Decimal(0))
    taxable = sum((Decimal(one["taxableAmount"]) for one in done), Decimal(0))
    id_ = ask.account.state.new_id(ask.account.now())
    committed = at(ask.document, "taxInformation.commitIndicator") in (True, "true")
    if committed:
        row = {"amount": str(tax), "currency": currency, "code": code, "voided": False}
        ask.account.state.taxes.put(id_, row)
    amounts = {
        "taxAmount": str(tax),
        "taxableAmount": str(taxable),
        "exemptAmount": "0.00" if rate else str(taxable),
        "taxDetails": [{"type": "sales", "amount": str(tax)}],
        "amountDetails": {"totalAmount": str(taxable + tax), "currency": currency},
        "lineItems": done,
    }
    return Answer(
        201,
        {
            "id": id_,
            "submitTimeUtc": utc_text(ask.account.now()),
            "status": "COMPLETED",
            "clientReferenceInformation": {"code": code},
            "taxInformation": {"commitIndicator": committed, "refundIndicator": False},
            "orderInformation": amounts,
        },
    )


def void(ask: Ask) -> Answer:
    """PATCH {id}: of one that was committed, once. Raises Refusal."""
    row = ask.account.state.taxes.find(ask.id)
    if row is None:
        raise Refusal("INVALID_DATA", ["id"])
    if row["voided"]:
        raise Refusal("NOT_VOIDABLE", ["id"])
    ask.account.state.taxes.put(ask.id, row | {"voided": True})
    return Answer(
        200,
        {
            "id": ask.id,
            "submitTimeUtc": utc_text(ask.account.now()),
            "status": "VOIDED",
            "clientReferenceInformation": {"code": row["code"]},
            "voidAmountDetails": {"voidAmount": row["amount"], "currency": row["currency"]},
        },
    )


def _rate(ask: Ask) -> Decimal:
    """By where it is shipped to, else by where the buyer lives."""
    for part in ("shipTo", "billTo"):
        country = at(ask.document, f"orderInformation.{part}.country")
        if country:
            state = at(ask.document, f"orderInformation.{part}.administrativeArea")
            return RATES.get(f"{country}-{state}", RATES.get(country, Decimal(0)))
    raise Refusal("MISSING_FIELD", ["orderInformation.billTo.country"])


def _line(line: Mapping[str, Any], at_: int, rate: Decimal, currency: str) -> dict[str, str]:
    place = f"orderInformation.lineItems[{at_}].unitPrice"
    try:
        taxable = Decimal(str(line["unitPrice"])) * int(line.get("quantity") or 1)
    except KeyError:
        raise Refusal("MISSING_FIELD", [place]) from None
    except InvalidOperation:
        raise Refusal("INVALID_DATA", [place]) from None
    tax = (taxable * rate / 100).quantize(quantum(currency))
    return {
        "taxAmount": str(tax),
        "taxableAmount": str(taxable.quantize(quantum(currency))),
        "exemptAmount": "0.00" if rate else str(taxable),
    }


OFFERS = (
    Offer("taxes.calculate_tax", "tax_commitment", calculate),
    Offer("taxes.void_tax", "tax_void", void),
)
