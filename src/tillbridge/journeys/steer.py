"""Steering: what a person does to the house, each with who and why in the audit.

The act and its audit entry are one commit, so that neither is there without the other.
"""

from tillbridge.access.audit import record
from tillbridge.canonical.card_data import scan
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connections.gates import SQL as GATES
from tillbridge.database.database import Database
from tillbridge.flows import pauses
from tillbridge.journeys.card_guard import card_data_found
from tillbridge.journeys.house import House
from tillbridge.journeys.replay import cancel_dead_letter, replay_dead_letter
from tillbridge.journeys.replay_ways import Start, Version

WHY_LENGTH_MAX = 1000


async def pause(database: Database, connection: str, operator: str, why: str) -> None:
    """Closes a connection's gate by hand: the kill switch. Its work waits and is not lost.

    Raises:
        Rejected: there is no such connection, or no reason is given.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        if await tx.fetchval(GATES["pause"], connection, why, operator) is None:
            raise _no_gate(connection)
        await record(tx, operator, "pause", connection, why=why, after={"state": "paused"})


async def resume(database: Database, connection: str, operator: str, why: str) -> None:
    """Opens a connection's gate by hand; a worker lets in at once what waited, oldest first.

    Raises:
        Rejected: there is no such connection, or no reason is given.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        if await tx.fetchval(GATES["resume"], connection, operator) is None:
            raise _no_gate(connection)
        await record(tx, operator, "resume", connection, why=why, after={"state": "open"})


async def replay(
    house: House,
    run_id: int,
    operator: str,
    why: str,
    *,
    start: Start | None = None,
    version: Version | None = None,
) -> int:
    """Runs a dead letter again; answers the new run's number.

    A delivery that could not be used is read again.

    Raises:
        Rejected: no reason, no such open letter, or it is not replayed that way.
    """
    why = reason_of(why)
    replayed = await replay_dead_letter(house, run_id, operator, why, start=start, version=version)
    return replayed.run_id


async def cancel(house: House, run_id: int, operator: str, why: str) -> None:
    """Gives a dead letter up for good; a hold it leaves behind is released.

    Raises:
        Rejected: no reason, or no such open letter.
    """
    await cancel_dead_letter(house, run_id, operator, reason_of(why))


async def pause_flow(house: House, flow: str, operator: str, why: str) -> None:
    """Pauses a flow: what arrives is kept, and its runs wait.

    Raises:
        Rejected: there is no such flow, or no reason is given.
    """
    why = reason_of(why)
    house.catalogue.flow(flow)
    async with house.database.transaction() as tx:
        await pauses.pause_flow(tx, flow, operator, why)
        await record(tx, operator, "pause", f"flow {flow}", why=why, after={"state": "paused"})


async def resume_flow(house: House, flow: str, operator: str, why: str) -> None:
    """Lets a paused flow go on; its runs look again within a minute.

    Raises:
        Rejected: it is not paused, or no reason is given.
    """
    why = reason_of(why)
    async with house.database.transaction() as tx:
        if not await pauses.resume_flow(tx, flow):
            raise Rejected(
                f"The flow {flow!r} is not paused by hand.",
                reason="unknown_flow",
                next_step="See tillbridge flows list.",
            )
        await record(tx, operator, "resume", f"flow {flow}", why=why, after={"state": "active"})


def reason_of(why: str) -> str:
    """A person's reason without spaces around it. Raises Rejected unless it may be kept."""
    why = why.strip()
    if not why or len(why) > WHY_LENGTH_MAX:
        raise Rejected(
            f"A reason has 1 to {WHY_LENGTH_MAX} characters; this one has {len(why)}.",
            reason="no_reason",
            place=Place(field="why"),
            next_step="Say in a sentence why: it stands in the audit.",
        )
    if scan({"why": why}):
        raise card_data_found(["why"])
    return why


def _no_gate(connection: str) -> Rejected:
    return Rejected(
        f"There is no connection {connection!r}.",
        reason="unknown_connection",
        next_step="See tillbridge gates list for their names.",
    )
