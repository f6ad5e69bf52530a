"""A hand-made day: one sound order in every system's log and state, for tests to spoil."""

from decimal import Decimal
from typing import Any

from tillbridge_simulators.auditor_evidence import Evidence, Testimony
from tillbridge_simulators.effects import Entry


class Day:
    """Order W1 over 20.00 USD: authorized, written to both ERPs, captured, told."""

    def __init__(self) -> None:
        self.log: dict[str, list[Entry]] = {"pay": [], "shop": [], "dynamics": [], "sage": []}
        self.clock = 0.0
        self.orders: dict[str, dict[str, Any]] = {"W1": believed()}
        self.holds: dict[str, list[dict[str, str]]] = {}
        self.dynamics: list[dict[str, Any]] = []
        self.sage: list[dict[str, Any]] = []
        self.authorize("W1", "A1")
        self.write("W1")
        self.note("shop", "delivery", order_number="W1", what="fulfilment", taken=True)
        self.capture("W1", "A1", "20.00")
        self.tell("captured")

    @property
    def order(self) -> dict[str, Any]:
        """What the shop believes of W1."""
        return self.orders["W1"]

    @property
    def hold(self) -> dict[str, str]:
        return self.holds["W1"][0]

    def note(self, system: str, kind: str, **facts: object) -> None:
        self.clock += 1
        entries = self.log[system]
        entries.append(Entry(len(entries) + 1, self.clock, kind, facts))

    def authorize(self, number: str, id_: str, amount: str = "20.00") -> None:
        self.holds.setdefault(number, []).append(held(id_, amount))
        self.pay("authorization", number, id_, "", amount)

    def pay(self, kind: str, number: str, id_: str, about: str, amount: str) -> None:
        self.note(
            "pay",
            kind,
            order=number,
            transaction_id=f"T-{id_}",
            request_id=id_,
            about=about,
            amount=amount,
            currency="USD",
            status="AUTHORIZED" if kind == "authorization" else "",
        )

    def capture(self, number: str, hold_id: str, amount: str) -> None:
        (hold,) = (row for row in self.holds[number] if row["id"] == hold_id)
        hold["captured"] = str(Decimal(hold["captured"]) + Decimal(amount))
        hold["open"] = str(Decimal(hold["open"]) - Decimal(amount))
        self.pay("capture", number, f"C-{hold_id}", hold_id, amount)

    def reverse(self, number: str, hold_id: str) -> None:
        (hold,) = (row for row in self.holds[number] if row["id"] == hold_id)
        self.pay("reversal", number, f"R-{hold_id}", hold_id, hold["open"])
        hold["reversed"], hold["open"], hold["state"] = hold["open"], "0", "reversed"

    def write(self, number: str) -> None:
        """Into both ERPs."""
        self.dynamics.append(in_dynamics(number))
        self.sage.append(in_sage(number))
        self.note("dynamics", "sales_order", order_number=number)
        self.note("sage", "sales_order", order=number)

    def tell(self, status: str, attempt: str = "K1", amount: str = "20.00") -> None:
        message = {"order_number": "W1", "status": status, "attempt_key": attempt}
        self.order["messages"].append(message)
        paid = Decimal(self.order["paid"]) + (Decimal(amount) if status == "captured" else 0)
        self.order["paid"] = str(paid)

    def evidence(self) -> Evidence:
        return Evidence(
            cybersource=Testimony(tuple(self.log["pay"]), {"holds": self.holds}),
            shop=Testimony(tuple(self.log["shop"]), {"orders": self.orders}),
            dynamics365=Testimony(tuple(self.log["dynamics"]), {"sales_orders": self.dynamics}),
            sagepro=Testimony(tuple(self.log["sage"]), {"orders": self.sage}),
        )


def believed(state: str = "shipped", **changed: Any) -> dict[str, Any]:
    summary = {
        "state": state,
        "currency": "USD",
        "total": "20.00",
        "held": "20.00",
        "paid": "0",
        "released": "0",
        "due": "20.00",
        "lines": [{"product": "MUG-BLUE", "quantity": "2", "amount": "18.00"}],
        "messages": [],
    }
    return summary | changed


def held(id_: str, amount: str) -> dict[str, str]:
    return {
        "id": id_,
        "state": "held",
        "currency": "USD",
        "amount": amount,
        "captured": "0",
        "reversed": "0",
        "open": amount,
    }


def in_dynamics(number: str) -> dict[str, Any]:
    return {
        "order_number": number,
        "id": f"guid-{number}",
        "currency": "USD",
        "state": 0,
        "status": 1,
        "totalamount": "20.00",
        "totaltax": "2.00",
        "freightamount": "0",
        "totaldiscountamount": "0",
        "totallineitemamount": "18.00",
        "items": [{"product": "MUG-BLUE", "quantity": "2", "amount": "18.00"}],
    }


def in_sage(number: str) -> dict[str, Any]:
    return {
        "sono": f"1{number[1:]}",
        "websono": number,
        "ponum": number,
        "ordamt": "20.0000",
        "tax": "0",
        "currid": "USD",
        "sostat": "",
        "release": "Y",
        "lines": [
            {"item": "MUG-BLUE", "qtyord": "2.000", "extprice": "18.00"},
            {"item": "TAX-", "qtyord": "1.000", "extprice": "2.00"},
        ],
    }
