"""`tillbridge run`: starts a run of a flow by hand."""

import asyncio
from typing import BinaryIO

import click

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.cli.printing import next_step, say
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.ask import INPUT_MAX_BYTES, ask_for_run, given_texts
from tillbridge.journeys.card_guard import counting


@click.command()
@click.argument("flow")
@click.option(
    "--input",
    "given",
    type=click.File("rb"),
    help="A JSON object with what the flow takes; - for standard input.",
)
@click.option("--subject", default="", help="What the run is about, such as an order's number.")
@click.option("--key", default="", help="The same key again starts nothing more.")
@click.option("--why", required=True, help="In a sentence; it stands in the audit.")
@pass_surroundings
def run(
    surroundings: Surroundings,
    flow: str,
    *,
    given: BinaryIO | None,
    subject: str,
    key: str,
    why: str,
) -> None:
    """Start a run of FLOW, which says what it takes (takes: in its text)."""
    fields = _read(given)
    about = asyncio.run(_ask(surroundings, flow, fields, subject=subject, key=key, why=why))
    say(f"A run of {flow} about {about!r} is started; a worker takes it.")
    next_step(f"See it: tillbridge runs --subject {about!r}")


def _read(given: BinaryIO | None) -> dict[str, str]:
    if given is None:
        return {}
    body = given.read(INPUT_MAX_BYTES + 1)
    if len(body) > INPUT_MAX_BYTES:
        raise Rejected(
            f"The input has more than {INPUT_MAX_BYTES:,} bytes.",
            reason="too_large",
            next_step="Give many rows as a file to a flow that starts on files.",
        )
    return given_texts(read_json(body))


async def _ask(
    surroundings: Surroundings,
    flow: str,
    fields: dict[str, str],
    *,
    subject: str,
    key: str,
    why: str,
) -> str:
    async with surroundings.house() as house, counting(house.database, "tillbridge run"):
        return await ask_for_run(house, flow, fields, who=who(), why=why, subject=subject, key=key)
