"""`tillbridge errors`: what follows an error, by its class."""

import click

from tillbridge.cli.printing import heading, next_step, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE
from tillbridge.connections.error_policies import ErrorPolicy, read_error_policies

_COLUMNS = ("class", "tried again", "gives up after", "whose turn", "next step")


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
    table(_COLUMNS, [row_of(policy) for policy in policies.table(connection)])
    for name, own in policies.of_connections.items():
        if not connection:
            heading(f"Otherwise at {name}")
            table(_COLUMNS, [row_of(policy) for policy in own.values()])
    next_step(
        "What may have taken place is never sent again on a guess. Change the rest per connection:"
        f" errors: in {FILE}."
    )


def row_of(policy: ErrorPolicy) -> tuple[str, str, str, str, str]:
    """A row of the table, in words."""
    return (
        policy.error_class,
        _tried(policy),
        _gives_up(policy),
        policy.tell,
        policy.next_step,
    )


def _tried(policy: ErrorPolicy) -> str:
    if policy.course == "gate":
        return "yes: its work waits at the gate and uses no tries"
    if policy.course == "proof":
        return "no: first its outcome is proven"
    if policy.tries == 1:
        return "no: a person has it at once"
    return (
        f"yes: {policy.tries} tries, {_time(policy.wait_s)} apart, then double, at most"
        f" {_time(policy.longest_wait_s)}"
    )


def _gives_up(policy: ErrorPolicy) -> str:
    if policy.give_up_after_s:
        return _time(policy.give_up_after_s)
    return "never" if policy.course in ("gate", "proof") else ""


def _time(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit if unit != 'm' else 'min'}"
    return f"{seconds:g} s"
