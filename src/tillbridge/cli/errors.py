"""`tillbridge errors`: what follows an error, by its class."""

import click

from tillbridge.cli.printing import heading, next_step, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE
from tillbridge.connections.error_policies import read_error_policies
from tillbridge.connections.error_reference import COLUMNS, row_of


@click.command()
@click.option("--connection", default="", help="As it holds there; the standard if not given.")
@pass_surroundings
def errors(surroundings: Surroundings, connection: str) -> None:
    """Show what follows errors: tried again or not, how long, who is told, what to do.

    A connection says otherwise under errors: in tillbridge.yaml.
    """
    surroundings.site.configured()  # says what is wrong with the file
    text = (surroundings.site.folder / FILE).read_text(encoding="utf-8")
    policies = read_error_policies(text)
    table(COLUMNS, [row_of(policy) for policy in policies.table(connection)])
    for name, own in policies.of_connections.items():
        if not connection:
            heading(f"Otherwise at {name}")
            table(COLUMNS, [row_of(policy) for policy in own.values()])
    next_step(
        "What may have taken place is never sent again on a guess. Change the rest per connection:"
        f" errors: in {FILE}."
    )
