"""Offers to pay in the card's currency: exact rates, reasons, their end, and what pays by them."""

from decimal import Decimal
from typing import Any

import pytest
from tests.cybersource.test_simulator import payment
from tests.cybersource.test_tokens import send

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.exchange_rates import CURRENCIES, converted
from tillbridge_simulators.cybersource.recorded import recorded

VISA, AMEX, STRANGER = "41111111111", "378282", "999999"
PATH = "/vas/v1/currencyconversion"


async def ask(world: Any, kind: str, **fields: Any) -> dict[str, str]:
    given = {"order_number": "1042", **fields}
    return dict((await world.session.reads[kind].call(world.call(), given)).fields)


async def offered(world: Any, text: str = "100.00", currency: str = "USD") -> dict[str, str]:
    amount = Money.of(text, currency)
    return await ask(world, "currency_offer", amount=amount, card_digits=VISA)


def paying(world: Any, offer: dict[str, str], **changes: str) -> dict[str, Any]:
    conversion = {"indicator": "1", "id": offer["offer_id"]}
    return payment(
        world,
        totalAmount=offer["amount"],
        currency=offer["currency"],
        originalAmount=offer["original_amount"],
        originalCurrency=offer["original_currency"],
        currencyConversion=conversion | changes,
    )


@pytest.mark.parametrize(
    ("text", "currency"), [("100.00", "USD"), ("0.01", "EUR"), ("15160", "JPY"), ("1.234", "KWD")]
)
async def test_an_offer_is_exact_and_read_again_is_the_same(
    world: Any, text: str, currency: str
) -> None:
    offer = await offered(world, text, currency)
    assert (offer["status"], offer["open"], offer["currency"]) == ("PENDING", "yes", "AUD")
    assert (offer["original_amount"], offer["original_currency"]) == (text, currency)
    exact = converted(Decimal(text), Decimal(offer["rate"]), "AUD")
    assert Decimal(offer["amount"]) == exact
    assert offer["disclaimer"]
    assert await ask(world, "currency_offer_state", offer_id=offer["offer_id"]) == offer
    assert not list(world.simulator.log.entries("unknown_fields"))


@pytest.mark.parametrize(
    ("digits", "currency", "reason"),
    [
        (STRANGER, "USD", "BIN_UNKNOWN"),
        (AMEX, "USD", "CARD_TYPE_NOT_ACCEPTED"),
        (VISA, "AUD", "CURRENCY_MATCH"),
        (VISA, "ISK", "CURRENCY_NOT_CONFIGURED"),
    ],
)
async def test_what_cannot_be_offered_is_an_answer_with_its_reason(
    world: Any, digits: str, currency: str, reason: str
) -> None:
    amount = Money.of("100", currency)
    offer = await ask(world, "currency_offer", amount=amount, card_digits=digits)
    assert (offer["status"], offer["open"], offer["reason"]) == ("DECLINED", "no", reason)
    assert "rate" not in offer


@pytest.mark.parametrize(
    "digits", ["4" + "1" * 15, "41111", "4111111111X", "41111\N{FULLWIDTH DIGIT ONE}"]
)
async def test_nothing_but_a_cards_first_digits_leaves(world: Any, digits: str) -> None:
    amount = Money.of("1.00", "USD")
    with pytest.raises(Rejected, match="first 6 to 11 digits") as refused:
        await ask(world, "currency_offer", amount=amount, card_digits=digits)
    assert digits not in str(refused.value)
    assert not list(world.simulator.log.entries("request"))


async def test_six_digits_of_a_card_are_enough(world: Any) -> None:
    amount = Money.of("1.00", "USD")
    offer = await ask(world, "currency_offer", amount=amount, card_digits=VISA[:6])
    assert offer["currency"] == "AUD"


async def test_prices_in_every_currency_that_is_sold(world: Any) -> None:
    told = await ask(world, "currency_prices")
    prices = {name: Decimal(told[name]) for name in CURRENCIES if name != "USD"}
    assert prices["EUR"] == Decimal("0.918") * Decimal("1.03")
    assert prices["JPY"] == Decimal("151.6") * Decimal("1.03")
    assert told["open"] == "yes"


async def test_a_payment_keeps_to_its_offer_and_uses_it_up(world: Any) -> None:
    offer = await offered(world)
    for name, text in (("amount", "1.00"), ("original_amount", "ten")):
        dearer = paying(world, offer | {name: text})
        status, told = await send(world, "POST", "/pts/v2/payments", dearer)
        assert (status, told["reason"]) == (400, "INVALID_AMOUNT")
    _, paid = await send(world, "POST", "/pts/v2/payments", paying(world, offer))
    assert paid["orderInformation"]["amountDetails"]["currency"] == "AUD"
    about = {"offer_id": offer["offer_id"]}
    assert (await ask(world, "currency_offer_state", **about))["status"] == "AUTHORIZED"
    status, told = await send(world, "POST", "/pts/v2/payments", paying(world, offer))
    assert (status, told["reason"]) == (400, "INVALID_DATA")
    taken = {"orderInformation": {"amountDetails": {"totalAmount": "1.00", "currency": "AUD"}}}
    await send(world, "POST", f"/pts/v2/payments/{paid['id']}/captures", taken)
    found = await ask(world, "currency_offer_state", **about)
    assert (found["status"], found["open"]) == ("CAPTURED", "no")


async def test_a_cardholder_who_does_not_want_it_pays_in_our_currency(world: Any) -> None:
    offer = await offered(world)
    document = paying(world, offer, indicator="3")
    document["orderInformation"]["amountDetails"] |= {"totalAmount": "100.00", "currency": "USD"}
    assert (await send(world, "POST", "/pts/v2/payments", document))[0] == 201
    found = await ask(world, "currency_offer_state", offer_id=offer["offer_id"])
    assert found["status"] == "OFFER_DECLINED"


async def test_an_offer_ends_with_its_rate(make_world: Any) -> None:
    world = await make_world(Options(offer_life_s=0))
    offer = await offered(world)
    assert (offer["status"], offer["open"]) == ("PENDING", "no")
    status, told = await send(world, "POST", "/pts/v2/payments", paying(world, offer))
    assert (status, told["details"][0]["field"]) == (
        400,
        "orderInformation.amountDetails.currencyConversion.id",
    )


async def test_an_offer_nobody_made_is_refused(world: Any) -> None:
    with pytest.raises(Rejected, match="there is no currency offer"):
        await ask(world, "currency_offer_state", offer_id="1")


@pytest.mark.parametrize(("kind", "number"), [("DCC", VISA), ("MCP", None), ("DCC", STRANGER)])
async def test_answers_are_as_recorded(world: Any, kind: str, number: str | None) -> None:
    details = {"originalAmount": "100.00", "originalCurrency": "usd"}
    document = {
        "orderInformation": {"amountDetails": details, "currencyConversion": {"type": kind}},
        "paymentInformation": {"card": {"number": number}},
    }
    _, made = await send(world, "POST", PATH, document)
    _, found = await send(world, "GET", f"{PATH}/{made['id']}")
    for key, body in (("offers.create_offer", made), ("offers.get_offer", found)):
        model = recorded().operations[key].answer
        assert not recorded().unknown(model, body)
        assert not recorded().flaws(model, body)
