"""Notify: a person or a channel is told something.

At another system it is a write with a key of its own: told at least once, and whoever receives it
can tell a second telling by the key. On our own desk it is told exactly once.
"""

from tillbridge.connector.abilities import Receipt
from tillbridge.desk.notices import notice
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
    place = way.place(step.name)
    if place in way.run.steps:
        return Receipt()
    if way.ghost:
        raise Unreached
    told = notice(
        key,
        flow=way.flow.name,
        subject=way.run.subject,
        level=str(fields["level"]),
        title=str(fields["title"]),
        content=str(fields["text"]),
    )
    way.journal.keep_soon(place, "local", b"kept", told)
    return Receipt()
