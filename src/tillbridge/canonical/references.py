"""How one thing is known in each system."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """One name of one thing.

    Attributes:
        system: the connection's name ("cybersource", "dynamics", "sage", "webshop").
        kind: what it names there: order, payment, capture, reversal, sales_order, customer, ...
        id: the other system's own identifier, exactly as it writes it (padding removed).
    """

    system: str
    kind: str
    id: str
