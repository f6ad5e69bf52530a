"""Known: what was seen before of one capture, or of the capture that a void undoes."""

from dataclasses import dataclass

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.database.database import Tx
from tillbridge.payments.attempts import SQL


@dataclass(frozen=True, slots=True)
class Known:
    """What was seen before of one capture: what it counts for, and whether it was undone."""

    captured: Money | None = None
    undone: bool = False


NOTHING_KNOWN = Known()


async def known_of(tx: Tx, connection: str, seen: Observation, number: int) -> Known:
    """What earlier observations said of the same capture, or of the one that a void undoes."""
    is_void = seen.operation is Operation.VOID
    if not is_void and seen.operation is not Operation.CAPTURE:
        return NOTHING_KNOWN
    capture_id = seen.parent_id if is_void else seen.request_id
    captured, undone = None, False
    for row in await tx.fetch(
        SQL["captures_seen"], connection, capture_id, number, seen.attempt_key, is_void
    ):
        if row["verdict"] != Verdict.APPROVED:
            undone = True
        elif row["amount"] is not None:
            captured = Money(row["amount"], row["currency"])
    return Known(captured, undone)
