"""The demo's folder: a template, or a folder of the user's, whose connections are simulators."""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, TypeAlias

from tillbridge.assembly import Site
from tillbridge.canonical.errors import Rejected
from tillbridge.connections.configuration import FILE
from tillbridge.outside.pointing import Pointed, connection_of, point, systems_of
from tillbridge.outside.texts import PARTS, Texts, read_texts

Addresses: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By system what a connection to it needs, as tillbridge_simulators.world prints it."""

TEMPLATE = "order-to-cash-both"
NEEDED: Final = ("shop", "cybersource")
"""Without a till and payments no day is traded."""
CHANGES: Final[Mapping[str, Mapping[str, str]]] = {
    "cybersource": {
        "search_lag_s": "10",
        "address_check_policy": "reverse",
        "partial_captures": "yes",
    },
    "sagepro": {"transliterate": "yes"},
}
"""What the simulated shop and its shoppers need: parcels in two, names with accents."""


@dataclass(frozen=True, slots=True)
class Played:
    """The texts a day is traded with.

    Attributes:
        systems: the simulated ones that its connections need.
        shop, payments: the names of those connections.
    """

    texts: Texts
    systems: list[str]
    shop: str
    payments: str


async def copy_texts(source: Path | None, folder: Path) -> Played:
    """Copies the texts of a user's folder (None: of the template) into the demo's own.

    Raises:
        Misconfigured: the folder is not right, with file and line.
        Rejected: it has no shop or no payments.
    """
    with ExitStack() as stack:
        template = files("tillbridge").joinpath("templates", TEMPLATE)
        root = source or stack.enter_context(as_file(template))
        for part in PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, folder / part)
        texts = await read_texts(Site(root))
    systems = systems_of(texts.configured)
    for system in NEEDED:
        if system not in systems:
            raise Rejected(
                f"No connection of {root} is to a {system}: nobody could buy anything.",
                reason="no_till",
                next_step="Test its flows instead: tillbridge test",
            )
    return Played(
        texts,
        systems,
        connection_of(texts.configured, "shop"),
        connection_of(texts.configured, "cybersource"),
    )


def write_connections(folder: Path, played: Played, outside: Addresses) -> Pointed:
    """Writes the demo's tillbridge.yaml; answers it with the values of its secrets."""
    pointed = point(played.texts.configured, outside, CHANGES)
    if pointed.stood_in:
        raise Rejected(
            f"No simulator stands for {', '.join(pointed.stood_in)}.",
            reason="no_simulator",
            next_step="Test its flows instead, where such connections are stood in for:"
            " tillbridge test",
        )
    (folder / FILE).write_text(pointed.text, encoding="utf-8")
    return pointed
