"""A user's folder read without a call: its connections are pointed at nowhere meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tillbridge.assembly import Site, now, shapes
from tillbridge.connections.configuration import Configured, read_configuration
from tillbridge.connections.connections import Connections
from tillbridge.connector.documents import Field
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import Secret
from tillbridge.flows.folder import Folder, load_folder
from tillbridge.mapping.mapping import GroupRule
from tillbridge.outside.pointing import SYSTEMS, point

PARTS: Final = ("flows", "mappings", "lookups", "rates")
"""What of a folder runs, beside its connections."""
NOWHERE: Final[Mapping[str, Any]] = {
    "url": "http://127.0.0.1:1",
    "host": "127.0.0.1",
    "port": 1,
    "status_url": "http://127.0.0.1:1",
    "merchant_id": "simulated",
    "key_id": "simulated",
    "secret_key": "YSBtYWRlLXVwIGtleSBvZiB0aGlydHktdHdvIGJ5dGVzLi4=",
}
"""Where connections are pointed while only their documents are looked at: nothing answers."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the simulated ERPs know beside their own: products, and columns of sales orders."""

    products: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()

    def and_products(self, products: set[str]) -> "Teaching":
        """With more products."""
        return replace(self, products=self.products | products)


@dataclass(frozen=True, slots=True)
class Texts:
    """A folder, read and checked without a call.

    Attributes:
        fields: of each document, by "connection/document".
    """

    configured: Mapping[str, Configured]
    folder: Folder
    fields: Mapping[str, Sequence[Field]]

    @property
    def teaching(self) -> Teaching:
        """What its look-ups and mappings name in other systems."""
        values = {
            value
            for lookup in self.folder.library.lookups.values()
            for rows in (*lookup.rows.values(), *(wild.rows for wild in lookup.wild))
            for row in rows
            for value in row.values.values()
        }
        columns: set[str] = set()
        for mapping in self.folder.library.mappings.values():
            for field in self.folder.library.target(mapping).fields:
                rule = mapping.fields.get(field.name)
                if field.custom and isinstance(rule, GroupRule):
                    columns |= set(rule.fields)
        return Teaching(frozenset(values), frozenset(columns))


async def read_texts(site: Site) -> Texts:
    """A folder's connections, flows and mappings. Raises Misconfigured with what is wrong first."""
    configured = site.configured()
    pointed = point(configured, dict.fromkeys(SYSTEMS.values(), NOWHERE))
    again = read_configuration(pointed.text, "", installed_connectors())
    connections = Connections.open(
        again, lambda name: Secret(pointed.secrets.get(name, "")), now, 1.0
    )
    try:
        known = shapes(connections, site.folder)
        folder = load_folder(site.folder, known)
    finally:
        await connections.close()
    for problem in folder.problems:
        raise problem
    fields = {
        f"{name}/{kind}": shape.fields
        for name, one in known.items()
        for kind, shape in one.writes.items()
    }
    return Texts(configured, folder, fields)
