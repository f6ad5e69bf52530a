"""Flows that are always there: texts like any other, once for each payment connection."""

from collections.abc import Iterable
from importlib.resources import files

from tillbridge.flows.bundle import TextFile

PLACEHOLDER = "CONNECTION"


def builtin_files(payments: Iterable[str]) -> list[TextFile]:
    """The built-in flows' texts for these payment connections."""
    folder = files("tillbridge.flows").joinpath("builtin")
    texts = sorted(
        (file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    )
    return [
        TextFile(f"builtin/{name}", text.replace(PLACEHOLDER, connection))
        for connection in payments
        for name, text in texts
    ]
