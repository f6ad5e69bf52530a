"""Every answer and every break of a call to Cybersource: `python -m campaigns.breaks`.

A server of its own answers each operation of the connector in every way there is, and breaks off
at every point. What the connector makes of it (a receipt, an error and what it says of having been
sent), and what the engine does next (nothing, wait, reverse, try again, find or fence, a person),
has to be what `break_table.csv` says, which was written from the documents alone. A document kind
that the connector writes and the table does not know fails the campaign.

SCALE=short or full; PLANT=name plants that defect and must end with `ok` false, PLANT=all tries
each one in the short form of what moves money first.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

from campaigns.asked import asked, parser
from campaigns.break_follow import followed, named
from campaigns.break_plants import PLANTS, SHOWN_BY
from campaigns.break_samples import Asking, asking, is_sealed, kinds
from campaigns.break_table import RETRY_AFTER, stated
from campaigns.break_tuples import SLOW, UNSENT, Tuple, body, tuples
from campaigns.break_wire import Deaf, Told, Wire, closed_port
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.connector.abilities import Receipt

AT_ONCE: Final = 8
_PATIENCE_S: Final = {"whole": 5.0, "slow": 0.05}
_MAY_BE_UNHEARD: Final = (*UNSENT, "cut_unread")
_ASKED_MAX: Final = 6
_SHOWN: Final = {"": 40, "plant": 3}
_SAY_EVERY_S: Final = 5.0
_CLOSE_ENOUGH_S: Final = 2.0
"""Of Retry-After: a date has whole seconds, and time passes."""


@dataclass
class Tally:
    """What was tried, and what came out otherwise than the table says."""

    tried: int = 0
    right: int = 0
    by_class: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, one: Tuple, came: str, expected: str, line: str) -> None:
        self.tried += 1
        self.by_class[came] += 1
        if came == expected:
            self.right += 1
            return
        about = f"{one.kind}: {came} instead of {expected} ({line})"
        self.wrong[about] += 1
        self.examples.setdefault(about, str(one))


class Place:
    """One wire, and the sessions that talk to it: one for each setting of the table."""

    def __init__(self) -> None:
        self.wire = Wire()
        self._sessions: dict[str, Asking] = {}

    def asking(self, one: Tuple, elsewhere: Mapping[str, str]) -> Asking:
        """The session for this tuple; for what never arrives, one that points elsewhere."""
        url = elsewhere.get(one.point) or f"http://127.0.0.1:{self.wire.port}"
        if one.point == "tls_refused":
            url = f"https://127.0.0.1:{self.wire.port}"
        name = f"{one.setting} {url} {is_sealed(one.kind)}"
        if name not in self._sessions:
            self._sessions[name] = asking(url, one.setting, sealed=is_sealed(one.kind))
        return self._sessions[name]

    async def close(self) -> None:
        for one in self._sessions.values():
            await one.session.close()
        await self.wire.stop()


async def _try(place: Place, one: Tuple, number: int, elsewhere: Mapping[str, str]) -> "Came":
    """Asks once, as the tuple says. What did not even arrive, on a busy machine, is asked again
    with more patience."""
    late_s = _PATIENCE_S["slow"] if one.point in (*SLOW, "connect_hangs") else 0.0
    for _ in range(_ASKED_MAX):
        came = await _ask(place, one, number, elsewhere, late_s)
        if place.wire.asked or one.point in _MAY_BE_UNHEARD:
            return came
        late_s *= 2
    return Came("not asked", str(came.error), came.error)


async def _ask(
    place: Place, one: Tuple, number: int, elsewhere: Mapping[str, str], late_s: float
) -> "Came":
    """Asks, and reads what the connector makes of it."""
    told = Told(one.http, body(one, "1042"), one.point, one.retry_after, late_s * 1.5)
    place.wire.tell(told)
    asks = place.asking(one, elsewhere)
    timeout_s = late_s or _PATIENCE_S["whole"]
    try:
        receipt = await asks.ask(one.kind, number, timeout_s, lost=one.point == "lease_lost")
    except TillbridgeError as error:
        return Came(named(error), followed(one, error, asks), error)
    except Exception as error:
        return Came(f"bug {type(error).__name__}", "bug", None)
    return Came(named(receipt), followed(one, receipt, asks), None)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it; `error` where it was one."""

    meant: str
    follows: str
    error: TillbridgeError | Receipt | None


def _judge(tally: Tally, one: Tuple, came: Came) -> None:
    try:
        line = stated(one)
    except LookupError as error:
        tally.note(one, f"{came.meant}, {came.follows}", "a line of the table", str(error))
        return
    expected, got = f"{line.meant}, {line.follows}", f"{came.meant}, {came.follows}"
    if one.retry_after and isinstance(came.error, Transient):
        asked_s, wait_s = RETRY_AFTER[one.retry_after], came.error.wait_s
        if not _is_close(asked_s, wait_s):
            expected += f", waits {asked_s} s for {one.retry_after!r}"
            got += f", waits {wait_s} s"
    tally.note(one, got, expected, f"line {line.line}: {line.source}")


def _is_close(asked_s: float | None, wait_s: float | None) -> bool:
    if asked_s is None or wait_s is None:
        return asked_s is wait_s
    return abs(asked_s - wait_s) <= _CLOSE_ENOUGH_S


@asynccontextmanager
async def _elsewhere() -> AsyncIterator[Mapping[str, str]]:
    """Addresses at which a call certainly ends before anything leaves."""
    deaf = Deaf()
    yield {
        "refused": f"http://127.0.0.1:{closed_port()}",
        "name_unknown": "http://nobody.invalid",
        "connect_hangs": f"http://127.0.0.1:{deaf.port}",
    }
    deaf.close()


async def play(scale: str, say: Callable[[str], None], only: Container[str] = ()) -> Tally:
    """Tries every tuple, some at once; `only` of some kinds of document, where it names any."""
    tally, known = Tally(), kinds()
    for kind in known.strangers:
        tally.wrong[f"the connector writes {kind!r}, of which the table says nothing"] += 1
    operations = {
        kind: operation for kind, operation in known.operations.items() if not only or kind in only
    }
    work = list(enumerate(tuples(operations, scale)))
    queue, said = iter(work), [time.monotonic()]

    async def serve(place: Place, elsewhere: Mapping[str, str]) -> None:
        for number, one in queue:
            _judge(tally, one, await _try(place, one, number, elsewhere))
            if time.monotonic() - said[0] > _SAY_EVERY_S:
                said[0] = time.monotonic()
                say(f"{tally.tried:,} of {len(work):,} tuples, {tally.right:,} as stated")

    places = [Place() for _ in range(AT_ONCE)]
    async with _elsewhere() as elsewhere:
        for place in places:
            await place.wire.start()
        try:
            await asyncio.gather(*(serve(place, elsewhere) for place in places))
        finally:
            for place in places:
                await place.close()
    return tally


def _line(tally: Tally, operations: Mapping[str, str]) -> dict[str, Any]:
    return {
        "tuples": tally.tried,
        "in_stated_class": tally.right,
        "operations": len(operations),
        "wrong": sum(tally.wrong.values()),
        "ok": tally.tried > 0 and tally.right == tally.tried and not tally.wrong,
    }


def _show(tally: Tally, most: int) -> None:
    for came, count in tally.by_class.most_common():
        print(f"  {count:>8,}  {came}")
    for about, count in tally.wrong.most_common(most):
        print(
            f"  WRONG {count:>6,}  {about}\n                such as {tally.examples.get(about, '')}"
        )
    if len(tally.wrong) > most:
        print(f"  ... and {len(tally.wrong) - most} more kinds of disagreement")
    sys.stdout.flush()


async def _play(scale: str, plant: str = "") -> dict[str, Any]:
    began = time.monotonic()
    only = SHOWN_BY if plant else ()
    tally = await play(scale, lambda text: print(text, file=sys.stderr, flush=True), only)
    line = _line(tally, kinds().operations)
    title = f"planted: {PLANTS[plant].title}" if plant else "as it is"
    print(f"\n{title}: {line['tuples']:,} tuples in {time.monotonic() - began:.1f} s")
    _show(tally, _SHOWN["plant" if plant else ""])
    return line


async def run(scale: str, plant: str) -> dict[str, Any]:
    """The whole campaign; answers the last line."""
    if plant and plant != "all":
        line = await _planted(plant)
        return line | {"plants": 1, "plants_caught": int(not line["ok"]), "ok": False}
    line = await _play(scale)
    plants = caught = 0
    for name in PLANTS if plant else ():
        told = await _planted(name)
        plants, caught = plants + 1, caught + (not told["ok"])
        print(f"{'NOT CAUGHT' if told['ok'] else 'caught':<11}{name}", flush=True)
    ok = line["ok"] and plants == caught
    return line | {"plants": plants, "plants_caught": caught, "ok": ok}


async def _planted(name: str) -> dict[str, Any]:
    """In the short form, of two kinds. It is caught by what lands in another class: a plant after
    which nothing does is not, whatever else goes wrong."""
    with PLANTS[name].planted():
        return await _play("short", name)


def main() -> None:
    """Runs the campaign; prints what came out and one line of JSON."""
    parser("breaks", PLANTS).parse_args()
    want = asked(PLANTS)
    result = uvloop.run(run(want.scale, want.plant))
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
