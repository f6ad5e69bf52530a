"""`tillbridge test`: the folder's tests, over simulators; and a test made of a recorded run."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tillbridge.cli.surroundings import Surroundings, pass_surroundings

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
@pass_surroundings
@click.pass_context
def test(
    ctx: click.Context, surroundings: Surroundings, /, files: tuple[Path, ...], **options: Any
) -> None:
    """Run the tests beside your flows (tests/*.yaml), over simulators, never a real system.

    The exit status is 0 only if every test passed.
    """
    surroundings.expect_folder()
    module = import_module(REHEARSAL)
    run: Callable[[Any], int] = module.run_tests
    ctx.exit(run(module.Wanted(surroundings.site, files, **options)))
