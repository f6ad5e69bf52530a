"""Rates: what a step's rules convert by, read once and pinned in the journal of the run.

    collect what the rules ask for -> have the source asked, if what is kept is old -> pin

A run that comes back, or is done again, converts by the rates that are pinned to it, whatever was
published since.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from tillbridge.canonical.codec import decode, encode
from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.rates import Rate
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, QuotesRates
from tillbridge.flows.steps import MapStep, ReadStep, Step, WriteStep
from tillbridge.journeys.house import House
from tillbridge.journeys.way import Unreached, Way
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.exchange import RATES
from tillbridge.mapping.rate_table import Quote, RateTable
from tillbridge.rates.rates import asked, keep_rates, pinned_before, rates_between

_LOG = logging.getLogger(__name__)
UNSETTLED = timedelta(days=2)
"""Rates of the last days before a source was asked may still have been to come: time zones differ,
and a day's rates are published in its afternoon."""


async def give_rates(way: Way, step: Step) -> None:
    """Puts the rates of connections that a step's rules use among what they read.

    Raises:
        Transient, GateClosed: a source does not answer, and what is kept of it will not do.
        Unreached: a look back has come to a step that was never taken.
    """
    filler = _filler_of(step)
    if filler is None or not filler.live:
        return
    assert isinstance(step, MapStep | WriteStep | ReadStep), "only these have a filler"
    place = way.place(pin_of(step.name))
    kept = way.run.steps.get(place)
    if kept is None:
        if way.ghost:
            raise Unreached
        kept = await _pinned_before(way, place)
    if kept is None:
        await way.journal.commit()  # a source may take its time
        known = await _known_rates(way.house, filler, way.names, way.run.subject)
        if not known.complete:
            way.names[RATES] = known.tables
            return
        kept = encode(known.used)
        await way.journal.keep(place, "read", kept)
    way.names[RATES] = pinned_rates(kept)


async def _pinned_before(way: Way, place: str) -> bytes | None:
    """The rates of the run that this one replays: it shall give the same result."""
    if way.run.replay_of is None:
        return None
    return await pinned_before(way.house.database, way.run.id, place)


def pin_of(step: str) -> str:
    """The name under which the journal of a run has the rates of a step."""
    return f"{step}.rates"


def pinned_rates(kept: bytes) -> dict[str, RateTable]:
    """The rates that a journal has of a step, by connection."""
    rates = decode(kept, dict[str, list[Rate]])
    return {name: RateTable(name, those, mend=_mend(name)) for name, those in rates.items()}


def _filler_of(step: Step) -> Filler | None:
    match step:
        case MapStep():
            return step.filler
        case WriteStep() | ReadStep():
            return step.fields if isinstance(step.fields, Filler) else None
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Want:
    """One exchange that a rule asks for."""

    base: str
    currency: str
    day: date
    age_max: timedelta


@dataclass(slots=True)
class _Wants:
    """Stands in for rates, and remembers what it is asked for; one is worth one meanwhile."""

    asked: set[_Want] = field(default_factory=set)

    def quote(self, base: str, currency: str, day: date, age_max: timedelta) -> Quote:
        if base != currency:
            self.asked.add(_Want(base, currency, day, age_max))
        return Quote(base, currency, Fraction(1), day, ())


@dataclass(frozen=True, slots=True)
class _Known:
    """The rates at hand for a step.

    Attributes:
        used: those that its rules use, by connection.
        complete: whether there is one for everything; else a rule says what it lacks.
    """

    tables: Mapping[str, RateTable]
    used: Mapping[str, list[Rate]]
    complete: bool


async def _known_rates(
    house: House, filler: Filler, names: Mapping[str, object], subject: str
) -> _Known:
    collected = {name: _Wants() for name in filler.live}
    filler.fill({**names, RATES: collected})
    tables: dict[str, RateTable] = {}
    used: dict[str, list[Rate]] = {}
    complete = True
    for name, wants in collected.items():
        known = await _known(house, name, wants.asked, subject) if wants.asked else []
        tables[name] = RateTable(name, known, mend=_mend(name))
        found: dict[Rate, None] = {}
        for want in wants.asked:
            try:
                quote = tables[name].quote(want.base, want.currency, want.day, want.age_max)
            except Rejected:
                complete = False
            else:
                found.update(dict.fromkeys(quote.made_of))
        used[name] = list(found)
    return _Known(tables, used, complete)


async def _known(house: House, name: str, wants: set[_Want], subject: str) -> list[Rate]:
    """What is kept of a source for what is wanted, after asking it when that is old."""
    since = min(_first_day(want) for want in wants)
    until = max(want.day for want in wants)
    await _refresh(house, name, since, until, subject)
    currencies = {code for want in wants for code in (want.base, want.currency)}
    return await rates_between(house.database, name, since, until, currencies)


async def _refresh(house: House, name: str, since: date, until: date, subject: str) -> None:
    """Asks a source for what may be new; what is kept will do when it does not answer."""
    session = house.connections[name].session
    if not isinstance(session, QuotesRates):
        raise Misconfigured(
            f"The connection {name!r} quotes no rates.",
            reason="no_rates",
            next_step="Name one that does, such as one of the connector ecb.",
        )
    now = house.clock()
    known = await asked(house.database, name)
    if known is not None:
        settled = known.asked_at.date() - UNSETTLED
        is_fresh = (now - known.asked_at).total_seconds() < session.rates_kept_s
        if known.known_from <= since and (until < settled or is_fresh):
            return
        since = min(since, settled)
    try:
        await _ask(house, name, session, since, subject)
    except (Transient, GateClosed) as error:
        if known is None or known.known_from > since:
            raise
        _LOG.warning("the rates of %s are those of %s: %s", name, known.asked_at, error)


async def _ask(house: House, name: str, session: QuotesRates, since: date, subject: str) -> None:
    connection = house.connections[name]
    call = Call(
        key="",
        now=house.clock(),
        timeout_s=connection.timeout_s,
        correlation=subject,
        guard=lambda: None,
    )
    await house.gates.enter(name)
    try:
        rates = await session.rates(call, since)
    except (Transient, Rejected, Misconfigured) as error:
        await house.gates.failed(name, error)
        raise
    await house.gates.succeeded(name)
    async with house.database.transaction() as tx:
        await keep_rates(tx, name, rates, known_from=since, at=call.now)


def _first_day(want: _Want) -> date:
    return date.fromordinal(max(want.day.toordinal() - want.age_max.days, 1))


def _mend(name: str) -> str:
    return f"See whether {name} publishes it: tillbridge check."
