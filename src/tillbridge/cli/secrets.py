"""`tillbridge secrets`: set, see which are set, forget. They are never shown."""

import asyncio
import os
import sys

import click

from tillbridge.access.audit import record
from tillbridge.canonical.errors import Rejected
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import (
    PREFIX,
    KnownSecret,
    drop_secret,
    known_secrets,
    set_secret,
)
from tillbridge.connector.settings import Secret


@click.group(cls=Commands, default="list")
def secrets() -> None:
    """Keep the connections' secrets, sealed; nobody can read them back."""


@secrets.command("set")
@click.argument("name")
@pass_surroundings
def set_one(surroundings: Surroundings, name: str) -> None:
    """Set the secret NAME: asked for without echo, or read from standard input."""
    asyncio.run(_set(surroundings, name, _entered(name)))
    say(f"The secret {name} is set.")
    next_step("Running processes read secrets when they start: restart them, or tillbridge check")


@secrets.command("list")
@pass_surroundings
def list_secrets(surroundings: Surroundings) -> None:
    """List which secrets are needed and which are set; never their values."""
    needed = _needed(surroundings)
    known = {item.name: item for item in asyncio.run(_list(surroundings))}
    names = list(dict.fromkeys([*needed, *sorted(known)]))
    if not names:
        say("No connection needs a secret, and none is set.")
        return
    table(
        ("secret", "needed by", "set", "by"),
        [_row(name, needed.get(name, []), known.get(name)) for name in names],
    )
    missing = [name for name in needed if name not in known and not _given(name)]
    if missing:
        next_step(f"Set the missing: tillbridge secrets set {missing[0]}")
    else:
        next_step("All that are needed are set. See whether they are right: tillbridge check")


@secrets.command("drop")
@click.argument("name")
@pass_surroundings
def drop(surroundings: Surroundings, name: str) -> None:
    """Forget the secret NAME."""
    asyncio.run(_drop(surroundings, name))
    say(f"The secret {name} is forgotten.")


def _entered(name: str) -> Secret:
    if sys.stdin.isatty():
        value = click.prompt(f"{name} (not shown)", hide_input=True, type=str)
    else:
        value = sys.stdin.read().rstrip("\r\n")
    if not value:
        raise Rejected(
            f"No value was given for {name!r}.",
            reason="empty_secret",
            next_step=f"Type it when asked, or pipe it: tillbridge secrets set {name} < FILE",
        )
    return Secret(value)


def _needed(surroundings: Surroundings) -> dict[str, list[str]]:
    """The connections that need each secret, by its name."""
    found: dict[str, list[str]] = {}
    for item in surroundings.site.configured().values():
        for name in item.secret_names:
            found.setdefault(name, []).append(item.name)
    return found


def _given(name: str) -> bool:
    return PREFIX + name.upper().replace("-", "_") in os.environ


def _row(name: str, needed_by: list[str], known: KnownSecret | None) -> tuple[object, ...]:
    users = ", ".join(needed_by) or "nothing"
    if _given(name):
        return name, users, "by the environment", PREFIX + name.upper().replace("-", "_")
    if known is None:
        return name, users, "missing", ""
    return name, users, known.set_at, known.set_by


async def _set(surroundings: Surroundings, name: str, secret: Secret) -> None:
    seal = open_seal(surroundings.site.own, os.environ)
    async with surroundings.database() as database, database.transaction() as tx:
        await set_secret(tx, seal, name, secret, who())
        await record(tx, who(), "set secret", name)


async def _list(surroundings: Surroundings) -> list[KnownSecret]:
    async with surroundings.database() as database:
        return await known_secrets(database)


async def _drop(surroundings: Surroundings, name: str) -> None:
    async with surroundings.database() as database, database.transaction() as tx:
        if not await drop_secret(tx, name):
            raise Rejected(
                f"There is no secret {name!r}.",
                reason="unknown_secret",
                next_step="See tillbridge secrets list.",
            )
        await record(tx, who(), "drop secret", name)
