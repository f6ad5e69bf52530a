"""Keys that end: people are told while there is time to make another."""

from collections.abc import Iterator

from tillbridge.alerts.alerts import Condition
from tillbridge.connector.key_life import HoldsKeys, KeyLife
from tillbridge.journeys.house import House

URGENT_DAYS = 14
"""So few days before a key ends, its alert is urgent."""


def key_conditions(house: House) -> Iterator[Condition]:
    """A condition for each key of a connection that ends soon, or has."""
    now = house.clock()
    for at in house.connections.all():
        if not isinstance(at.session, HoldsKeys):
            continue
        for life in at.session.key_lives:
            days = life.days_left(now)
            if days is not None and life.is_ending(now):
                yield _condition(at.name, life, days)


def _condition(connection: str, life: KeyLife, days: int) -> Condition:
    ends = "has ended" if days < 0 else f"ends in {days} days"
    day = f"{life.ends_at:%Y-%m-%d}"
    return Condition(
        "key_end",
        f"{connection}: {life.title}",
        "urgent" if days < URGENT_DAYS else "warning",
        f"A key of {connection} {ends}",
        f"{life.title}: {day}. From then on {connection} refuses every call. {life.next_step} Set"
        " it in tillbridge.yaml while both are good. See tillbridge check.",
    )
