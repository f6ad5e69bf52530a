"""Invoices, links, plans and subscriptions, written and read by the connector."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Absent, Found, NotYet, Receipt
from tillbridge_simulators.cybersource import invoices

DUE_ON = date(2099, 1, 31)


def invoice(**changes: Any) -> dict[str, Any]:
    return {
        "number": "1042",
        "description": "Web order 1042",
        "due_on": DUE_ON,
        "customer_name": "Maya Ortiz",
        "customer_email": "maya@example.com",
        "total": Money.of("65.11", "USD"),
    } | changes


async def read(world: Any, kind: str, **fields: Any) -> Receipt:
    receipt = await world.session.reads[kind].call(world.call(), fields)
    assert isinstance(receipt, Receipt)
    return receipt


async def walked(world: Any, kind: str, **fields: Any) -> list[tuple[str, str]]:
    """A whole walk: the rows' ids and states."""
    found, cursor, more = [], "", True
    while more:
        changes = await world.session.polls[kind].call(world.call(), fields, cursor)
        found += [(row.id, row.fields["state"]) for row in changes.records]
        cursor, more = changes.cursor, changes.more
    return found


async def test_an_invoice_goes_its_way_and_is_read_as_it_stands(world: Any) -> None:
    made = await world.write("invoice", invoice())
    assert (made.references[0].kind, made.references[0].id) == ("invoice", "1042")
    assert (made.fields["state"], made.fields["balance"]) == ("draft", "65.11")
    sent = await world.write("invoice_delivery", {"number": "1042"})
    assert sent.fields["state"] == "sent"
    assert sent.fields["payment_link"].startswith("https://")
    payment_id = invoices.pay(world.simulator.account, "1042", Decimal("65.11"))
    told = await read(world, "invoice", number="1042")
    assert (told.fields["state"], told.fields["balance"]) == ("paid", "0.00")
    assert told.fields["payment_id"] == payment_id


USD = "USD"
LINES: list[dict[str, Any]] = [
    {
        "product": "MUG-BLUE",
        "description": "Mug, blue",
        "quantity": Decimal(2),
        "unit_price": Money.of("9.90", USD),
        "discount": Money.of("1.00", USD),
        "tax": Money.of("1.40", USD),
        "tax_rate": Decimal("7.25"),
        "amount": Money.of("20.20", USD),
    },
    {
        "description": "Cloth by the metre",
        "quantity": Decimal("1.5"),
        "unit_price": Money.of("30.00", USD),
    },
]


async def test_an_invoice_says_every_amount_exactly(world: Any) -> None:
    more = {
        "subtotal": Money.of("60.00", USD),
        "discount": Money.of("3.50", USD),
        "tax": Money.of("4.31", USD),
        "tax_rate": Decimal("7.25"),
        "freight": Money.of("5.00", USD),
        "partial_payments": True,
        "minimum_payment": Money.of("20.00", USD),
    }
    await world.write("invoice", invoice(**more))
    row = world.simulator.state.invoicing.invoices.copy("1042")
    assert row["orderInformation"]["amountDetails"] == {
        "totalAmount": "65.11",
        "currency": "USD",
        "balanceAmount": "65.11",
        "subAmount": "60.00",
        "discountAmount": "3.50",
        "minimumPartialAmount": "20.00",
        "taxDetails": {"type": "local", "amount": "4.31", "rate": "7.25"},
        "freight": {"amount": "5.00", "taxable": False},
    }
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_an_invoice_says_every_line_and_field_exactly(world: Any) -> None:
    colour = {"on": "invoice", "label": "Colour", "kind": "select", "choices": "red,blue"}
    made = await world.write("defined_field", colour)
    id_ = made.fields["field_id"]
    assert (await read(world, "defined_fields", on="invoice")).fields == {"Colour": id_}
    more = {
        "expires_on": date(2099, 2, 28),
        "delivery": "link",
        "lines": LINES,
        "defined": [{"id": int(id_), "value": "blue"}],
    }
    assert (await world.write("invoice", invoice(**more))).fields["state"] == "open"
    row = world.simulator.state.invoicing.invoices.copy("1042")
    assert row["orderInformation"]["lineItems"] == [
        {
            "productSku": "MUG-BLUE",
            "productName": "Mug, blue",
            "quantity": 2,
            "unitPrice": "9.90",
            "discountAmount": "1.00",
            "taxAmount": "1.40",
            "totalAmount": "20.20",
            "taxRate": "7.25",
        },
        {"productName": "Cloth by the metre", "quantity": 1, "unitPrice": "45.00"},
    ]
    information = row["invoiceInformation"]
    assert (information["dueDate"], information["expirationDate"]) == ("2099-01-31", "2099-02-28")
    assert row["customerInformation"]["email"] == "maya@example.com"
    assert row["merchantDefinedFieldValues"] == [{"definitionId": int(id_), "value": "blue"}]
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_another_invoice_under_the_same_number_is_not_taken_for_ours(world: Any) -> None:
    await world.write("invoice", invoice())
    with pytest.raises(Rejected, match="another invoice 1042") as caught:
        await world.write("invoice", invoice(total=Money.of("65.12", "USD")))
    assert caught.value.reason == "number_taken"


async def test_an_invoice_that_cannot_be_says_which_field(world: Any) -> None:
    with pytest.raises(Rejected) as caught:
        await world.write("invoice", invoice(minimum_payment=Money.of("65.12", "USD")))
    assert str(caught.value.place) == "orderInformation.amountDetails.minimumPartialAmount"


async def test_whether_a_mail_left_is_read_from_the_history(world: Any) -> None:
    await world.write("invoice", invoice())
    write = world.session.writes["invoice_delivery"]
    began = datetime.now(UTC)
    fields = {"number": "1042"}
    assert isinstance(await write.find(world.call(), fields, began), NotYet)
    assert isinstance(await write.find(world.call(), fields, began - timedelta(days=2)), Absent)
    world.fault("invoice_delivery", "lose_answer")
    with pytest.raises(Transient) as caught:
        await world.write("invoice_delivery", fields)
    assert caught.value.sent == "perhaps"
    assert isinstance(await write.find(world.call(), fields, began), Found)
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert isinstance(await write.find(world.call(), fields, later), NotYet)


async def test_a_cancelled_invoice_is_cancelled_again_and_a_paid_one_is_not(world: Any) -> None:
    await world.write("invoice", invoice(delivery="link"))
    for _ in range(2):
        told = await world.write("invoice_cancellation", {"number": "1042"})
        assert told.fields["state"] == "cancelled"
    await world.write("invoice", invoice(number="1043", delivery="link"))
    invoices.pay(world.simulator.account, "1043", Decimal("65.11"))
    with pytest.raises(Rejected, match="NOT_SUPPORTED"):
        await world.write("invoice_cancellation", {"number": "1043"})
    with pytest.raises(Rejected, match="no invoice 9999"):
        await world.write("invoice_cancellation", {"number": "9999"})


async def test_a_status_nobody_knows_is_an_error_that_names_it(world: Any) -> None:
    await world.write("invoice", invoice())
    row = world.simulator.state.invoicing.invoices.copy("1042")
    world.simulator.state.invoicing.invoices.put("1042", row | {"status": "HALF_PAID"})
    with pytest.raises(Unreconciled, match="'HALF_PAID' of invoice 1042"):
        await read(world, "invoice", number="1042")
    assert await walked(world, "invoices") == [("1042", "unknown")]


async def test_a_list_is_walked_to_its_end_and_from_its_beginning_again(world: Any) -> None:
    for at in range(103):
        await world.write("invoice", invoice(number=f"N{at}", delivery="link"))
    await world.write("invoice_cancellation", {"number": "N7"})
    first = await walked(world, "invoices")
    assert len(first) == len(dict(first)) == 103
    assert await walked(world, "invoices", status="canceled") == [("N7", "cancelled")]
    assert await walked(world, "invoices") == first
    with pytest.raises(Misconfigured, match="no cursor of a list"):
        await world.session.polls["invoices"].call(world.call(), {}, "page 2")


async def test_a_row_that_has_not_changed_keeps_its_version(world: Any) -> None:
    await world.write("invoice", invoice(delivery="link"))

    async def versions() -> set[str]:
        changes = await world.session.polls["invoices"].call(world.call(), {}, "")
        return {row.version for row in changes.records}

    first = await versions()
    assert await versions() == first
    invoices.pay(world.simulator.account, "1042", Decimal("65.11"))
    assert await versions() != first


async def test_settings_of_invoices_are_changed_and_read(world: Any) -> None:
    wanted = {"display_name": "Ledger & Co", "reminders": False}
    told = await world.write("invoice_settings", wanted)
    assert (told.fields["merchantDisplayName"], told.fields["enableReminders"]) == (
        "Ledger & Co",
        "false",
    )
    assert (await read(world, "invoice_settings")).fields == told.fields
