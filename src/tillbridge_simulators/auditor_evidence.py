"""What the auditor reads: each system's own log and state, in this process or over HTTP."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tillbridge_simulators.effects import EffectLog, Entry
from tillbridge_simulators.world import World


@dataclass(frozen=True, slots=True)
class Testimony:
    """One system's log and its state, as its control routes give them."""

    entries: tuple[Entry, ...]
    state: Mapping[str, Any]

    def of(self, *kinds: str) -> Iterator[Entry]:
        """Its entries of these kinds, in order."""
        return (entry for entry in self.entries if entry.kind in kinds)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Every system's testimony; None for an ERP that took no part."""

    cybersource: Testimony
    shop: Testimony
    dynamics365: Testimony | None = None
    sagepro: Testimony | None = None


def evidence_of(world: World) -> Evidence:
    """The evidence of a world in this process."""
    assert world.cybersource is not None, "payments are what is audited"
    assert world.shop is not None, "without a shop nothing is due"
    dynamics365, sagepro = world.dynamics365, world.sagepro
    return Evidence(
        cybersource=_heard(world.cybersource.log, {"holds": world.cybersource.holds()}),
        shop=_heard(world.shop.log, world.shop.state()),
        dynamics365=_heard(dynamics365.log, dynamics365.state()) if dynamics365 else None,
        sagepro=_heard(sagepro.log, {"orders": sagepro.orders()}) if sagepro else None,
    )


async def read_evidence(urls: Mapping[str, str], session: aiohttp.ClientSession) -> Evidence:
    """The evidence of a world in another process.

    `urls`: by system, where its control routes answer; an ERP left out took no part.
    """
    names = list(urls)
    heard = await asyncio.gather(*(read_testimony(urls[name], session) for name in names))
    return Evidence(**dict(zip(names, heard, strict=True)))


def _heard(log: EffectLog, state: Mapping[str, Any]) -> Testimony:
    return Testimony(tuple(log.entries()), state)


async def read_testimony(url: str, session: aiohttp.ClientSession) -> Testimony:
    """One system's testimony by its control routes."""
    async with session.get(f"{url}/_simulator/state") as answer:
        state = await answer.json()
    async with session.get(f"{url}/_simulator/log") as answer:
        rows = await answer.json()
    return Testimony(tuple(_entry(row) for row in rows), state)


def _entry(row: dict[str, Any]) -> Entry:
    """Some control routes nest the facts, some do not."""
    facts = row.get("facts")
    if facts is None:
        facts = {name: value for name, value in row.items() if name not in ("number", "at", "kind")}
    return Entry(row["number"], row["at"], row["kind"], facts)
