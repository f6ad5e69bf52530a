"""`tillbridge dead-letters`: what needs a person, and what the person does about it."""

import asyncio

import click

from tillbridge.canonical.card_data import mask_json
from tillbridge.canonical.codec import read_json
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import age, heading, next_step, say, table
from tillbridge.cli.runs import facts, show_effects
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys import steer
from tillbridge.journeys.card_guard import counting
from tillbridge.runs import dead_letters as desk
from tillbridge.runs.dead_letters import DeadLetter, Opened
from tillbridge.runs.history import EffectRow, run

Leaf = tuple[str, object]
number = click.argument("run_id", metavar="RUN", type=click.IntRange(1, 2**63 - 1))
why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def dead_letters() -> None:
    """Mend what could not be done: look, correct, run again, or give up."""


@dead_letters.command("list")
@click.option("--all", "also_resolved", is_flag=True, help="Resolved ones too.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_dead_letters(surroundings: Surroundings, also_resolved: bool, limit: int) -> None:
    """List what needs a person, newest first."""
    found = asyncio.run(_list(surroundings, also_resolved, limit))
    if not found:
        say("No dead letters: nothing needs a person.")
        return
    table(("run", "order", "at", "whose turn", "since", "why", "resolution"), map(_row, found))
    next_step("One of them with all it holds: tillbridge dead-letters show RUN")


@dead_letters.command("show")
@number
@pass_surroundings
def show_dead_letter(surroundings: Surroundings, run_id: int) -> None:
    """Show one with its input, field by field, and what it did."""
    opened, effects = asyncio.run(_show(surroundings, run_id))
    letter = opened.letter
    facts(
        {
            "run": letter.run_id,
            "order": letter.subject,
            "at": letter.target,
            "flow": letter.flow or opened.journey,
            "step": letter.step,
            "why": letter.message,
            "reason": letter.reason,
            "whose turn": letter.whose_turn,
            "since": letter.opened_at,
            "resolution": letter.resolution,
        }
    )
    heading("Its input, field by field")
    table(("field", "value"), leaves(mask_json(opened.content)))
    for patch in opened.patches:
        say(f"Changed by {patch.operator}: {patch.why}")
    show_effects(effects)
    next_step(_advice(letter))


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

    VALUE is text; true, false, null, {...} and [...] are read as JSON.
    """
    asyncio.run(_edit(surroundings, run_id, field, _value(value), why))
    say(f"{field} of dead letter {run_id} is changed.")
    next_step(f"Run it again: tillbridge dead-letters replay {run_id} --why ...")


@dead_letters.command("replay")
@number
@why_option
@pass_surroundings
def replay_dead_letter(surroundings: Surroundings, run_id: int, why: str) -> None:
    """Run it again with the same keys: what was done is not done again."""
    fresh = asyncio.run(_replay(surroundings, run_id, why))
    say(f"Dead letter {run_id} runs again as run {fresh}.")
    next_step(f"See how it ends: tillbridge runs show {fresh}")


@dead_letters.command("cancel")
@number
@why_option
@pass_surroundings
def cancel_dead_letter(surroundings: Surroundings, run_id: int, why: str) -> None:
    """Give it up for good; a hold it leaves behind is released."""
    asyncio.run(_cancel(surroundings, run_id, why))
    say(f"Dead letter {run_id} is cancelled.")


def leaves(tree: object, path: str = "") -> list[Leaf]:
    """Every value of a document with its path, as `edit` takes it."""
    if isinstance(tree, dict) and tree:
        inner = [leaves(value, f"{path}.{name}") for name, value in tree.items()]
    elif isinstance(tree, list | tuple) and tree:
        inner = [leaves(value, f"{path}.{at}") for at, value in enumerate(tree)]
    else:
        shown = "" if tree is None else tree
        return [(path.removeprefix("."), shown if isinstance(shown, str) else str(shown))]
    return [leaf for part in inner for leaf in part]


def _value(text: str) -> object:
    """Digits stay text: amounts and numbers of orders are text in our documents."""
    if text in ("true", "false", "null") or text.startswith(("{", "[", '"')):
        return read_json(text)
    return text


def _row(letter: DeadLetter) -> tuple[object, ...]:
    return (
        letter.run_id,
        letter.subject,
        letter.target,
        letter.whose_turn,
        age(letter.opened_at),
        letter.message,
        letter.resolution,
    )


def _advice(letter: DeadLetter) -> str:
    run_id = letter.run_id
    if letter.resolved_at is not None:
        return f"It is resolved. The order's story: tillbridge trace {letter.subject}"
    if letter.kind == "unusable":
        again = f"tillbridge dead-letters replay {run_id} --why ..."
        return f"Mend what kept it from being read, then: {again}; or ask its sender."
    return (
        "Mend the cause, or correct it: tillbridge dead-letters edit"
        f" {run_id} FIELD VALUE --why ...; then: tillbridge dead-letters replay {run_id} --why ..."
    )


async def _list(surroundings: Surroundings, also_resolved: bool, limit: int) -> list[DeadLetter]:
    async with surroundings.database() as database:
        return await desk.dead_letters(database, also_resolved=also_resolved, limit=limit)


async def _show(surroundings: Surroundings, run_id: int) -> tuple[Opened, list[EffectRow]]:
    async with surroundings.database() as database:
        opened = await desk.open_dead_letter(database, run_id)
        _, effects = await run(database, run_id)
    return opened, effects


async def _edit(
    surroundings: Surroundings, run_id: int, field: str, value: object, why: str
) -> None:
    way = "tillbridge dead-letters edit"
    async with surroundings.database() as database, counting(database, way):
        await steer.correct(database, run_id, field, value, operator=who(), why=why)


async def _replay(surroundings: Surroundings, run_id: int, why: str) -> int:
    async with surroundings.house() as house:
        return await steer.replay(house, run_id, who(), why)


async def _cancel(surroundings: Surroundings, run_id: int, why: str) -> None:
    async with surroundings.house() as house:
        await steer.cancel(house, run_id, who(), why)
