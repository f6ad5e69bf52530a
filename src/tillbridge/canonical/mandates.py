"""Mandates: what lets us debit somebody's bank account again and again."""

from enum import StrEnum


class MandateState(StrEnum):
    """Where a mandate stands.

    PENDING: its payer has not signed. EXPIRED: nor did in time. FAILED: the payer was not
    authenticated, or the scheme did not accept it. INACTIVE: it stands, and cannot be used now.
    """

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"
    REVOKED = "revoked"
    FAILED = "failed"
    EXPIRED = "expired"
