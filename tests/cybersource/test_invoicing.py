"""Invoices and payment links of the simulated account."""

from decimal import Decimal
from typing import Any

import pytest
from tests.cybersource.test_tokens import send

from tillbridge_simulators.cybersource import invoices, payment_links

INVOICE: dict[str, Any] = {
    "customerInformation": {"name": "Maya Ortiz", "email": "maya@example.com"},
    "invoiceInformation": {"description": "Work", "dueDate": "2099-01-31"},
    "orderInformation": {"amountDetails": {"totalAmount": "100.00", "currency": "USD"}},
}
LINK: dict[str, Any] = {
    "processingInformation": {"linkType": "PURCHASE"},
    "purchaseInformation": {"purchaseNumber": "P1", "expirationAmount": "50"},
    "orderInformation": {
        "amountDetails": {"totalAmount": "25.00", "currency": "USD"},
        "lineItems": [{"productName": "Tea", "quantity": "1", "unitPrice": "25.00"}],
    },
}
PATH = "/invoicing/v2/invoices"


async def invoice(world: Any, **information: Any) -> Any:
    document = INVOICE | {"invoiceInformation": INVOICE["invoiceInformation"] | information}
    status, made = await send(world, "POST", PATH, document)
    assert status == 201
    return made


async def test_an_invoice_goes_from_draft_to_sent_to_paid(world: Any) -> None:
    made = await invoice(world)
    assert (made["status"], made["orderInformation"]["amountDetails"]["balanceAmount"]) == (
        "DRAFT",
        "100.00",
    )
    assert "paymentLink" not in made["invoiceInformation"]
    _, sent = await send(world, "POST", f"{PATH}/{made['id']}/delivery")
    assert (sent["status"], "paymentLink" in sent["invoiceInformation"]) == ("SENT", True)
    payment_id = invoices.pay(world.simulator.account, made["id"], Decimal("100.00"))
    _, told = await send(world, "GET", f"{PATH}/{made['id']}")
    assert told["status"] == "PAID"
    assert [entry["event"] for entry in told["invoiceHistory"]] == ["CREATE", "SEND", "PAYMENT"]
    assert told["invoiceHistory"][-1]["transactionDetails"]["transactionId"] == payment_id
    (hold,) = world.simulator.holds()[made["id"]]
    assert hold["captured"] == "100.00"


async def test_a_partial_payment_leaves_its_balance(world: Any) -> None:
    made = await invoice(world, sendImmediately=True, allowPartialPayments=True)
    account = world.simulator.account
    invoices.pay(account, made["id"], Decimal("30.00"))
    _, told = await send(world, "GET", f"{PATH}/{made['id']}")
    assert (told["status"], told["orderInformation"]["amountDetails"]["balanceAmount"]) == (
        "PARTIAL",
        "70.00",
    )
    with pytest.raises(ValueError, match=r"70\.01 does not pay 70\.00"):
        invoices.pay(account, made["id"], Decimal("70.01"))


async def test_a_declined_payment_is_in_the_history_and_changes_nothing(world: Any) -> None:
    made = await invoice(world, sendImmediately=True)
    invoices.pay(world.simulator.account, made["id"], Decimal("100.00"), "processor_declined")
    _, told = await send(world, "GET", f"{PATH}/{made['id']}")
    assert (told["status"], told["invoiceHistory"][-1]["event"]) == ("SENT", "REJECTED")


async def test_a_paid_invoice_is_neither_changed_nor_cancelled(world: Any) -> None:
    made = await invoice(world, sendImmediately=True)
    invoices.pay(world.simulator.account, made["id"], Decimal("100.00"))
    for method, path in (("PUT", ""), ("POST", "/cancelation"), ("POST", "/delivery")):
        body = INVOICE if method == "PUT" else None
        status, told = await send(world, method, f"{PATH}/{made['id']}{path}", body)
        assert (status, told["reason"]) == (400, "NOT_SUPPORTED")


async def test_invoices_are_listed_by_status(world: Any) -> None:
    await invoice(world)
    sent = await invoice(world, sendImmediately=True)
    _, told = await send(world, "GET", f"{PATH}?status=SENT&offset=0&limit=10")
    assert (told["totalInvoices"], told["invoices"][0]["id"]) == (1, sent["id"])


@pytest.mark.parametrize(
    ("information", "field"),
    [
        ({"dueDate": "soon"}, "invoiceInformation.dueDate"),
        ({"description": ""}, "invoiceInformation.description"),
        ({"description": "x" * 2001}, "invoiceInformation.description"),
    ],
)
async def test_a_bad_invoice_is_refused_with_its_place(
    world: Any, information: Any, field: str
) -> None:
    document = INVOICE | {"invoiceInformation": INVOICE["invoiceInformation"] | information}
    status, told = await send(world, "POST", PATH, document)
    assert (status, told["details"][0]["field"]) == (400, field)


async def test_settings_keep_what_was_not_said(world: Any) -> None:
    change = {"invoiceSettingsInformation": {"enableReminders": False}}
    status, told = await send(world, "PUT", "/invoicing/v2/invoiceSettings", change)
    settings = told["invoiceSettingsInformation"]
    assert (status, settings["enableReminders"], settings["defaultCurrencyCode"]) == (
        200,
        False,
        "USD",
    )


async def test_a_link_ends_at_its_amount(world: Any) -> None:
    status, made = await send(world, "POST", "/ipl/v2/payment-links", LINK)
    assert (status, made["status"], made["id"]) == (201, "ACTIVE", "P1")
    account = world.simulator.account
    payment_links.pay(account, "P1", Decimal("25.00"))
    payment_links.pay(account, "P1", Decimal("25.00"))
    _, told = await send(world, "GET", "/ipl/v2/payment-links/P1")
    assert (told["status"], "paymentLink" in told["purchaseInformation"]) == ("INACTIVE", False)
    with pytest.raises(ValueError, match="not active"):
        payment_links.pay(account, "P1", Decimal("25.00"))


async def test_a_link_is_closed_and_opened_by_its_status(world: Any) -> None:
    await send(world, "POST", "/ipl/v2/payment-links", LINK)
    path = "/ipl/v2/payment-links/P1"
    for status in ("INACTIVE", "ACTIVE"):
        _, told = await send(world, "PATCH", path, {"status": status})
        assert told["status"] == status
    code, told = await send(world, "PATCH", path, {"status": "GONE"})
    assert (code, told["details"][0]["field"]) == (400, "status")
    code, told = await send(world, "POST", "/ipl/v2/payment-links", LINK)
    assert (code, told["reason"]) == (400, "DUPLICATE_REQUEST")
