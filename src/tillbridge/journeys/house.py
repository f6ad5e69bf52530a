"""The parts a journey needs, passed in by the assembly."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tillbridge.connections.alerting import Alerting
from tillbridge.connections.connections import Connections
from tillbridge.connections.error_policies import ErrorPolicies
from tillbridge.connections.gates import Gates
from tillbridge.connections.keyrings import Keyrings
from tillbridge.connections.retention import Retention
from tillbridge.connector.connector import Clock
from tillbridge.database.database import Database
from tillbridge.flows.pauses import Pauses
from tillbridge.journeys.catalogue import Catalogue
from tillbridge.mapping.apply import Filler
from tillbridge.runs.journal import Patience
from tillbridge.watch.watch import Watch

PAUSES_SEEN_S = 1.0
LEASE_MIN_S = 5.0
"""However much the world is sped up, our own processor is not: a worker that waits for it for a
second is alive, and must not lose its lanes."""
SILENT_MIN_S = 60.0
PARKED_MIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the house waits, in seconds, already divided by the factor.

    Attributes:
        lease_s: how long a lane is held before somebody else may take it.
        claims_max: claims of a lane without progress until its run is a dead letter.
        silent_max_s: a holder that has not got on for so long is stuck: its leases are not renewed
            any more, and somebody else goes on.
        parked_s: who waits at a closed gate is woken when it opens; should nobody be there to do
            it, after so long.
        answer_s: a checkout is answered within so long; `read_on_s`: then its call is read on.
        review_poll_s: how often an open review is asked about, should its webhook be lost.
    """

    lease_s: float = 30.0
    claims_max: int = 6
    silent_max_s: float = 900.0
    parked_s: float = 3_600.0
    answer_s: float = 25.0
    read_on_s: float = 60.0
    review_poll_s: float = 300.0

    def divided(self, factor: float) -> "Pace":
        """The same with every wait divided."""
        return Pace(
            lease_s=max(self.lease_s / factor, LEASE_MIN_S),
            claims_max=self.claims_max,
            silent_max_s=max(self.silent_max_s / factor, SILENT_MIN_S),
            parked_s=max(self.parked_s / factor, PARKED_MIN_S),
            answer_s=self.answer_s / factor,
            read_on_s=self.read_on_s / factor,
            review_poll_s=self.review_poll_s / factor,
        )


@dataclass(slots=True)
class House:
    """Everything a journey may touch.

    Attributes:
        holder: this process's name in leases.
        factor: every wait of the world is divided by it (1 in production).
        authorizations: by shop, the mapping of its checkouts' authorizations, where it has one.
        calls: checkouts whose gateway call is still being read on.
        catalogue: the active flow versions; old versions by number for pinned runs.
        folder: the user's; files are dropped below it.
        pauses: which flows a person has paused.
        alerting: when people are told, factor applied.
        policies: what follows errors, by class and connection, factor applied.
        watch: the figures and traces of this process.
        retention: how long what has ended is kept where.
        keyrings: the keys that connectors made, as this process has read them; None where nobody
            keeps any.
    """

    database: Database
    connections: Connections
    gates: Gates
    catalogue: Catalogue
    clock: Clock
    holder: str
    factor: float
    pace: Pace
    patience: Patience
    folder: Path = field(default_factory=Path)
    authorizations: Mapping[str, Filler] = field(default_factory=dict)
    alerting: Alerting = field(default_factory=Alerting)
    policies: ErrorPolicies = field(default_factory=ErrorPolicies)
    watch: Watch = field(default_factory=Watch)
    retention: Retention = field(default_factory=Retention)
    keyrings: Keyrings | None = None
    calls: "set[asyncio.Task[None]]" = field(default_factory=set)
    pauses: Pauses = field(init=False)

    def __post_init__(self) -> None:
        self.pauses = Pauses(self.database, PAUSES_SEEN_S / self.factor)
