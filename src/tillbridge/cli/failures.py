"""How a command fails: the message, the place, the next step, exit code 1; never a traceback."""

from typing import Any

import asyncpg
import click

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.cli.printing import complain
from tillbridge.database.database import BROKEN, VICTIM

FAILED = 1


class Commands(click.Group):
    """A group of commands that fails in words. Alone, it does what `default` does."""

    default: str = ""

    def __init__(self, *args: Any, default: str = "", **settings: Any) -> None:
        settings["invoke_without_command"] = bool(default)
        super().__init__(*args, **settings)
        self.default = default

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error of ours ends it with FAILED."""
        try:
            answer = super().invoke(ctx)
            if self.default and ctx.invoked_subcommand is None:
                answer = ctx.invoke(self.commands[self.default])
        except BrokenPipeError:
            raise  # the reader has seen enough; click knows how to end then
        except (TillbridgeError, *BROKEN) as error:
            report(error)
            ctx.exit(FAILED)
        return answer


def report(error: Exception) -> None:
    """An error on the error stream; no card data is echoed."""
    told = _told(error)
    where = f"{told.place}: " if told.place else ""
    complain(mask(f"{where}{told.message}"))
    if told.next_step:
        complain(mask(told.next_step))


def _told(error: Exception) -> TillbridgeError:
    if isinstance(error, TillbridgeError):
        return error
    if isinstance(error, VICTIM):
        return Transient(
            "Two were at the same rows at once, and PostgreSQL undid what this one had begun.",
            next_step="Do it again.",
        )
    if isinstance(error, asyncpg.PostgresError):
        return Transient(
            f"PostgreSQL says: {error}.",
            next_step="Check TILLBRIDGE_DATABASE_URL: its user, password and database.",
        )
    return Transient(f"{error}.")
