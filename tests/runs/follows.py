"""What follows from an outcome, for journals whose writes tell nobody anything."""

from collections.abc import Callable, Sequence

from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Tx
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Arrival
from tillbridge.runs.lease import Lease
from tillbridge.runs.outcomes import Answer, Commit
from tillbridge.runs.run import Run


def _forget(_effect: Effect, _receipt: Receipt) -> None: ...


class Follows:
    """Notes each outcome inside its commit; every one takes the long way."""

    def __init__(self, note: Callable[[Effect, Receipt], None] = _forget) -> None:
        self._note = note

    async def settled(
        self, _tx: Tx, _run: Run, effect: Effect, receipt: Receipt
    ) -> Sequence[Arrival]:
        self._note(effect, receipt)
        return []

    def foresee(self, _lease: Lease, _run: Run, _answer: Answer) -> Commit | None:
        return None
