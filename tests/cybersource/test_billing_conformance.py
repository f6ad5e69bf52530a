"""What Cybersource keeps by id is written as promised, also when answers are lost or late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from tests.cybersource.account_bench import SETTINGS, account_bench

from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Write
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.conformance_bench import Soon, new_call, new_key
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.connector import CONNECTOR
from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.payments import authorize

_AMOUNT = Money.of("25.00", "USD")
_LAG_S = 3600.0
_FOUND = (
    *("invoice_delivery", "plan", "plan_deletion", "subscription", "subscription_follow_on"),
    *("case_decision", "defined_field", "defined_field_deletion", "account_update"),
)
Row: TypeAlias = dict[str, Any]


@dataclass
class Billing:
    """The part of a session that this suite is about, and the account behind it."""

    writes: Mapping[str, Write]
    simulator: CybersourceSimulator

    def rows(self, noun: str) -> list[Row]:
        """Every plan, subscription, invoice or link of the account, or what risk keeps there."""
        state = self.simulator.state
        found: dict[str, list[Row]] = {
            "settings": [state.invoicing.settings],
            "decisions": [{"word": one.word} for one in state.decisions],
            "case_comments": [{"text": it} for one in state.case_comments.values() for it in one],
            "updates": list(state.vault.updates.where(lambda _: True)),
            "taxes": list(state.taxes.where(lambda _: True)),
            "marks": [{"mark": one} for one in state.marks.values()],
            "listed": [it for one in state.listed.values() for it in one],
        }
        if noun in found:
            return found[noun]
        room = state.recurring if noun in ("plans", "subscriptions") else state.invoicing
        return list(getattr(room, noun).where(lambda _: True))

    async def written(self, kind: str, fields: Fields) -> str:
        """Writes what a document follows; its id there."""
        receipt = await self.writes[kind].send(new_call(new_key(), 5.0), fields)
        return receipt.references[0].id


def _of(at: Bench) -> Billing:
    assert isinstance(at.session, Billing)
    return at.session


def _standing(billing: Billing, kind: str) -> int:
    """How many effects of a kind the account shows."""
    noun, shows = _SHOWN[kind]
    return sum(shows(row) for row in billing.rows(noun))


def _mails(row: Row) -> int:
    return sum(one["event"] in ("SEND", "RESEND") for one in row["_history"])


def _is(place: str, value: object) -> Callable[[Row], int]:
    """Whether a row has this value at a dotted place."""

    def shows(row: Row) -> int:
        found: Any = row
        for step in place.split("."):
            found = found.get(step, {})
        return int(found == value)

    return shows


_PLAN = "planInformation.status"
_SUBSCRIPTION = "subscriptionInformation.status"
_SHOWN: dict[str, tuple[str, Callable[[Row], int]]] = {
    "invoice": ("invoices", lambda _: 1),
    "invoice_update": ("invoices", _is("invoiceInformation.description", "Changed")),
    "invoice_delivery": ("invoices", _mails),
    "invoice_publication": ("invoices", _is("status", "CREATED")),
    "invoice_cancellation": ("invoices", _is("status", "CANCELED")),
    "invoice_settings": (
        "settings",
        _is("invoiceSettingsInformation.merchantDisplayName", "Ledger & Co"),
    ),
    "plan": ("plans", lambda _: 1),
    "plan_update": ("plans", _is("planInformation.name", "Silver")),
    "plan_activation": ("plans", _is(_PLAN, "ACTIVE")),
    "plan_deactivation": ("plans", _is(_PLAN, "INACTIVE")),
    "plan_deletion": ("plans", lambda _: -1),
    "subscription": ("subscriptions", lambda _: 1),
    "subscription_follow_on": ("subscriptions", lambda _: 1),
    "subscription_update": ("subscriptions", _is("subscriptionInformation.name", "Silver")),
    "subscription_suspension": ("subscriptions", _is(_SUBSCRIPTION, "SUSPENDED")),
    "subscription_activation": ("subscriptions", _is(_SUBSCRIPTION, "ACTIVE")),
    "subscription_cancellation": ("subscriptions", _is(_SUBSCRIPTION, "CANCELLED")),
    "subscription_skips": ("subscriptions", _is("_skipped", [3])),
    "payment_link": ("links", lambda _: 1),
    "payment_link_update": ("links", _is("status", "INACTIVE")),
    "defined_field": ("fields", lambda _: 1),
    "defined_field_update": ("fields", _is("label", "Size")),
    "defined_field_deletion": ("fields", lambda _: -1),
    "tax_commitment": ("taxes", lambda _: 1),
    "tax_void": ("taxes", _is("voided", True)),
    "account_update": ("updates", lambda _: 1),
    "case_decision": ("decisions", lambda _: 1),
    "case_comment": ("case_comments", lambda _: 1),
    "fraud_marking": ("marks", lambda _: 1),
    "list_entry": ("listed", lambda _: 1),
}
"""By kind: among which rows its effects are, and how many a row shows."""


def invoice(_: Bench) -> Fields:
    return {
        "number": "1042",
        "description": "Web order 1042",
        "due_on": date(2099, 1, 31),
        "customer_email": "maya@example.com",
        "total": _AMOUNT,
    }


async def drafted(at: Bench) -> Fields:
    return {"number": await _of(at).written("invoice", invoice(at))}


async def invoice_update(at: Bench) -> Fields:
    await drafted(at)
    return {**invoice(at), "description": "Changed"}


def plan(_: Bench) -> Fields:
    return {"name": "Gold", "every": 1, "unit": "month", "amount": _AMOUNT}


async def drafted_plan(at: Bench) -> Fields:
    return {"plan_id": await _of(at).written("plan", {**plan(at), "draft": True})}


async def active_plan(at: Bench) -> Fields:
    return {"plan_id": await _of(at).written("plan", plan(at))}


async def plan_update(at: Bench) -> Fields:
    return {**plan(at), **await active_plan(at), "name": "Silver"}


async def subscription(at: Bench) -> Fields:
    """It begins today, and its first payment is taken."""
    account = _of(at).simulator.account
    return {
        **await active_plan(at),
        "order_number": "1042",
        "starts_on": datetime.now(UTC).date(),
        "name": "Maya's gold",
        "customer": account.tokens.mint("authorized", "tms"),
    }


async def subscription_follow_on(at: Bench) -> Fields:
    given = dict(await subscription(at))
    account = _of(at).simulator.account
    payment = {
        "clientReferenceInformation": {"code": "1042"},
        "paymentInformation": {"customer": {"id": given.pop("customer")}},
        "orderInformation": {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}},
    }
    return {**given, "payment_id": str(authorize(account, payment).body["id"])}


async def subscribed(at: Bench) -> Fields:
    return {"subscription_id": await _of(at).written("subscription", await subscription(at))}


async def subscription_update(at: Bench) -> Fields:
    return {**await subscribed(at), "name": "Silver"}


async def subscription_activation(at: Bench) -> Fields:
    made = await subscribed(at)
    await _of(at).written("subscription_suspension", made)
    return {**made, "bill_missed": False}


async def subscription_skips(at: Bench) -> Fields:
    return {**await subscribed(at), "cycles": [{"cycle": 3}]}


def payment_link(_: Bench) -> Fields:
    line: Fields = {"description": "Tea", "quantity": Decimal(1), "unit_price": _AMOUNT}
    return {"number": "1042", "total": _AMOUNT, "lines": [line]}


async def payment_link_update(at: Bench) -> Fields:
    await _of(at).written("payment_link", payment_link(at))
    return {**payment_link(at), "active": False}


def defined_field(_: Bench) -> Fields:
    return {"on": "purchase", "label": "Colour"}


async def defined(at: Bench) -> Fields:
    id_ = await _of(at).written("defined_field", defined_field(at))
    return {"on": "purchase", "field_id": id_}


async def defined_field_update(at: Bench) -> Fields:
    return {**await defined(at), "label": "Size"}


def tax_commitment(_: Bench) -> Fields:
    line: Fields = {"product": "MUG", "quantity": Decimal(2), "unit_price": _AMOUNT}
    home = {"line1": "1 Market St", "city": "San Francisco", "region": "CA", "country": "US"}
    return {"order_number": "1042", "currency": "USD", "billing": home, "lines": [line]}


async def tax_void(at: Bench) -> Fields:
    id_ = await _of(at).written("tax_commitment", tax_commitment(at))
    return {"order_number": "1042", "tax_id": id_}


def account_update(at: Bench) -> Fields:
    token = _of(at).simulator.account.tokens.mint("authorized", "tms")
    return {"tokens": [{"id": token}], "email": "cards@example.com"}


def reviewed(at: Bench) -> dict[str, str]:
    """A payment that waits for a decision."""
    account = _of(at).simulator.account
    payment = {
        "clientReferenceInformation": {"code": "1042"},
        "paymentInformation": {"customer": {"id": account.tokens.mint("review", "tms")}},
        "orderInformation": {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}},
    }
    return {"order_number": "1042", "authorization_id": str(authorize(account, payment).body["id"])}


def case_comment(at: Bench) -> Fields:
    return {"authorization_id": reviewed(at)["authorization_id"], "comments": "Called her"}


def list_entry(_: Bench) -> Fields:
    billing = {"email": "mallory@example.com", "country": "US"}
    listed = {"order_number": "1042", "list": "negative", "action": "add", "reason": "suspected"}
    return {**listed, "billing": billing}


_DOCUMENTS: Mapping[str, Callable[[Bench], Soon[Fields]]] = {
    "invoice": invoice,
    "invoice_update": invoice_update,
    "invoice_delivery": drafted,
    "invoice_publication": drafted,
    "invoice_cancellation": drafted,
    "invoice_settings": lambda _: {"display_name": "Ledger & Co"},
    "plan": plan,
    "plan_update": plan_update,
    "plan_activation": drafted_plan,
    "plan_deactivation": active_plan,
    "plan_deletion": drafted_plan,
    "subscription": subscription,
    "subscription_follow_on": subscription_follow_on,
    "subscription_update": subscription_update,
    "subscription_suspension": subscribed,
    "subscription_activation": subscription_activation,
    "subscription_cancellation": subscribed,
    "subscription_skips": subscription_skips,
    "payment_link": payment_link,
    "payment_link_update": payment_link_update,
    "defined_field": defined_field,
    "defined_field_update": defined_field_update,
    "defined_field_deletion": defined,
    "tax_commitment": tax_commitment,
    "tax_void": tax_void,
    "account_update": account_update,
    "case_decision": lambda at: {**reviewed(at), "decision": "accept"},
    "case_comment": case_comment,
    "fraud_marking": lambda at: {**reviewed(at), "action": "add", "reason": "suspected"},
    "list_entry": list_entry,
}

TestBilling = conformance_suite(
    Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=lambda: account_bench(
            lambda session, simulator: Billing(
                {kind: session._billing.writes[kind] for kind in _DOCUMENTS}, simulator
            ),
            _standing,
        ),
        documents=_DOCUMENTS,
        find_lag_s=dict.fromkeys(_FOUND, _LAG_S),
        late_s=0.1,
    )
)
