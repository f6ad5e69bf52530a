"""`tillbridge operators`: who may look and who may steer."""

import asyncio

import click

from tillbridge.access.audit import record
from tillbridge.access.operators import (
    Operator,
    Role,
    add_operator,
    close_operator,
    renew_token,
)
from tillbridge.access.operators import operators as all_operators
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connector.settings import Secret


@click.group(cls=Commands, default="list")
def operators() -> None:
    """Keep the people and programs that may use the API."""


@operators.command("list")
@pass_surroundings
def list_operators(surroundings: Surroundings) -> None:
    """List them all, closed ones too."""
    found = asyncio.run(_list(surroundings))
    if not found:
        say("No operators yet.")
        next_step("Add the first: tillbridge operators add NAME --role operator")
        return
    table(
        ("name", "may", "since", "closed"),
        [(one.name, _may(one), one.added_at, one.closed_at) for one in found],
    )


@operators.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="viewer: may look. operator: may look and steer.",
)
@pass_surroundings
def add(surroundings: Surroundings, name: str, role: str) -> None:
    """Add NAME and show the token, this once."""
    show_token(name, asyncio.run(_add(surroundings, name, Role(role))))


@operators.command("renew")
@click.argument("name")
@pass_surroundings
def renew(surroundings: Surroundings, name: str) -> None:
    """Give NAME a new token; the old one is worth nothing from now on."""
    show_token(name, asyncio.run(_renew(surroundings, name)))


@operators.command("close")
@click.argument("name")
@pass_surroundings
def close(surroundings: Surroundings, name: str) -> None:
    """NAME may do nothing any more; the name stays in the audit."""
    asyncio.run(_close(surroundings, name))
    say(f"{name} is closed; the token is worth nothing from now on.")


def show_token(name: str, token: Secret) -> None:
    """The only time a token is seen."""
    say(f"The token of {name}, shown this once:")
    say(f"\n  {token.value}")
    next_step("Keep it safe, and send it as: Authorization: Bearer TOKEN")


def _may(operator: Operator) -> str:
    if operator.closed_at is not None:
        return "nothing any more"
    return "look and steer" if operator.may_steer else "look"


async def _list(surroundings: Surroundings) -> tuple[Operator, ...]:
    async with surroundings.database() as database, database.connection() as connection:
        return await all_operators(connection)


async def _add(surroundings: Surroundings, name: str, role: Role) -> Secret:
    async with surroundings.database() as database, database.transaction() as tx:
        token = await add_operator(tx, name, role)
        await record(tx, who(), "add operator", name, after={"role": role.value})
    return token


async def _renew(surroundings: Surroundings, name: str) -> Secret:
    async with surroundings.database() as database, database.transaction() as tx:
        token = await renew_token(tx, name)
        await record(tx, who(), "renew token", name)
    return token


async def _close(surroundings: Surroundings, name: str) -> None:
    async with surroundings.database() as database, database.transaction() as tx:
        await close_operator(tx, name)
        await record(tx, who(), "close operator", name)
