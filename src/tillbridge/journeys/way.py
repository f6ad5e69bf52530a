"""A way: what the steps of a flow need of the run that takes them.

Steps inside an `each` are taken on a way of their own: their names in the journal and the ordinals
of their effects carry the item's key, so that no two items share anything.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import Step, StopStep
from tillbridge.journeys.heard import Heard
from tillbridge.journeys.house import House
from tillbridge.runs.journal import Journal
from tillbridge.runs.run import Run


class Unreached(Exception):
    """A look back over a run has come to a step that the run never ended."""


class Way(Protocol):
    """One run's way through its flow, or one item's through an `each`.

    Attributes:
        names: what expressions can read; steps add what they answer.
        ghost: whether this only looks back: nothing is done that was not done before.
    """

    house: House
    run: Run
    flow: Flow
    journal: Journal
    names: dict[str, object]
    heard: Heard
    ghost: bool

    def place(self, name: str) -> str:
        """A step's name in the journal: `notify`, or `lines[7].notify` inside an `each`."""

    def ordinal(self, ordinal: str) -> str:
        """An effect's ordinal, with the keys of the items it stands in."""

    def inside(self, each: str, key: str, names: Mapping[str, object]) -> "Way":
        """The way of one item."""

    async def take(self, step: Step) -> StopStep | None:
        """Takes one step; answers the stop step that ended the run in it, if one did."""

    async def take_all(self, steps: Sequence[Step]) -> StopStep | None:
        """Takes steps in order; answers the stop step that ended them, if one did."""

    async def write(
        self, name: str, connection: str, document: str, ordinal: str, fields: Fields
    ) -> Receipt:
        """Makes one effect, once, and answers its receipt."""

    async def is_open(self, place: str) -> bool:
        """Whether an effect of a step, or of a step inside it, may or may not have taken place."""
