"""One order's dossier: what every system knows of it, side by side."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from tillbridge_simulators.auditor_evidence import Evidence, Testimony

DYNAMICS365, SAGEPRO = "Dynamics 365", "Sage Pro"
Article: TypeAlias = tuple[str, Decimal]
"""A product and its quantity."""

_ACTIVE_STATES = (0, 1, 3, 4)
"""Of a Dynamics order: active, submitted, fulfilled, invoiced; 2 is canceled."""
_VOID = "V"
_NOTHING = Decimal(0)


@dataclass(slots=True)
class Hold:
    """One authorization that holds or held money.

    Attributes:
        amount, captured, reversed, open: of the issuer's hold; voided captures do not count.
        refunded: of what was captured; voided refunds do not count.
        began, ended: numbers of Cybersource's log; `ended` where it was reversed or undone.
        decided: "accepted" or "rejected" where somebody decided its review.
    """

    id: str
    amount: Decimal
    currency: str
    captured: Decimal
    reversed: Decimal
    open: Decimal
    refunded: Decimal = Decimal(0)
    began: int = 0
    ended: int | None = None
    decided: str = ""

    @property
    def is_live(self) -> bool:
        """It holds money or has taken some."""
        return self.open > 0 or self.captured > 0


@dataclass(frozen=True, slots=True)
class Capture:
    """One capture that was not voided. `number` and `at` are those of Cybersource's log."""

    hold_id: str
    amount: Decimal
    number: int
    at: float


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """One sales order in an ERP. `lines_total` is what its lines and the rest come to."""

    erp: str
    id: str
    total: Decimal
    currency: str
    lines_total: Decimal
    articles: Counter[Article]
    is_live: bool
    on_hold: bool


@dataclass(slots=True)
class Dossier:
    """Everything about one order number.

    Attributes:
        belief: the shop's own summary of the order; empty when the shop does not know it.
        holds: every authorization that ever held money, oldest first.
        written_at: by ERP, when its first sales order was there.
        taken: what the shop told us afterwards and we answered 2xx: "fulfilment", "cancellation".
        untold: a delivery of this order was lost in the shop itself: we cannot know of it.
    """

    number: str
    erps: tuple[str, ...]
    belief: Mapping[str, Any] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    sales_orders: list[SalesOrder] = field(default_factory=list)
    written_at: dict[str, float] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    untold: bool = False

    @property
    def state(self) -> str:
        """What the shop believes; "" for an order it does not know."""
        return str(self.belief.get("state", ""))

    @property
    def currency(self) -> str:
        return str(self.belief.get("currency", ""))

    def believed(self, name: str) -> Decimal:
        """An amount of the shop's belief: total, held, paid, released or due."""
        return Decimal(self.belief.get(name, 0))

    @property
    def captured(self) -> Decimal:
        return sum((hold.captured for hold in self.holds), _NOTHING)

    @property
    def refunded(self) -> Decimal:
        return sum((hold.refunded for hold in self.holds), _NOTHING)

    @property
    def live_holds(self) -> list[Hold]:
        return [hold for hold in self.holds if hold.is_live]

    def is_anew(self, hold: Hold) -> bool:
        """Whether it was made for a later shipment, when nothing could be captured any more of the
        holds before it, and was captured whole."""
        before = [one for one in self.live_holds if one.began < hold.began]
        used = all(self._is_used(one, hold.began) for one in before)
        return bool(before) and used and hold.captured == hold.amount

    def _is_used(self, hold: Hold, number: int) -> bool:
        """Whether a hold had had all its captures by then, and what it held besides was free."""
        taken = [capture.number for capture in self.captures if capture.hold_id == hold.id]
        ended = hold.ended is None or hold.ended < number
        return bool(taken) and max(taken) < number and not hold.open and ended

    def live_sales_orders(self, erp: str) -> list[SalesOrder]:
        return [order for order in self.sales_orders if order.erp == erp and order.is_live]

    def articles(self) -> Counter[Article]:
        """What the shop sold."""
        lines = self.belief.get("lines", ())
        return Counter((line["product"], Decimal(line["quantity"])) for line in lines)


def erps_of(evidence: Evidence) -> tuple[str, ...]:
    """The ERPs that took part."""
    parts = ((DYNAMICS365, evidence.dynamics365), (SAGEPRO, evidence.sagepro))
    return tuple(name for name, heard in parts if heard is not None)


def open_dossiers(evidence: Evidence) -> dict[str, Dossier]:
    """By order number, everything any system knows of it."""
    erps = erps_of(evidence)
    dossiers = {
        number: Dossier(number, erps, belief=belief)
        for number, belief in evidence.shop.state["orders"].items()
    }
    _add_deliveries(dossiers, evidence.shop)
    _add_payments(dossiers, erps, evidence.cybersource)
    if evidence.dynamics365 is not None:
        _add_dynamics365(dossiers, erps, evidence.dynamics365)
    if evidence.sagepro is not None:
        _add_sagepro(dossiers, erps, evidence.sagepro)
    return dossiers


def _of(dossiers: dict[str, Dossier], erps: tuple[str, ...], number: str) -> Dossier:
    return dossiers.setdefault(number, Dossier(number, erps))


def _add_deliveries(dossiers: dict[str, Dossier], shop: Testimony) -> None:
    for entry in shop.of("delivery", "delivery_lost"):
        dossier = dossiers[str(entry.facts["order_number"])]
        if entry.kind == "delivery_lost":
            dossier.untold = True
        elif entry.facts["taken"]:
            dossier.taken.add(str(entry.facts["what"]))


def _add_payments(
    dossiers: dict[str, Dossier], erps: tuple[str, ...], cybersource: Testimony
) -> None:
    holds: dict[str, Hold] = {}
    for number, rows in cybersource.state["holds"].items():
        for row in rows:
            if row["state"] == "nothing":
                continue
            hold = holds[row["id"]] = Hold(
                row["id"],
                Decimal(row["amount"]),
                row["currency"],
                Decimal(row["captured"]),
                Decimal(row["reversed"]),
                Decimal(row["open"]),
                Decimal(row.get("refunded", 0)),
            )
            _of(dossiers, erps, number).holds.append(hold)
    captures: dict[str, tuple[str, Capture]] = {}
    for entry in cybersource.of("authorization", "capture", "reversal", "void", "undone_by_fence",
                                "decision"):  # fmt: skip
        facts = entry.facts
        about, request_id = str(facts["about"]), str(facts["request_id"])
        if entry.kind == "authorization" and request_id in holds:
            holds[request_id].began = entry.number
        elif entry.kind == "decision":
            holds[request_id].decided = str(facts["status"])
        elif entry.kind == "capture":
            taken = Capture(about, Decimal(str(facts["amount"])), entry.number, entry.at)
            captures[request_id] = (str(facts["order"]), taken)
        elif about in captures:  # a void, asked for or by a fence
            del captures[about]
        elif about in holds:
            holds[about].ended = entry.number
    for number, capture in captures.values():
        _of(dossiers, erps, number).captures.append(capture)


def _add_dynamics365(dossiers: dict[str, Dossier], erps: tuple[str, ...], heard: Testimony) -> None:
    for row in heard.state["sales_orders"]:
        items = row["items"]
        rest = Decimal(row["freightamount"]) + Decimal(row["totaltax"])
        lines = Decimal(row["totallineitemamount"]) - Decimal(row["totaldiscountamount"])
        _of(dossiers, erps, row["order_number"]).sales_orders.append(
            SalesOrder(
                erp=DYNAMICS365,
                id=str(row["id"]),
                total=Decimal(row["totalamount"]),
                currency=row["currency"],
                lines_total=lines + rest,
                articles=Counter((item["product"], Decimal(item["quantity"])) for item in items),
                is_live=row["state"] in _ACTIVE_STATES,
                on_hold=row["state"] == 0 and row["status"] != 1,
            )
        )
    for entry in heard.of("sales_order"):
        number = str(entry.facts["order_number"])
        _of(dossiers, erps, number).written_at.setdefault(DYNAMICS365, entry.at)


def _add_sagepro(dossiers: dict[str, Dossier], erps: tuple[str, ...], heard: Testimony) -> None:
    for row in heard.state["orders"]:
        number = row["websono"] or row["ponum"]
        if not row["websono"] and number not in dossiers:
            continue  # typed in by hand: none of the shop's
        lines = row["lines"]
        extended = sum((Decimal(line["extprice"]) for line in lines), _NOTHING)
        _of(dossiers, erps, number).sales_orders.append(
            SalesOrder(
                erp=SAGEPRO,
                id=row["sono"],
                total=Decimal(row["ordamt"]),
                currency=row["currid"],
                lines_total=extended + Decimal(row["tax"] or 0),
                articles=Counter(
                    (line["item"], Decimal(line["qtyord"]))
                    for line in lines
                    if not line["item"].endswith("-")  # freight, discount and tax have items too
                ),
                is_live=row["sostat"] != _VOID,
                on_hold=row["release"] != "Y",
            )
        )
    for entry in heard.of("sales_order"):
        number = str(entry.facts["order"])
        _of(dossiers, erps, number).written_at.setdefault(SAGEPRO, entry.at)
