"""What is kept of invoices and payment links."""

from dataclasses import dataclass, field
from typing import Any

from tillbridge_simulators.cybersource.shelf import Shelf


@dataclass(slots=True)
class Invoicing:
    """By noun; `numbers` is the last one given out, `fields` by kind ("invoice", "Purchase")."""

    invoices: Shelf = field(default_factory=Shelf)
    links: Shelf = field(default_factory=Shelf)
    fields: Shelf = field(default_factory=Shelf)
    settings: dict[str, Any] = field(default_factory=dict)
    numbers: int = 0
