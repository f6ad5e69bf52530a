"""Error classes: what kind of trouble an error is, so that one table says what follows.

A class is read off the error's family and its reason. Reasons are machine words, and their first
word tells the class where the family alone does not: what begins with `bad_`, `missing_`, `no_`,
`too_`, `not_`, `text_too_`, `wrong_` or `empty_` is wrong data, whoever says so.
"""

from enum import StrEnum
from typing import Final

from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)

RATE_LIMITED: Final = "rate_limited"
"""The reason of an error that says: nothing was done, you ask too often."""
CREDENTIALS: Final = "credentials"
"""The reason of an error that says the whole connection is not let in."""
DUPLICATE: Final = "duplicate"
"""The reason of an error that says: this is there already, and not by our key."""


class ErrorClass(StrEnum):
    """What kind of trouble an error is."""

    TRANSIENT = "transient"
    RATE_LIMIT = "rate_limit"
    CONNECTION = "connection"
    AUTHENTICATION = "authentication"
    REJECTED_BY_RULE = "rejected_by_rule"
    INVALID_DATA = "invalid_data"
    DUPLICATE = "duplicate"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CONFIGURATION = "configuration"
    UNRECONCILED = "unreconciled"
    BUG = "bug"


_OF_DATA: Final = (
    "bad_", "missing_", "no_", "too_", "not_", "text_too_", "wrong_", "empty_", "unreadable",
    "unusable", "unkeepable", "amounts_differ", "totals_differ", "currencies_differ",
    "currency_mismatch",
    "unknown_product", "unknown_currency", "unknown_country", "unknown_customer", "card_data",
    "lookup_missing",
)  # fmt: skip
_NOT_OF_DATA: Final = frozenset({"not_found", "not_allowed", "no_account"})


def class_of(error: TillbridgeError) -> ErrorClass:
    """The class of an error.

    A Transient that may have taken effect is an unknown outcome, whatever its reason says.
    """
    match error:
        case Transient(sent="perhaps"):
            return ErrorClass.UNKNOWN_OUTCOME
        case Transient(reason="rate_limited" | "over_limits"):
            return ErrorClass.RATE_LIMIT
        case Transient(gate=True):
            return ErrorClass.CONNECTION
        case Transient():
            return ErrorClass.TRANSIENT
        case Misconfigured(reason="credentials"):
            return ErrorClass.AUTHENTICATION
        case Misconfigured():
            return ErrorClass.CONFIGURATION
        case Unreconciled():
            return ErrorClass.UNRECONCILED
        case Rejected(reason=reason) if reason == DUPLICATE or reason.startswith("duplicate_"):
            return ErrorClass.DUPLICATE
        case Rejected(reason=reason) if reason not in _NOT_OF_DATA and reason.startswith(_OF_DATA):
            return ErrorClass.INVALID_DATA
        case _:
            return ErrorClass.REJECTED_BY_RULE
