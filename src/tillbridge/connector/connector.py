"""A connector is a value: a name, a settings type, and `open`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.keyring import Keyring, PlainKeyring
from tillbridge.connector.limits import Limits
from tillbridge.connector.permits import Permits, Unlimited

Clock: TypeAlias = Callable[[], datetime]
"""Answers the present instant, UTC. Passed in, never looked up."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the engine hands to `open`.

    Attributes:
        connection: the connection's name; it is the `system` of every reference made here.
        clock: the present instant.
        factor: every wait of the world is divided by this (1 in production; printed by demo and
            campaigns).
        threads_max: how many threads a blocking driver may use.
        permits: asked before each request; `connector.http` does it for its callers.
        keyring: the keys the connector makes itself, kept sealed.
    """

    connection: str
    clock: Clock
    factor: float = 1.0
    threads_max: int = 4
    permits: Permits = field(default_factory=Unlimited)
    keyring: Keyring = field(default_factory=PlainKeyring)


@dataclass(frozen=True, slots=True)
class Connector:
    """The package that speaks one system's language.

    Attributes:
        name: fit for a URL: lower-case letters, digits and hyphens.
        title: what people call the system.
        settings: a frozen dataclass declared with `connector.settings.setting`.
        open: a session from settings; makes no call. What the session can do is which protocols
            of `connector.abilities` it satisfies.
        id_fields: fields of its deliveries that hold ids or tokens, by name or dotted path: many
            pass for card numbers, so the search for card data leaves them alone.
        limits: how much the system takes of one connection, where its maker states it.
    """

    name: str
    title: str
    settings: type[Any]
    open: Callable[[Any, Opening], object]
    id_fields: frozenset[str] = frozenset()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        plain = self.name.replace("-", "")
        if not (plain.isascii() and plain.isalnum() and self.name == self.name.lower()):
            raise Misconfigured(f"The connector name {self.name!r} is not fit for a URL.")
