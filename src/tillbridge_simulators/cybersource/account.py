"""One merchant account: what its operations share."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tillbridge_simulators.cybersource.cards import Cards
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.state import Authorization, Movement, State
from tillbridge_simulators.cybersource.tokens import Tokens
from tillbridge_simulators.effects import EffectLog


def _untold(event_type: str, code: str, payload: Mapping[str, object]) -> None:
    """Nobody has subscribed."""


@dataclass(slots=True)
class Account:
    """State, log and clock of one account, and where its events go.

    Attributes:
        tell: called with (event type, order number, payload) when something happened.
        tell_one: the same to one subscription: (its id, event type, payload).
        factor: every wait is divided by it.
    """

    options: Options
    log: EffectLog
    state: State = field(default_factory=State)
    tokens: Tokens = field(default_factory=Tokens)
    now: Callable[[], float] = time.time
    tell: Callable[[str, str, Mapping[str, object]], None] = _untold
    tell_one: Callable[[str, str, Mapping[str, object]], None] = _untold
    factor: float = 1.0
    cards: Cards = field(init=False)

    def __post_init__(self) -> None:
        self.cards = Cards(self.options.secret_key.encode())

    def record(self, kind: str, what: Authorization | Movement, status: str) -> None:
        """One effect in the log, with everything a campaign judges by."""
        self.log.add(
            kind,
            order=what.code,
            transaction_id=what.transaction_id,
            request_id=what.id,
            about="" if isinstance(what, Authorization) else what.about_id,
            amount=str(what.amount),
            currency=what.currency,
            status=status,
        )
