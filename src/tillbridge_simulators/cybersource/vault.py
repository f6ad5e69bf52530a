"""Everything that stands for cards and accounts."""

from dataclasses import dataclass, field

from tillbridge_simulators.cybersource.shelf import Shelf


@dataclass(slots=True)
class Vault:
    """By noun; no card number and no account number is among it."""

    customers: Shelf = field(default_factory=Shelf)
    instruments: Shelf = field(default_factory=Shelf)
    identifiers: Shelf = field(default_factory=Shelf)
    addresses: Shelf = field(default_factory=Shelf)
    tokenized_cards: Shelf = field(default_factory=Shelf)
    updates: Shelf = field(default_factory=Shelf)
