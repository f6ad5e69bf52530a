"""What happens to an authorization: by its token, or by a trigger amount.

Source: the status and reason tables of the REST API's response codes (developer.cybersource.com,
API reference, Response Codes; POST /pts/v2/payments).
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an authorization ends.

    Attributes:
        status, reason: as the answer words them.
        holds: True when the issuer holds money, whatever the status says.
        share: which part of the amount is held.
        code: the numeric reason code that search shows.
        flag: the reply flag that search shows.
    """

    status: str
    reason: str = ""
    holds: bool = False
    share: Decimal = Decimal(1)
    code: int = 100
    flag: str = "SOK"

    @property
    def avs(self) -> dict[str, str]:
        """The result of the address check: street and postal code match, or neither does."""
        fails = self.reason == "AVS_FAILED"
        return {"code": "N", "codeRaw": "N"} if fails else {"code": "X", "codeRaw": "I1"}


_REVIEW = "AUTHORIZED_PENDING_REVIEW"
_REJECT = "AUTHORIZED_RISK_DECLINED"

OUTCOMES: dict[str, Outcome] = {
    "authorized": Outcome("AUTHORIZED", holds=True),
    "partial": Outcome(
        "PARTIAL_AUTHORIZED", holds=True, share=Decimal("0.5"), code=110, flag="SPARTIALAPPROVAL"
    ),
    "avs_failed": Outcome(_REVIEW, "AVS_FAILED", holds=True, code=200, flag="DAVSNO"),
    "cv_failed": Outcome(_REVIEW, "CV_FAILED", holds=True, code=230, flag="DCV"),
    "contact_processor": Outcome(_REVIEW, "CONTACT_PROCESSOR", holds=True, code=201, flag="DCALL"),
    "review": Outcome(_REVIEW, "DECISION_PROFILE_REVIEW", holds=True, code=480, flag="DREVIEW"),
    "pending_review": Outcome(
        "PENDING_REVIEW", "DECISION_PROFILE_REVIEW", code=480, flag="DREVIEW"
    ),
    "risk_declined": Outcome(
        _REJECT, "DECISION_PROFILE_REJECT", holds=True, code=481, flag="DREJECT"
    ),
    "score": Outcome(_REJECT, "SCORE_EXCEEDS_THRESHOLD", holds=True, code=400, flag="DSCORE"),
    "challenge": Outcome(
        "PENDING_AUTHENTICATION", "CONSUMER_AUTHENTICATION_REQUIRED", code=475, flag="DAUTHENTICATE"
    ),
}
"""By the name a test gives when it mints a token; declines follow below."""

OUTCOMES |= dict.fromkeys(
    (
        "authentication_attempted",
        "authentication_unavailable",
        "authentication_rejected",
        "not_enrolled",
        "challenge_unavailable",
    ),
    OUTCOMES["authorized"],
)
"""How the holder's authentication ends (authentications.py); the issuer would pay all of them."""

_DECLINES = {
    "EXPIRED_CARD": (202, "DCARDEXPIRED"),
    "PROCESSOR_DECLINED": (203, "DCARDREFUSED"),
    "INSUFFICIENT_FUND": (204, "DCARDREFUSED"),
    "STOLEN_LOST_CARD": (205, "DCARDREFUSED"),
    "ISSUER_UNAVAILABLE": (207, "DCARDREFUSED"),
    "UNAUTHORIZED_CARD": (208, "DCARDREFUSED"),
    "CVN_NOT_MATCH": (209, "DCARDREFUSED"),
    "EXCEEDS_CREDIT_LIMIT": (210, "DCARDREFUSED"),
    "INVALID_CVN": (211, "DCARDREFUSED"),
    "DECLINED_CHECK": (220, "DCHECKREFUSED"),
    "BLACKLISTED_CUSTOMER": (221, "DCHECKREFUSED"),
    "SUSPENDED_ACCOUNT": (222, "DCHECKREFUSED"),
    "PAYMENT_REFUSED": (223, "DPAYMENTREFUSED"),
    "INVALID_ACCOUNT": (231, "DINVALIDCARD"),
    "GENERAL_DECLINE": (233, "DINVALIDDATA"),
    "CONSUMER_AUTHENTICATION_FAILED": (476, "DAUTHENTICATIONFAILED"),
    "ALLOWABLE_PIN_RETRIES_EXCEEDED": (233, "DINVALIDDATA"),
    "BLOCKED_BY_CARDHOLDER": (233, "DINVALIDDATA"),
    "PROCESSOR_ERROR": (233, "DINVALIDDATA"),
    "CUSTOMER_WATCHLIST_MATCH": (700, "DRESTRICTED"),
    "ADDRESS_COUNTRY_WATCHLIST_MATCH": (701, "DRESTRICTED"),
    "EMAIL_COUNTRY_WATCHLIST_MATCH": (702, "DRESTRICTED"),
    "IP_COUNTRY_WATCHLIST_MATCH": (703, "DRESTRICTED"),
}
OUTCOMES |= {
    reason.lower(): Outcome("DECLINED", reason, code=code, flag=flag)
    for reason, (code, flag) in _DECLINES.items()
}

TRIGGER_AMOUNTS: dict[Decimal, str] = {
    Decimal(9901): "expired_card",
    Decimal(9902): "insufficient_fund",
    Decimal(9903): "processor_declined",
    Decimal(9910): "avs_failed",
    Decimal(9911): "cv_failed",
    Decimal(9920): "review",
    Decimal(9930): "risk_declined",
    Decimal(9940): "partial",
    Decimal(9950): "challenge",
}
"""Ours: an amount that is exactly one of these wins over the token's outcome."""

UNDONE_BY_FENCE = Outcome("DECLINED", "GENERAL_DECLINE", code=233, flag="DINVALIDDATA")
"""The answer to an authorization that a time-out reversal was waiting for."""
