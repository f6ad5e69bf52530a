"""Documents that cannot be sent: the connector refuses them by their field, and nothing leaves."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from campaigns.break_samples import Asking, asking, kinds, sample
from campaigns.break_table import MONEY
from campaigns.break_wire import Wire

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Call
from tillbridge.connector.documents import Field, Fields, Value

MOVES_MONEY = [kind for kind, word in kinds().operations.items() if word in MONEY]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """Hears whatever leaves."""
    wire = Wire()
    await wire.start()
    yield wire
    await wire.stop()


async def refused(wire: Wire, asks: Asking, kind: str, fields: Fields) -> str:
    """Which field it is refused for; "" when it was not, or when something left."""
    wire.asked = 0
    call = Call("abcdefghijklmnopqrstuvwxyz", datetime.now(UTC), 5.0, "bad", lambda: None)
    try:
        await asks.session.writes[kind].send(call, fields)
    except Rejected as error:
        place = str(error.place) if error.place else ""
        return f"{place} {error.message}" if wire.asked == 0 else ""
    except Exception as error:
        return "" if wire.asked else f"!{error!r}"
    return ""


def bad(kind: str, asks: Asking) -> Iterator[tuple[str, str, Fields]]:
    """What is wrong, with which field, and the document."""
    good = sample(asks.session.writes[kind].shape)
    shape = {field.name: field for field in asks.session.writes[kind].shape.fields}
    for name in good:
        yield "missing", name, {key: value for key, value in good.items() if key != name}
        if (value := _of_another_type(shape[name])) is not None:
            yield "wrong type", name, {**good, name: value}
        if shape[name].type == "money":
            yield "zero", name, {**good, name: Money.zero("USD")}
            yield "negative", name, {**good, name: Money.of("-1.00", "USD")}


def _of_another_type(field: Field) -> Value:
    """None where any value can be read as one of the type."""
    others: dict[str, Value] = {
        "text": 7, "choice": 7, "money": "25.00", "integer": "one", "decimal": "ten",
    }  # fmt: skip
    return others.get(field.type)


@pytest.mark.parametrize("kind", MOVES_MONEY)
async def test_a_document_that_moves_money_is_refused_by_its_field_before_it_leaves(
    wire: Wire, kind: str
) -> None:
    asks = asking(f"http://127.0.0.1:{wire.port}", "")
    taken = []
    try:
        for wrong, name, fields in bad(kind, asks):
            told = await refused(wire, asks, kind, fields)
            if name not in told or told.startswith("!"):
                taken.append(f"{kind}, {wrong} {name}: {told or 'it was sent'}")
    finally:
        await asks.session.close()
    assert not taken, "\n".join(taken)


@pytest.mark.parametrize("code", ["XXQ", "usd", ""])
def test_a_currency_that_is_none_is_no_money(code: str) -> None:
    with pytest.raises(Rejected):
        Money.of("1.00", code)


@pytest.mark.parametrize(
    ("text", "currency"), [("10.5", "JPY"), ("1.2345", "KWD"), ("0.001", "USD")]
)
def test_no_amount_has_more_digits_than_its_currency(text: str, currency: str) -> None:
    with pytest.raises(Rejected):
        Money.of(text, currency)


@pytest.mark.parametrize(("text", "currency"), [("1000", "JPY"), ("1.234", "KWD"), ("0.01", "USD")])
async def test_amounts_go_out_with_the_digits_of_their_currency(
    wire: Wire, text: str, currency: str
) -> None:
    asks = asking(f"http://127.0.0.1:{wire.port}", "")
    fields = {**sample(asks.session.writes["authorization"].shape)}
    await refused(wire, asks, "authorization", fields | {"amount": Money.of(text, currency)})
    await asks.session.close()
    assert wire.asked == 1
    assert f'"totalAmount":"{text}","currency":"{currency}"'.encode() in wire.heard
