"""`tillbridge explain`: why a field of a written document has its value."""

import asyncio
from collections.abc import Sequence

import click

from tillbridge.canonical.errors import Rejected
from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.journeys.explain import Asked, FieldTold, StepTold, explain_run, runs_of


@click.command()
@click.argument("asked", metavar="ORDER|run:NUMBER")
@click.argument("field", metavar="[FIELD]", default="")
@click.option("--step", default="", help="Only this step of the flow.")
@pass_surroundings
def explain(surroundings: Surroundings, asked: str, field: str, step: str) -> None:
    """Explain where the fields of a document came from.

    For each field: the line of the mapping (of the version the run is pinned to), what it read and
    what that was, the lookup row, the rate, the cut. FIELD is written as in lines[0].price.
    """
    steps = asyncio.run(_explain(surroundings, asked, Asked(step, field)))
    if not steps:
        raise Rejected(
            f"No step of {asked} filled {field or 'any field'}.",
            reason="nothing_to_explain",
            next_step="See its steps: tillbridge explain without a field.",
        )
    for told in steps:
        heading(
            f"Run {told.run}, order {told.subject}: {told.step} ({told.document})"
            f" of {told.flow}, version {told.version[:12]}"
        )
        if told.refused:
            say(f"It was refused: {told.refused}")
        if field:
            for each in told.fields:
                _show_field(each)
        else:
            table(("field", "value", "from", "because", "line"), map(_row, told.fields))
    if not field:
        first = next((each.field for told in steps for each in told.fields), "")
        next_step(f"One field with all it was made of: tillbridge explain {asked} {first}")


def _row(told: FieldTold) -> tuple[object, ...]:
    return told.field, _value(told), _read(told), _because(told), _line(told.file, told.line)


def _show_field(told: FieldTold) -> None:
    say(f"\n{told.field} is {_value(told)}, by {_line(told.file, told.line)}")
    rows: list[tuple[object, ...]] = [
        (part.role, part.text, _shown(part.value), _line(part.file, part.line))
        for part in told.expressions
    ]
    rows += [
        ("read", part.text, _shown(part.value), _line(part.file, part.line))
        for part in told.inputs
        if part.text not in {each.text for each in told.expressions}
    ]
    rows += [
        ("row", f"of {row.lookup}", _shown(row.key), _line(row.file, row.line) or "no row")
        for row in told.rows
    ]
    rows += [(note.kind, note.told, "", "") for note in told.notes]
    if rows:
        table(("what", "as written", "gave", "line"), rows)


def _value(told: FieldTold) -> str:
    return _shown(told.value) if told.filled else "left out"


def _shown(value: str | None) -> str:
    return "null" if value is None else value or '""'


def _read(told: FieldTold) -> str:
    return ", ".join(part.text for part in told.inputs)


def _because(told: FieldTold) -> str:
    """The condition, the lookup row and what was done besides."""
    said = [f"{part.text} is {part.value}" for part in told.expressions if part.role == "when"]
    said += [f"row {_line(row.file, row.line) or 'missing'}" for row in told.rows]
    said += [note.told for note in told.notes]
    if any(part.role == "default" for part in told.expressions):
        said.append("the default stood in")
    return "; ".join(said)


def _line(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line is not None else file


async def _explain(surroundings: Surroundings, asked: str, what: Asked) -> Sequence[StepTold]:
    async with surroundings.house(publishing=False) as house:
        found: list[StepTold] = []
        for run_id in reversed(await runs_of(house.database, asked)):
            found += await explain_run(house, run_id, what)
    return found
