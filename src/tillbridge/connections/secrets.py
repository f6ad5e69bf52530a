"""The connections' secrets by name: sealed in the database, or given by the environment.

They can be set and used, never read back by a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.sealing import Seal
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.connections", "secrets.sql")
PREFIX = "TILLBRIDGE_SECRET_"


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """What may be shown of a secret."""

    name: str
    set_at: datetime
    set_by: str


class Secrets:
    """Answers a secret by its name; the environment (TILLBRIDGE_SECRET_NAME) goes first."""

    def __init__(self, values: Mapping[str, Secret], environment: Mapping[str, str]) -> None:
        self._values = values
        self._environment = environment
        self._used: dict[str, Secret] = {}

    @classmethod
    async def load(
        cls, database: Database, seal: Seal, environment: Mapping[str, str]
    ) -> "Secrets":
        """Unseals what the database holds. Raises Misconfigured for a wrong key."""
        rows = await database.fetch(SQL["all_secrets"])
        values = {row["name"]: seal.unseal(row["name"], row["sealed"]) for row in rows}
        return cls(values, environment)

    def __call__(self, name: str) -> Secret:
        """Raises Misconfigured, saying how to set it."""
        secret = self._of(name)
        self._used[name] = secret
        return secret

    def used(self) -> list[Secret]:
        """What was answered: it may stand in no log line."""
        return list(self._used.values())

    def _of(self, name: str) -> Secret:
        given = self._environment.get(PREFIX + name.upper().replace("-", "_"))
        if given is not None:
            return Secret(given)
        if name not in self._values:
            raise Misconfigured(
                f"The secret {name!r} is not set.",
                reason="missing_secret",
                next_step=f"Run: tillbridge secrets set {name}",
            )
        return self._values[name]


async def set_secret(tx: Tx, seal: Seal, name: str, secret: Secret, operator: str) -> None:
    """Seals and keeps a secret, replacing an earlier one of that name."""
    await tx.execute(SQL["set_secret"], name, seal.seal(name, secret), operator)


async def known_secrets(database: Database) -> list[KnownSecret]:
    """Which secrets are set; never their values."""
    rows = await database.fetch(SQL["list_secrets"])
    return [KnownSecret(row["name"], row["set_at"], row["set_by"]) for row in rows]


async def drop_secret(tx: Tx, name: str) -> bool:
    """Forgets a secret; False when there was none."""
    return await tx.fetchval(SQL["drop_secret"], name) is not None
