"""`tillbridge dead-letters`: what needs a person, and what the person does about it."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.cli.dead_letter_view import COLUMNS, advice, row_of, show_opened, sums
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys import clerking, replay_ways, steer
from tillbridge.journeys.card_guard import counting
from tillbridge.journeys.clerking import Corrected, Counted, Many
from tillbridge.journeys.replay import Replayed, replay_dead_letter
from tillbridge.journeys.replay_ways import ReplayWay, Start, Version
from tillbridge.mapping.form import DURATION, duration_s
from tillbridge.runs import dead_letters as desk
from tillbridge.runs.dead_letters import AtRisk, DeadLetter, LettersLike, Opened
from tillbridge.runs.history import EffectRow, run
from tillbridge.runs.patches import Proposal

F = TypeVar("F", bound=Callable[..., Any])
number = click.argument("run_id", metavar="RUN", type=click.IntRange(1, 2**63 - 1))
proposed = click.argument("proposal", type=click.IntRange(1, 2**63 - 1))
why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")
PROGRESS_EVERY = 50


class Duration(click.ParamType[float]):
    """30s, 10m, 12h or 30d, in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        if not DURATION.fullmatch(str(value)):
            self.fail(f"{value!r} is no duration: write 30s, 10m, 12h or 30d.", param, ctx)
        return float(duration_s(str(value)))


def filters(command: F) -> F:
    """Which dead letters are meant."""
    for option in (
        click.option(
            "--class", "kind", type=click.Choice([one.value for one in ErrorClass]), default=None
        ),
        click.option("--flow", default="", help="Of this flow."),
        click.option("--at", "target", default="", help="That died at this connection."),
        click.option("--owner", default="", help="That this person has in work."),
        click.option("--older-than", "older_than_s", type=Duration(), default=0.0, help="Or 2d."),
    ):
        command = option(command)
    return command


@click.group(cls=Commands, default="list")
def dead_letters() -> None:
    """Mend what could not be done: look, take, correct, run again, or give up."""


@dead_letters.command("list")
@click.option("--all", "also_resolved", is_flag=True, help="Resolved ones too.")
@click.option("--state", type=click.Choice(["open", "in_work", "resolved"]), default=None)
@filters
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_dead_letters(surroundings: Surroundings, /, limit: int, **said: Any) -> None:
    """List what needs a person, newest first."""
    found, at_risk = asyncio.run(_list(surroundings, _like(**said), limit))
    if not found:
        say("No dead letters: nothing needs a person.")
        return
    table(COLUMNS, map(row_of, found))
    if at_risk:
        say(f"Money that open ones are about: {sums(at_risk)}.")
    next_step("One of them with all it holds: tillbridge dead-letters show RUN")


@dead_letters.command("show")
@number
@pass_surroundings
def show_dead_letter(surroundings: Surroundings, run_id: int) -> None:
    """Show one with its input, what it did, and how it may be run again."""
    opened, effects, ways = asyncio.run(_show(surroundings, run_id))
    show_opened(opened, effects, ways)
    next_step(advice(opened.letter))


@dead_letters.command("take")
@number
@why_option
@pass_surroundings
def take_dead_letter(surroundings: Surroundings, run_id: int, why: str) -> None:
    """Take one into work: others leave it alone."""
    asyncio.run(_take(surroundings, run_id, why))
    say(f"Dead letter {run_id} is in work: {who()} has it.")
    next_step(f"Look at it: tillbridge dead-letters show {run_id}")


@dead_letters.command("hand-back")
@number
@why_option
@pass_surroundings
def hand_back_dead_letter(surroundings: Surroundings, run_id: int, why: str) -> None:
    """Hand one back: nobody has it in work any more."""
    asyncio.run(_hand_back(surroundings, run_id, why))
    say(f"Dead letter {run_id} is open again for anybody.")


@dead_letters.command("edit")
@number
@click.argument("field")
@click.argument("value")
@why_option
@pass_surroundings
def edit_dead_letter(
    surroundings: Surroundings, run_id: int, field: str, value: str, why: str
) -> None:
    """Change one FIELD of its input to VALUE; the original is kept.

    VALUE is text; true, false, null, {...} and [...] are read as JSON. A field that bears money is
    only proposed: a second person approves it.
    """
    done = asyncio.run(_edit(surroundings, run_id, field, _value(value), why))
    if done.proposal is not None:
        say(f"{field} bears money: the change waits for a second person.")
        next_step(f"Somebody else: tillbridge dead-letters approve {done.proposal} --why ...")
        return
    say(f"{field} of dead letter {run_id} is changed.")
    next_step(f"Run it again: tillbridge dead-letters replay {run_id} --why ...")


@dead_letters.command("approve")
@proposed
@why_option
@pass_surroundings
def approve_proposal(surroundings: Surroundings, proposal: int, why: str) -> None:
    """Approve somebody else's change of money: PROPOSAL holds from now on."""
    found = asyncio.run(_answer(surroundings, proposal, why, approved=True))
    say(f"{found.field} of dead letter {found.run_id} is changed, as {found.operator} proposed.")
    next_step(f"Run it again: tillbridge dead-letters replay {found.run_id} --why ...")


@dead_letters.command("refuse")
@proposed
@why_option
@pass_surroundings
def refuse_proposal(surroundings: Surroundings, proposal: int, why: str) -> None:
    """Refuse a change of money: PROPOSAL is not made."""
    found = asyncio.run(_answer(surroundings, proposal, why, approved=False))
    say(f"{found.field} of dead letter {found.run_id} stays as it is.")


@dead_letters.command("replay")
@click.argument("run_id", metavar="[RUN]", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--from", "start", type=click.Choice(["start", "failed-step"]), default=None)
@click.option("--version", type=click.Choice(["now", "then"]), default=None)
@click.option("--all", "everything", is_flag=True, help="Every open one.")
@filters
@click.option("--yes", is_flag=True, help="Do it; many are only counted else.")
@why_option
@pass_surroundings
def replay_dead_letters(
    surroundings: Surroundings,
    /,
    run_id: int | None,
    start: str | None,
    version: str | None,
    *,
    everything: bool,
    yes: bool,
    why: str,
    **said: Any,
) -> None:
    """Run one again, or many, with the same keys: what was done is not done again.

    Without --from and --version the first safe way is taken (see show). Many are queued like any
    work: lanes, gates and budgets hold for them.
    """
    like = _like(**said)
    if (run_id is None) == (like == LettersLike() and not everything):
        raise click.UsageError("Give one RUN, or say which: --all, --class, --flow, --older-than.")
    if run_id is None:
        _replay_many(surroundings, like, why, yes=yes)
        return
    way = (cast(Start | None, start and start.replace("-", "_")), cast(Version | None, version))
    done = asyncio.run(_replay(surroundings, run_id, why, way))
    say(f"Dead letter {run_id} runs again as run {done.run_id}. {done.way.why}")
    next_step(f"See how it ends: tillbridge runs show {done.run_id}")


@dead_letters.command("cancel")
@number
@why_option
@pass_surroundings
def cancel_dead_letter(surroundings: Surroundings, run_id: int, why: str) -> None:
    """Give it up for good; a hold it leaves behind is released."""
    asyncio.run(_cancel(surroundings, run_id, why))
    say(f"Dead letter {run_id} is cancelled.")


def _replay_many(surroundings: Surroundings, like: LettersLike, why: str, *, yes: bool) -> None:
    counted, many = asyncio.run(_replay_like(surroundings, like, why, yes=yes))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.by_kind.items()))
    say(f"{counted.count} dead letters are meant: {kinds or 'none'}.")
    if counted.at_risk:
        say(f"Money they are about: {sums(counted.at_risk)}.")
    if many is None:
        next_step("Nothing was done. Run them again: the same command with --yes")
        return
    say(f"{many.replayed} run again; {len(many.left)} are left alone.")
    table(("run", "why it is left"), [(left.run_id, left.why) for left in many.left])
    next_step("See how they end: tillbridge runs list, tillbridge dead-letters")


def _progress(many: Many) -> None:
    done = many.replayed + len(many.left)
    if done % PROGRESS_EVERY == 0:
        say(f"{done} of {many.count} ...")


def _value(text: str) -> object:
    """Digits stay text: amounts and numbers of orders are text in our documents."""
    if text in ("true", "false", "null") or text.startswith(("{", "[", '"')):
        return read_json(text)
    return text


def _like(
    *,
    kind: str | None,
    flow: str,
    target: str,
    owner: str,
    older_than_s: float,
    also_resolved: bool = False,
    state: Any = None,
) -> LettersLike:
    return LettersLike(kind or "", flow, target, owner, state or "", older_than_s, also_resolved)


async def _list(
    surroundings: Surroundings, like: LettersLike, limit: int
) -> tuple[list[DeadLetter], list[AtRisk]]:
    async with surroundings.database() as database:
        found = await desk.dead_letters(database, like, limit=limit)
        return found, await desk.money_at_risk(database)


async def _show(
    surroundings: Surroundings, run_id: int
) -> tuple[Opened, list[EffectRow], tuple[ReplayWay, ...]]:
    async with surroundings.house(publishing=False) as house:
        opened = await desk.open_dead_letter(house.database, run_id)
        _, effects = await run(house.database, run_id)
        is_open = opened.letter.resolved_at is None
        ways = await replay_ways.replay_ways(house, opened) if is_open else ()
    return opened, effects, ways


async def _take(surroundings: Surroundings, run_id: int, why: str) -> None:
    async with surroundings.database() as database:
        await clerking.take(database, run_id, who(), why)


async def _hand_back(surroundings: Surroundings, run_id: int, why: str) -> None:
    async with surroundings.database() as database:
        await clerking.hand_back(database, run_id, who(), why)


async def _edit(
    surroundings: Surroundings, run_id: int, field: str, value: object, why: str
) -> Corrected:
    way = "tillbridge dead-letters edit"
    async with surroundings.database() as database, counting(database, way):
        return await clerking.correct(database, run_id, field, value, operator=who(), why=why)


async def _answer(
    surroundings: Surroundings, proposal: int, why: str, *, approved: bool
) -> Proposal:
    async with surroundings.database() as database:
        answer = clerking.confirm if approved else clerking.refuse
        return await answer(database, proposal, who(), why)


async def _replay(
    surroundings: Surroundings, run_id: int, why: str, way: tuple[Start | None, Version | None]
) -> Replayed:
    start, version = way
    async with surroundings.house() as house:
        return await replay_dead_letter(
            house, run_id, who(), steer.reason_of(why), start=start, version=version
        )


async def _replay_like(
    surroundings: Surroundings, like: LettersLike, why: str, *, yes: bool
) -> tuple[Counted, Many | None]:
    async with surroundings.house() as house:
        counted = await clerking.count_like(house.database, like)
        if not yes:
            steer.reason_of(why)
            return counted, None
        return counted, await clerking.replay_like(house, like, who(), why, told=_progress)


async def _cancel(surroundings: Surroundings, run_id: int, why: str) -> None:
    async with surroundings.house() as house:
        await steer.cancel(house, run_id, who(), why)
