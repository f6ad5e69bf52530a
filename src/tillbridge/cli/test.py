"""`tillbridge test`: the folder's tests, over simulators; and a test made of a recorded run."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import complain, next_step, say
from tillbridge.cli.surroundings import Surroundings, pass_surroundings

FROM_RUN = "tillbridge.rehearsal.from_run"
REHEARSAL = "tillbridge.rehearsal.rehearsal"
"""Named, not imported: what plays over simulators stands above the commands."""


@click.command("test")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--matching", default="", help="Only tests whose name has this in it.")
@click.option("--coverage", is_flag=True, help="Show which steps, cases and rules no test takes.")
@click.option("--json", is_flag=True, help="Print JSON.")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write JUnit XML for continuous integration.",
)
@click.option(
    "--from-run",
    type=click.IntRange(1, 2**63 - 1),
    default=None,
    metavar="RUN",
    help="Make a test of a recorded run (or dead letter) instead; personal data is replaced.",
)
@click.option("--name", default="", help="What the test made of a run is called.")
@pass_surroundings
@click.pass_context
def test(
    ctx: click.Context,
    surroundings: Surroundings,
    /,
    files: tuple[Path, ...],
    from_run: int | None,
    name: str,
    **options: Any,
) -> None:
    """Run the tests beside your flows (tests/*.yaml), over simulators, never a real system.

    The exit status is 0 only if every test passed.
    """
    surroundings.expect_folder()
    if from_run is not None:
        ctx.exit(asyncio.run(_from_run(surroundings, from_run, name)))
    module = import_module(REHEARSAL)
    run: Callable[[Any], int] = module.run_tests
    ctx.exit(run(module.Wanted(surroundings.site, files, **options)))


async def _from_run(surroundings: Surroundings, run_id: int, name: str) -> int:
    module = import_module(FROM_RUN)
    async with surroundings.database() as database:
        made = await module.retell_run(module.Asked(surroundings.site, run_id, name), database)
    say(f"Made {made.path}: {made.steps} steps, {made.writes} writes expected.")
    say("Names, e-mail addresses, phone numbers, addresses and tokens in it are pseudonyms.")
    for sentence in made.unlike:
        complain(f"It does not end as the run did. {sentence}.")
    next_step(f"Read it, then: tillbridge --folder {surroundings.site.folder} test")
    return FAILED if made.unlike else 0
