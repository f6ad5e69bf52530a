"""What the processor pays out: for each batch and currency one funding, less fees and chargebacks.

Which fees there are is the wording of the model FeeAndFundingDetails of the official client
(interchange, discount, dues and assessments); how much they are is made up, and always the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.batches import Batch, batches
from tillbridge_simulators.cybersource.documents import quantum
from tillbridge_simulators.cybersource.state import Dispute, Movement

INTERCHANGE_PERCENT, INTERCHANGE_PER_ITEM = Decimal("1.65"), Decimal("0.10")
DISCOUNT_PERCENT, DISCOUNT_PER_ITEM = Decimal("0.25"), Decimal("0.05")
DUES_PERCENT = Decimal("0.13")
CHARGEBACK_FEE = Decimal("15")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fees:
    """What one payment costs; a refund costs nothing, and what its capture cost stays."""

    interchange: Decimal = _NOTHING
    interchange_per_item: Decimal = _NOTHING
    discount: Decimal = _NOTHING
    discount_per_item: Decimal = _NOTHING
    dues: Decimal = _NOTHING

    @property
    def total(self) -> Decimal:
        parts = (self.interchange, self.interchange_per_item, self.discount)
        return sum((*parts, self.discount_per_item, self.dues), _NOTHING)


@dataclass(frozen=True, slots=True)
class Funding:
    """One payout. `disputes` are the chargebacks that it nets.

    Attributes:
        id: of the payout, as a bank's text would have it.
        movements: of the batch, those that the processor took.
    """

    id: str
    batch: Batch
    currency: str
    funded_s: float
    movements: Sequence[Movement]
    disputes: Sequence[Dispute]

    @property
    def purchases(self) -> Decimal:
        return _sum(one.amount for one in self.movements if one.kind == "capture")

    @property
    def refunds(self) -> Decimal:
        return _sum(one.amount for one in self.movements if one.kind != "capture")

    @property
    def fees(self) -> Decimal:
        extra = quantized(CHARGEBACK_FEE, self.currency) * len(self.disputes)
        return _sum(fees_of(one).total for one in self.movements) + extra

    @property
    def chargebacks(self) -> Decimal:
        return _sum(one.amount for one in self.disputes)

    @property
    def net(self) -> Decimal:
        """What reaches the bank."""
        return self.purchases - self.refunds - self.fees - self.chargebacks


def fundings(account: Account) -> list[Funding]:
    """Every payout so far, oldest first; a chargeback is netted with the first that follows it."""
    made: list[Funding] = []
    open_ = [one for one in account.state.disputes if one.kind == "chargeback"]
    for batch in batches(account):
        funded_s = batch.closed_s + account.options.funding_lag_s / account.factor
        by_hand = (at_s for at_s in account.state.paid_out_by_hand if at_s >= batch.closed_s)
        funded_s = min([funded_s, *by_hand])
        if funded_s > account.now():
            continue
        for currency in sorted({one.currency for one in batch.movements}):
            taken = [one for one in open_ if one.currency == currency and one.at_s <= funded_s]
            open_ = [one for one in open_ if one not in taken]
            movements = [
                one for one in batch.movements if one.currency == currency and not one.failed_s
            ]
            id_ = f"{batch.id}{currency}"
            made.append(Funding(id_, batch, currency, funded_s, movements, taken))
    return made


def fund(account: Account) -> int:
    """Pays out every closed batch now, however young; answers how many payouts there are."""
    before = len(fundings(account))
    account.state.paid_out_by_hand.append(account.now())
    return len(fundings(account)) - before


def fees_of(movement: Movement) -> Fees:
    """What the payment costs, each part rounded to its currency."""
    if movement.kind != "capture":
        return Fees()

    def part(percent: Decimal) -> Decimal:
        return quantized(movement.amount * percent / 100, movement.currency)

    return Fees(
        interchange=part(INTERCHANGE_PERCENT),
        interchange_per_item=quantized(INTERCHANGE_PER_ITEM, movement.currency),
        discount=part(DISCOUNT_PERCENT),
        discount_per_item=quantized(DISCOUNT_PER_ITEM, movement.currency),
        dues=part(DUES_PERCENT),
    )


def quantized(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up to the currency's decimals."""
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def _sum(parts: Iterable[Decimal]) -> Decimal:
    return sum(parts, _NOTHING)
