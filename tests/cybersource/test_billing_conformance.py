"""What Cybersource keeps by id is written as promised, also when answers are lost or late."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tillbridge.canonical.errors import Place
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Write
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.conformance_bench import new_call, new_key
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.faults import Fault, Rule

_OPTIONS = Options()
SETTINGS: dict[str, object] = {
    "merchant_id": _OPTIONS.merchant_id,
    "key_id": _OPTIONS.key_id,
    "secret_key": _OPTIONS.secret_key,
}
_AMOUNT = Money.of("25.00", "USD")
_LAG_S = 3600.0


@dataclass
class Billing:
    """The part of a session that this suite is about, and the account behind it."""

    writes: Mapping[str, Write]
    simulator: CybersourceSimulator

    def rows(self, noun: str) -> list[dict[str, Any]]:
        """Every plan, subscription, invoice or link of the account."""
        state = self.simulator.state
        shelf = getattr(state.recurring, noun, None) or getattr(state.invoicing, noun)
        return list(shelf.where(lambda _: True))

    async def written(self, kind: str, fields: Fields) -> str:
        """Writes what a document follows; its id there."""
        receipt = await self.writes[kind].send(new_call(new_key(), 5.0), fields)
        return receipt.references[0].id


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    simulator = CybersourceSimulator()
    await simulator.start()
    settings = parse_settings(CONNECTOR.settings, SETTINGS | {"base_url": simulator.url}, Place())
    session = CONNECTOR.open(settings, Opening("cards", lambda: datetime.now(UTC)))
    assert isinstance(session, CybersourceSession)
    billing = Billing(session._billing.writes, simulator)

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules = [Rule(kind, fault, times=1)]

    try:
        yield Bench(
            billing,
            "cards",
            count_effects=lambda kind: _standing(billing, kind),
            lose_next_answer=lambda kind: misbehave(kind, Fault("lose_answer")),
            answer_late=lambda kind, seconds: misbehave(kind, Fault("late", seconds)),
            answer_status=lambda kind, status, wait_s: misbehave(
                kind, Fault("refuse", wait_s, status)
            ),
            answer_oddly=simulator.options.odd.add,
        )
    finally:
        await session.close()
        await simulator.stop()


def _of(at: Bench) -> Billing:
    assert isinstance(at.session, Billing)
    return at.session


def _standing(billing: Billing, kind: str) -> int:
    """How many effects of a kind the account shows."""
    invoices = billing.rows("invoices")
    sent = [one for row in invoices for one in row["_history"] if one["event"] in _MAILS]
    match kind:
        case "invoice":
            return len(invoices)
        case "invoice_update":
            return sum(_said(row) == "Changed" for row in invoices)
        case "invoice_delivery":
            return len(sent)
        case "invoice_publication":
            return sum(row["status"] == "CREATED" for row in invoices)
        case "invoice_cancellation":
            return sum(row["status"] == "CANCELED" for row in invoices)
        case "invoice_settings":
            settings = billing.simulator.state.invoicing.settings
            shown = settings.get("invoiceSettingsInformation", {})
            return int(shown.get("merchantDisplayName") == "Ledger & Co")
    raise AssertionError(f"nobody counts {kind}")


_MAILS = ("SEND", "RESEND")


def _said(row: dict[str, Any]) -> str:
    return str(row["invoiceInformation"]["description"])


def invoice(_: Bench) -> Fields:
    return {
        "number": "1042",
        "description": "Web order 1042",
        "due_on": date(2099, 1, 31),
        "customer_email": "maya@example.com",
        "total": _AMOUNT,
    }


async def drafted(at: Bench) -> Fields:
    return {"number": await _of(at).written("invoice", invoice(at))}


async def invoice_update(at: Bench) -> Fields:
    await drafted(at)
    return {**invoice(at), "description": "Changed"}


_DOCUMENTS = {
    "invoice": invoice,
    "invoice_update": invoice_update,
    "invoice_delivery": drafted,
    "invoice_publication": drafted,
    "invoice_cancellation": drafted,
    "invoice_settings": lambda _: {"display_name": "Ledger & Co"},
}

TestBilling = conformance_suite(
    Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=_bench,
        documents=_DOCUMENTS,
        find_lag_s={"invoice_delivery": _LAG_S},
        late_s=0.1,
    )
)
