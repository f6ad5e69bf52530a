"""How much at once another system bears, learned from its answers.

Additive increase, multiplicative decrease, as TCP does it: whoever asks an overloaded system as
hard as before keeps it overloaded, and a gate that opens and trips in turn drains nothing.
"""

from typing import Final

LEAST: Final = 2.0
"""Never fewer: without answers nothing is learned."""
MORE: Final = 0.5
"""Each answer makes room for half a turn: a whole round of answers for half as many again."""
FEWER: Final = 0.8
"""Each failure leaves so much. One failure in a hundred leaves 250 at once, one in five 12."""


class Concurrency:
    """Turns at once at one connection, as this process has learned; unbounded until it fails."""

    def __init__(self, slots: int) -> None:
        """`slots`: as many as ever are under way; whoever bears them bears all there is."""
        self._slots = float(slots)
        self._borne = float(slots)

    @property
    def borne(self) -> int | None:
        """Turns that may be under way; None for as many as there are slots."""
        return int(self._borne) if self._borne < self._slots else None

    def answered(self) -> None:
        self._borne = min(self._slots, self._borne + MORE)

    def failed(self) -> None:
        """The system did not answer, or said that it cannot; not what it refused."""
        self._borne = max(LEAST, self._borne * FEWER)
