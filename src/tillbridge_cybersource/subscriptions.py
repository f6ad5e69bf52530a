"""Recurring billing, subscriptions: made, changed, suspended, activated, ended, read and listed.

Sources: Recurring Billing Developer Guide, Subscriptions ("Duplicate requests are not supported
within 15 minutes": the same plan, customer, start and name); REST API reference, Recurring Billing.

A second subscription would bill the customer twice, and nothing says for how long a code is unique.
So a lost answer is settled by the list: our key, cut to what a code holds, is its code, and our
reference stands beside it. Suspending, activating and cancelling may be sent again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.subscriptions import SubscriptionState
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Poll, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import SUBSCRIPTION_STATES, state_of
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import money_of, part, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.plans import code_of
from tillbridge_cybersource.subscription_documents import (
    SUBSCRIPTION,
    SUBSCRIPTION_ACTIVATION,
    SUBSCRIPTION_CANCELLATION,
    SUBSCRIPTION_FOLLOW_ON,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_SKIPS,
    SUBSCRIPTION_SUSPENSION,
    SUBSCRIPTION_UPDATE,
    changed_subscription,
    new_subscription,
    skipped_cycles,
)
from tillbridge_cybersource.walks import walked

CALLS = frozenset(
    {
        *("subscriptions.create_subscription", "subscriptions.get_subscription"),
        *("subscriptions.get_all_subscriptions", "subscriptions.update_subscription"),
        *("subscriptions.suspend_subscription", "subscriptions.activate_subscription"),
        *("subscriptions.cancel_subscription", "subscriptions.get_subscription_code"),
        "subscriptions.subscriptions_id_payments_get",
        "subscriptions.subscriptions_id_payments_put",
        "subscriptions_follow_ons.create_follow_on_subscription",
        "subscriptions_follow_ons.get_follow_on_subscription",
    }
)
PATH: Final = "/rbs/v1/subscriptions"
GIVES: Final = (
    *("subscription_id", "code", "order_number", "name", "status", "state", "plan_id"),
    *("customer", "starts_on", "every", "unit", "payments", "cycle", "amount", "currency"),
    *("setup_fee", "missed_payments", "missed_amount"),
)
_STATUSES: Final = tuple(
    status.lower() for status in SUBSCRIPTION_STATES if status not in ("CREATED", "CANCELED")
)
_NARROWED: Final = {
    "status": "status",
    "code": "code",
    "customer": "customerId",
    "order_number": "clientReferenceInformationCode",
}
"""What a list may be narrowed by: our name -> the query's."""


class Subscriptions:
    """The writes, reads and the poll about subscriptions."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.poll: Poll = walked(kept, _LISTED, GIVES, _row, _NARROWED)
        self.writes = (
            Write(SUBSCRIPTION, "find", self._make, find=self._find),
            Write(SUBSCRIPTION_FOLLOW_ON, "find", self._follow, find=self._find),
            Write(SUBSCRIPTION_UPDATE, "natural_key", self._update),
            Write(SUBSCRIPTION_SUSPENSION, "natural_key", self._suspend),
            Write(SUBSCRIPTION_ACTIVATION, "natural_key", self._activate),
            Write(SUBSCRIPTION_CANCELLATION, "natural_key", self._cancel),
            Write(SUBSCRIPTION_SKIPS, "natural_key", self._skip),
        )
        self.reads = (
            Read("subscription", _ASKED, self._read),
            Read("subscription_payments", _PAID, self._payments),
            Read("subscription_origin", _ORIGIN, self._origin),
            Read("subscription_code", _CODE, self._code),
        )

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        return await self._made(call, fields, PATH)

    async def _follow(self, call: Call, fields: Fields) -> Receipt:
        payment_id = values.required_text(fields, "payment_id")
        return await self._made(call, fields, self._kept.at("follow-ons", payment_id))

    async def _made(self, call: Call, fields: Fields, path: str) -> Receipt:
        code, order_number = code_of(call, fields), values.required_text(fields, "order_number")
        document = new_subscription(fields, code)
        doing = f"Making the subscription for {order_number}"
        answer = await self._kept.change(call, path, document, doing=doing)
        return self._written(answer.body)

    async def _find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By code and reference, both."""
        code, order_number = code_of(call, fields), values.required_text(fields, "order_number")
        page = await self._kept.page(call, {"code": code}, 0)
        receipt = None
        for row in page.rows:
            if (_code(row), _order_number(row)) == (code, order_number):
                receipt = self._receipt(row)
        return self._kept.finding(call, receipt, sent_at)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "subscription_id")
        path, doing = self._kept.at(id_), f"Changing the subscription {id_}"
        document = changed_subscription(fields)
        answer = await self._kept.change(call, path, document, method="PATCH", doing=doing)
        return self._written(answer.body)

    async def _suspend(self, call: Call, fields: Fields) -> Receipt:
        return await self._turned(call, fields, "suspend", SubscriptionState.SUSPENDED)

    async def _cancel(self, call: Call, fields: Fields) -> Receipt:
        return await self._turned(call, fields, "cancel", SubscriptionState.CANCELLED)

    async def _activate(self, call: Call, fields: Fields) -> Receipt:
        missed = "true" if values.flag(fields, "bill_missed") else "false"
        query = f"?processMissedPayments={missed}"
        return await self._turned(call, fields, "activate", SubscriptionState.ACTIVE, query)

    async def _turned(
        self, call: Call, fields: Fields, step: str, wanted: SubscriptionState, query: str = ""
    ) -> Receipt:
        id_ = values.required_text(fields, "subscription_id")
        body = await self._kept.turn(
            call,
            id_,
            self._kept.at(id_, step) + query,
            lambda there: SUBSCRIPTION_STATES.get(_status(there).upper()) is wanted,
            f"The change of the subscription {id_} ({step})",
        )
        return self._written(body)

    async def _skip(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "subscription_id")
        wanted = skipped_cycles(fields)
        answer = await self._kept.change(
            call,
            self._kept.at(id_, "payments"),
            {"billingCyclesToSkip": wanted},
            method="PUT",
            doing=f"Leaving out payments of the subscription {id_}",
        )
        self._kept.expect_done(answer.body)
        return self._kept.receipt(id_, {"skipped": " ".join(map(str, wanted))})

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        if id_ := values.text(fields, "subscription_id"):
            return self._receipt(await self._kept.expect(call, id_))
        order_number = values.required_text(fields, "order_number")
        page = await self._kept.page(call, {_NARROWED["order_number"]: order_number}, 0)
        rows = [row for row in page.rows if _order_number(row) == order_number]
        if not rows:
            raise self._kept.missing(f"for {order_number}")
        if len(rows) > 1:
            raise Rejected(
                f"{self._kept.exchange.name}: {len(rows)} subscriptions have the reference"
                f" {order_number}.",
                reason="several_subscriptions",
                next_step="Ask for one of them by its id.",
            )
        return self._receipt(rows[0])

    async def _payments(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "subscription_id")
        body = await self._kept.expect(call, id_, "payments")
        return self._kept.receipt(id_, _paid(body))

    async def _origin(self, call: Call, fields: Fields) -> Receipt:
        payment_id = values.required_text(fields, "payment_id")
        body = await self._kept.expect(call, "follow-ons", payment_id)
        return Receipt(fields={name: value for name, value in _origin_of(body).items() if value})

    async def _code(self, call: Call, _: Fields) -> Receipt:
        body = await self._kept.expect(call, "code")
        return Receipt(fields={"code": text_of(body, "code")})

    def _written(self, body: Body) -> Receipt:
        self._kept.expect_done(body)
        if _status(body).upper() not in SUBSCRIPTION_STATES:
            raise self._kept.odd(_status(body))
        with reading_success(self._kept.exchange.name):
            return self._receipt(body)

    def _receipt(self, body: Body) -> Receipt:
        id_ = text_of(body, "id")
        state = state_of(SUBSCRIPTION_STATES, _status(body), f"subscription {id_}")
        return self._kept.receipt(id_, {**_shown(body), "state": state})


_LISTED: Final = DocumentShape(
    "subscriptions",
    "Subscriptions of the account",
    (
        Field("status", "choice", "Only these", options=_STATUSES),
        Field("code", "text", "Only the one with this code"),
        Field("customer", "text", "Only this customer's"),
        Field("order_number", "text", "Only those with this reference"),
    ),
)
_ASKED: Final = DocumentShape(
    "subscription",
    "A subscription as it stands, by its id or by our reference",
    (
        Field("subscription_id", "text", "Subscription's id"),
        Field("order_number", "text", "Our reference, if there is one with it"),
    ),
)
_PAID: Final = DocumentShape(
    "subscription_payments", "What was paid, what failed, what comes", (SUBSCRIPTION_ID,)
)
_ORIGIN: Final = DocumentShape(
    "subscription_origin",
    "What a subscription on a payment would be made of",
    (Field("payment_id", "text", "Payment's id", required=True),),
)
_CODE: Final = DocumentShape("subscription_code", "The next free code", ())


def _status(body: Body) -> str:
    return text_of(part(body, "subscriptionInformation"), "status")


def _code(body: Body) -> str:
    return text_of(part(body, "subscriptionInformation"), "code")


def _order_number(body: Body) -> str:
    return text_of(part(body, "clientReferenceInformation"), "code")


def _row(body: Body) -> Mapping[str, str]:
    state = SUBSCRIPTION_STATES.get(_status(body).upper())
    return dict.fromkeys(GIVES, "") | _shown(body) | {"state": state or "unknown"}


def _shown(body: Body) -> dict[str, str]:
    information, plan = part(body, "subscriptionInformation"), part(body, "planInformation")
    amounts = part(body, "orderInformation", "amountDetails")
    amount, fee = money_of(amounts, "billingAmount"), money_of(amounts, "setupFee")
    missed = part(body, "reactivationInformation")
    return {
        "subscription_id": text_of(body, "id"),
        "code": text_of(information, "code"),
        "order_number": _order_number(body),
        "name": text_of(information, "name"),
        "status": text_of(information, "status"),
        "plan_id": text_of(information, "planId"),
        "customer": text_of(part(body, "paymentInformation", "customer"), "id"),
        "starts_on": text_of(information, "startDate")[:10],
        "every": text_of(part(plan, "billingPeriod"), "length"),
        "unit": text_of(part(plan, "billingPeriod"), "unit"),
        "payments": text_of(part(plan, "billingCycles"), "total"),
        "cycle": text_of(part(plan, "billingCycles"), "current"),
        "amount": amount.text if amount is not None else "",
        "currency": text_of(amounts, "currency"),
        "setup_fee": fee.text if fee is not None else "",
        "missed_payments": text_of(missed, "missedPaymentsCount"),
        "missed_amount": text_of(missed, "missedPaymentsTotalAmount"),
    }


def _paid(body: Body) -> dict[str, str]:
    """How many were paid, and the newest that was tried."""
    tried = [row for row in body.get("subscriptionPayment") or () if row.get("transactionID")]
    newest: Body = max(tried, key=lambda row: text_of(row, "date"), default={})
    skipped = body.get("billingCyclesToSkip") or ()
    return {
        "paid_count": text_of(part(body, "cyclesCompletedCount"), "paid"),
        "count": text_of(body, "totalCount"),
        "skipped": " ".join(map(str, skipped)),
        "status": text_of(newest, "status"),
        "payment_id": text_of(newest, "transactionID"),
        "amount": text_of(newest, "billingAmount"),
        "currency": text_of(newest, "currency"),
        "cycle": text_of(newest, "billingCycle"),
        "at": text_of(newest, "date"),
    }


def _origin_of(body: Body) -> dict[str, str]:
    """Names by which the two forms of that answer are read: the model's, and the other reads'."""
    instrument = part(body, "paymentInstrument")
    return {
        "customer": text_of(part(body, "paymentInformation", "customer"), "id"),
        "payment_instrument": text_of(instrument, "id"),
        "customer_id": text_of(part(body, "buyerInformation"), "merchantCustomerID"),
        "shipping_address": text_of(part(body, "shippingAddress"), "id"),
    }
