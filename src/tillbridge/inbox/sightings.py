"""Sightings: card data that came by, counted: by which way, in which field, never what."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from tillbridge.canonical.card_text import mask
from tillbridge.database.database import BROKEN, Database
from tillbridge.inbox.inbox import SQL

Ending: TypeAlias = Literal["refused", "masked"]
_PLACE_MAX = 200
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Card data of one day at one place.

    Attributes:
        way: by which it came or was about to leave: "POST /doors/webshop", "write dynamics365".
        place: the field, such as "order.lines[0].description".
        ending: "refused", nothing was kept; "masked", the rest was.
        times: how often on that day.
    """

    way: str
    place: str
    ending: Ending
    seen_on: date
    times: int
    last_at: datetime


async def note_sighting(database: Database, way: str, place: str, ending: Ending) -> None:
    """Counts card data that was kept out. A database that is away does not let it in."""
    way, place = mask(way)[:_PLACE_MAX], mask(place)[:_PLACE_MAX]
    _LOG.warning("card data %s: %s, in %s", ending, way, place)
    try:
        await database.execute(SQL["note_sighting"], way, place, ending)
    except BROKEN as error:
        _LOG.warning("it could not be counted: %r", error)


async def sightings(database: Database, limit: int = 100) -> list[Sighting]:
    """What was seen, newest first."""
    return [Sighting(**dict(row)) for row in await database.fetch(SQL["sightings"], limit)]
