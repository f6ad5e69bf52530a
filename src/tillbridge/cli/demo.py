"""`tillbridge demo`: a day's trade over simulators of every system."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

DEMO = "tillbridge.demo.demo"
"""Named, not imported: surfaces do not import one another."""


@click.command()
@click.option("--orders", type=click.IntRange(1, 100_000), default=300, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Which shoppers come.")
@click.option(
    "--factor",
    type=click.FloatRange(min=1),
    default=30.0,
    show_default=True,
    help="Every wait is divided by it.",
)
@click.option("--stay", is_flag=True, help="Keep everything running until Ctrl-C.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Keep everything in this new folder; a temporary one if not given.",
)
@click.pass_context
def demo(ctx: click.Context, /, **wanted: Any) -> None:
    """Trade a day over simulators of a shop, Cybersource, Dynamics 365 and Sage Pro.

    Cards are declined, answers are lost, systems go down. At the end an auditor compares every
    order in every system, to the cent; the exit status is 0 only if every promise was kept.
    """
    module = import_module(DEMO)
    run: Callable[[Any], int] = module.run_demo
    ctx.exit(run(module.Wanted(**wanted)))
