"""Testimony: a person says what became of an effect that nothing else can prove.

An unknown ends by evidence or by a fence. Where the other side offers neither, somebody looks there
and brings the evidence; until then nothing else is sent for it.
"""

from dataclasses import dataclass

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.connector.packing import unpack
from tillbridge.database.database import Tx
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import SQL, Lane, wake


@dataclass(frozen=True, slots=True)
class Testified:
    """An effect that a person has ended.

    Attributes:
        request: what was sent for it.
        run_id: the run that began it, and may be waiting for it.
    """

    effect: Effect
    request: Fields
    run_id: int


async def testify(tx: Tx, key: str, receipt: Receipt | None, why: str) -> Testified:
    """Ends an unknown effect: with a receipt it took place, without one it did not.

    The caller wakes its run, last of all.

    Raises:
        Rejected: there is no such effect, it has an outcome, or its call may still be under way.
    """
    state = "planned" if receipt is None else "done"
    outcome = None if receipt is None else encode(receipt)
    row = await tx.fetchrow(SQL["testify"], key, state, outcome, why)
    if row is None:
        raise Rejected(
            f"No effect {key!r} waits for a person's word.",
            reason="no_unknown",
            next_step="See tillbridge unknowns; a call that just left is given its time first.",
        )
    effect = Effect(row["connection"], row["subject"], row["effect"], row["ordinal"])
    return Testified(effect, unpack(row["request"]), row["run_id"])


async def wake_waiting(tx: Tx, ended: Testified) -> None:
    """The run that waits for the effect goes on.

    Its subject's row is locked before the run and after everything that tells of a payment, as
    everywhere else: somebody may be taking in a webhook, or freeing the lane, just now.
    """
    await tx.execute(SQL["arrive"], ended.effect.subject)
    run = await tx.fetchrow(SQL["wake_run"], ended.run_id)
    if run is not None:
        await wake(tx, Lane(run["subject"], run["target"]))
