"""Let in: closed gates are probed; when one opens, what waited there goes on, oldest first.

tripped -> its time has come -> one probe of all workers -> open -> the oldest few are due
        -> then more and more, until nobody waits -> younger work may enter again
"""

import asyncio
import time
from collections.abc import Container

from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.connections.budget import PURPOSE
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import Gate, Gates
from tillbridge.connector.abilities import Call, Probes
from tillbridge.journeys.house import House
from tillbridge.runs.lease import Lease
from tillbridge.runs.parked import gates_with_parked, wake_parked

PROBE_MARGIN_S = 5.0
PROBE_MARGIN_MIN_S = 1.0
"""Added to a connection's time-out: nobody else probes before a probe has certainly ended. A factor
divides the world's waits, not the time our own processor needs."""
AT_FIRST = 10
"""A gate that opened may trip again at once, and whoever it let in has to be parked anew. Doubled
each time that it has been open for as long as a gate is closed at first."""
AT_A_TIME = 300
"""At most so many are woken in one look: more than the workers finish until the next, and fewer
than would keep a database busy."""


async def keep_gates(house: House) -> None:
    """Probes every tripped gate whose time has come, and lets in who waits at an open one: also who
    came to wait there because the last that was known of it was that it was closed."""
    waited_at = await gates_with_parked(house.database)
    gates = await house.gates.all()
    await asyncio.gather(*(_keep(house, gate, waited_at) for gate in gates))


async def _keep(house: House, gate: Gate, waited_at: Container[str]) -> None:
    if gate.connection not in house.connections:
        return
    if gate.state == "tripped" and gate.closed_for_s <= 0:
        await _probe(house, house.connections[gate.connection])
    elif gate.state == "open" and (gate.connection in waited_at or gate.let_in):
        await let_in(house.gates, gate.connection, gate.unchanged_for_s)


async def let_in(gates: Gates, connection: str, open_for_s: float = 0.0) -> None:
    """Wakes the oldest of those that wait at an open gate, the more the longer it has been open;
    with the last of them younger work may enter again."""
    doublings = min(open_for_s / gates.breaker.closed_s, 10.0)
    most = min(AT_A_TIME, int(AT_FIRST * 2**doublings))
    async with gates.database.transaction() as tx:
        woken = await wake_parked(tx, connection, most)
        if woken.found < most and woken.woken == woken.found:
            await gates.let_in(tx, connection, None)
        elif woken.until is not None:
            await gates.let_in(tx, connection, woken.until)


async def _probe(house: House, connection: Connection) -> None:
    """The probe is a read, never a charge, and ends before anybody else may begin one."""
    name, most_s = connection.name, connection.timeout_s
    margin_s = max(PROBE_MARGIN_S / house.factor, PROBE_MARGIN_MIN_S)
    number = await house.gates.take_probe(name, most_s + margin_s)
    if number is None:
        return
    until = time.monotonic() + most_s
    PURPOSE.set("probe")
    lease = Lease("a probe", name, number, None, until)
    call = Call("", house.clock(), most_s, "probe", lease.guard(until))
    try:
        if isinstance(connection.session, Probes):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + most_s):
                await connection.session.probe(call)
    except TimeoutError:
        error = Transient(f"{name}: the probe took longer than {most_s:.0f} s.", gate=True)
        await house.gates.probe_failed(name, number, error)
    except TillbridgeError as error:
        await house.gates.probe_failed(name, number, error)
    else:
        if await house.gates.probe_passed(name, number):
            await let_in(house.gates, name)
