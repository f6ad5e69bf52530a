"""How one simulated Cybersource account behaves."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tillbridge_simulators.cybersource.credentials import Credentials

FenceMode: TypeAlias = Literal["remembers", "forgets", "unsupported"]


def _at_once(_: random.Random) -> float:
    return 0.0


@dataclass(slots=True)
class Options:
    """The account's settings; every wait is in seconds before it is divided by the factor.

    Attributes:
        portfolio_id: the portfolio that the merchant belongs to, with its meta key's id and secret;
            "" for a merchant who is in none.
        hosts: names of the account's own beside the address it listens on: its certificate is good
            for them, and tokens may be made out to them.
        fence: what a time-out reversal or void does when nothing is found under its transactionId.
            "remembers": it is kept, and a late commit is undone at once. "forgets": it is refused
            as INVALID_DATA and nothing is kept. "unsupported": the processor offers neither.
        search_lag_s: how long a transaction stays invisible to search and details.
        report_lag_s: how long a decision stays out of the Conversion Detail Report, and how long a
            report that was asked for takes to be made.
        partial_captures: several captures of one authorization are allowed.
        transaction_id_once: a second authorization or capture with a transactionId is refused as
            DUPLICATE_REQUEST. Off: Cybersource only says that the id must be unique.
        refunds_beyond: more may be refunded than was captured, as the test host lets one; each
            processor has a limit of its own.
        token_life_s: how long a transient token may be used.
        offer_life_s: how long the rate of an offer to convert a currency is good.
        mandate_life_s: how long a payer has to sign a mandate.
        batch_every_s: how often captures and credits leave; None: only when somebody closes one.
        funding_lag_s: how long after its batch closed a payment is paid out to the merchant.
        split_tender: the account takes partial authorizations; where it does not, an issuer that
            holds only a part declines.
        follow_on_days: how long a transaction can be captured, refunded or voided.
        aged_s: by order number, how long ago its authorization says that it was made: a hold that
            is old already.
        odd: operations whose next success is answered with a status word nobody knows.
        webhooks_once: a second subscription of the same events to the same address is refused.
            Off: it is taken, and each event is told twice. The documents do not say which.
        health_every_s: how often subscribers' health is asked for; None: taken for granted.
        file_bytes_max: how large a file of transactions may be that is uploaded.
        latency: seconds before each answer, drawn with the simulator's seed.
    """

    merchant_id: str = "tillbridge_test"
    key_id: str = "08c94330-f618-42a3-b09d-e1e43be5efda"
    secret_key: str = "eUJKeHk2TGpNMlRtY1BHdStHYUpySHRra2UyNWZQcFU="  # noqa: S105 (made up, for tests)
    hosts: tuple[str, ...] = ()
    portfolio_id: str = ""
    meta_key_id: str = "4e3c8ea1-3a86-4b4e-8b73-5b0a9d6e1f20"
    meta_secret_key: str = "bWV0YSBrZXkgb2YgYSBwb3J0Zm9saW8sIG1hZGUgdXA="  # noqa: S105 (made up, for tests)
    fence: FenceMode = "remembers"
    search_lag_s: float = 0.0
    report_lag_s: float = 0.0
    partial_captures: bool = False
    transaction_id_once: bool = False
    refunds_beyond: bool = False
    token_life_s: float = 900.0
    offer_life_s: float = 86_400.0
    mandate_life_s: float = 86_400.0
    batch_every_s: float | None = None
    funding_lag_s: float = 172_800.0
    split_tender: bool = True
    follow_on_days: int = 180
    aged_s: dict[str, float] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)
    webhooks_once: bool = True
    health_every_s: float | None = None
    file_bytes_max: int = 75 << 20
    latency: Callable[[random.Random], float] = field(default=_at_once)

    def credentials(self) -> Credentials:
        """The keys that these settings name."""
        made = Credentials(self.merchant_id, self.portfolio_id)
        made.share(self.key_id, self.secret_key)
        if self.portfolio_id:
            made.share(self.meta_key_id, self.meta_secret_key, by_portfolio=True)
        return made
