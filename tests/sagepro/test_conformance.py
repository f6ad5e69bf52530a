"""The connector keeps a connector's promises, against the simulated company.

HTTP statuses mean nothing here: what SQL Server's error numbers become is told by test_errors.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

from tests.sagepro.documents import payment, sales_order
from tests.sagepro.world import call_of

from tillbridge.canonical.errors import Place
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_sagepro.connector import CONNECTOR, SageProSession
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.sagepro import SageProSimulator

SETTINGS: dict[str, object] = {
    "host": "127.0.0.1",
    "port": 1,
    "user": "tillbridge",
    "password": "sandbox-password",
    "company_database": "PRO05",
    "company_id": "05",
    "location": "WEB",
}
_numbers = count(1)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    simulator = SageProSimulator(password="sandbox-password")
    await simulator.start()
    settings = parse_settings(CONNECTOR.settings, SETTINGS | {"port": simulator.port}, Place())
    session = CONNECTOR.open(settings, Opening("sage", lambda: datetime.now(UTC)))
    assert isinstance(session, SageProSession)

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules.append(Rule(kind, fault, times=1))

    def standing(kind: str) -> int:
        if kind != "payment_transaction":
            return len(list(simulator.log.entries(kind)))
        notes = simulator.log.entries("cross_reference")
        return sum(1 for note in notes if note.facts["doctype"] == "capture")

    try:
        await session.provision(call_of())
        yield Bench(
            session,
            "sage",
            count_effects=standing,
            lose_next_answer=lambda kind: misbehave(kind, Fault("lose_answer")),
            answer_late=lambda kind, late_s: misbehave(kind, Fault("late", seconds=late_s)),
        )
    finally:
        await session.close()
        await simulator.stop()


def _order(_: Bench) -> Fields:
    return sales_order(str(next(_numbers)))


async def _held_order(bench: Bench) -> Fields:
    assert isinstance(bench.session, SageProSession)
    number = next(_numbers)
    receipt = await bench.session.writes["sales_order"].send(
        call_of(f"HELD{number}"), sales_order(str(number), hold=True)
    )
    return {"sono": receipt.fields["sono"]}


async def _payment(bench: Bench) -> Fields:
    return payment(str((await _held_order(bench))["sono"]))


TestSagePro = conformance_suite(
    Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=bench,
        documents={
            "sales_order": _order,
            "sales_order_release": _held_order,
            "sales_order_cancellation": _held_order,
            "payment_transaction": _payment,
        },
    )
)
