"""Notify: a person or a channel is told something.

At another system it is a write with a key of its own: told at least once, and whoever receives it
can tell a second telling by the key. On our own desk it is told exactly once.
"""

from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Tx
from tillbridge.desk.notices import keep_notice
from tillbridge.flows.steps import NotifyStep
from tillbridge.journeys.way import Unreached, Way
from tillbridge.runs.keys import Effect

NOTIFICATION = "notification"
DESK = "tillbridge"


async def take_notice(way: Way, step: NotifyStep) -> Receipt:
    """Tells it; raises as a write does."""
    ordinal = f"{way.flow.name}.{step.name}.{step.ordinal_of(way.names)}"
    fields = step.inputs(way.names)
    if step.connection:
        return await way.write(step.name, step.connection, NOTIFICATION, ordinal, fields)
    key = Effect(DESK, way.run.subject, NOTIFICATION, way.ordinal(ordinal)).key
    if way.ghost and way.place(step.name) not in way.run.steps:
        raise Unreached

    async def keep(tx: Tx) -> bytes:
        await keep_notice(
            tx,
            key,
            flow=way.flow.name,
            subject=way.run.subject,
            level=str(fields["level"]),
            title=str(fields["title"]),
            content=str(fields["text"]),
        )
        return b"kept"

    await way.journal.local(way.place(step.name), keep)
    return Receipt()
