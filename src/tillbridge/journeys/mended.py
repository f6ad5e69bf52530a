"""Mended: a dead letter is resolved by itself when later runs have done what it still owed.

It is looked for off the path of orders, by one worker at a time: what costs nothing where no
letter is open. Each resolution says by which run, here and in the audit.
"""

from tillbridge.access.audit import record as audit
from tillbridge.database.database import Tx
from tillbridge.journeys.house import House
from tillbridge.runs.dead_letters import resolve_what_was_done
from tillbridge.runs.lanes import take_chore

LOOK_S = 10.0
SELF = "tillbridge"


async def resolve_mended(house: House) -> None:
    """Resolves what is open and done. Of all workers one does it at a time."""
    if await take_chore(house.database, "mended", LOOK_S / house.factor):
        await resolve_what_was_done(house.database, _note)


async def _note(tx: Tx, run_id: int, by_run: int) -> None:
    after = {"by_run": by_run}
    await audit(tx, SELF, "resolve", f"run {run_id}", why="a later run has done it", after=after)
