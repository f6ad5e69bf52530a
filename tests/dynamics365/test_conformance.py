"""The connector keeps a connector's promises, against the simulated organization."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

from tests.dynamics365.documents import payment, sales_order
from tests.dynamics365.world import call_of

from tillbridge.canonical.errors import Place
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_dynamics365.connector import CONNECTOR
from tillbridge_dynamics365.session import DynamicsSession
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.faults import Fault, Rule

PORTLESS = "http://127.0.0.1"
SETTINGS = {
    "organization_url": f"{PORTLESS}:1",
    "authority_url": f"{PORTLESS}:1",
    "tenant": "contoso",
    "client_id": "tillbridge-app",
    "client_secret": "dynamics-simulator-secret",
}
_numbers = count(1)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    simulator = DataverseSimulator(key_lag_s=0)
    await simulator.start()
    here = {"organization_url": simulator.url, "authority_url": simulator.url}
    settings = parse_settings(CONNECTOR.settings, SETTINGS | here, Place())
    session = CONNECTOR.open(settings, Opening("dynamics", lambda: datetime.now(UTC)))
    assert isinstance(session, DynamicsSession)

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules.append(Rule(kind, fault, times=1))

    try:
        await session.provision(call_of())
        yield Bench(
            session,
            "dynamics",
            count_effects=lambda kind: sum(1 for _ in simulator.log.entries(kind)),
            lose_next_answer=lambda kind: misbehave(kind, Fault("lose_answer")),
            answer_late=lambda kind, late_s: misbehave(kind, Fault("late", seconds=late_s)),
            answer_status=lambda kind, status, wait_s: misbehave(
                kind, Fault("refuse", seconds=wait_s, status=status)
            ),
            answer_oddly=simulator.odd.add,
        )
    finally:
        await session.close()
        await simulator.stop()


def _order(_: Bench) -> Fields:
    return sales_order(str(next(_numbers)))


async def _held_order(bench: Bench) -> Fields:
    assert isinstance(bench.session, DynamicsSession)
    number = next(_numbers)
    receipt = await bench.session.writes["sales_order"].send(
        call_of(f"HELD{number}"), sales_order(str(number), hold=True)
    )
    return {"salesorderid": receipt.fields["salesorderid"]}


def _payment(_: Bench) -> Fields:
    return payment(str(next(_numbers)))


TestDynamics365 = conformance_suite(
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
