"""Recurring billing: subscriptions, their payments, and those that follow a payment.

Source: REST API reference, Recurring Billing, Subscriptions and Subscriptions Follow-Ons. Every
due cycle is a sale on the customer's default instrument; one that is declined is told and leaves
the subscription DELINQUENT (unverified: the documents name PENDING, ACTIVE, FAILED, COMPLETED,
CANCELLED, SUSPENDED and DELINQUENT without their rules).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import amount_at, at, text_at
from tillbridge_simulators.cybersource.listings import listing
from tillbridge_simulators.cybersource.payments import authorize
from tillbridge_simulators.cybersource.plans import expect_period, next_code
from tillbridge_simulators.cybersource.recurring import day_of, due_on
from tillbridge_simulators.cybersource.shelf import merged
from tillbridge_simulators.cybersource.twins import refused, twin_of

PATH = "/rbs/v1/subscriptions"
_OPEN = ("PENDING", "ACTIVE", "DELINQUENT")


def create(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    customer = text_at(ask.document, "paymentInformation.customer.id", length_max=32, required=True)
    return _create(ask, customer)


def follow_on(ask: Ask) -> Answer:
    """POST follow-ons/{requestId}: on the customer who made that payment."""
    payment = ask.account.state.authorizations.get(ask.id)
    if payment is None or not payment.customer_id:
        raise Refusal("INVALID_DATA", ["requestId"])
    return _create(ask, payment.customer_id)


def get_follow_on(ask: Ask) -> Answer:
    """GET follow-ons/{requestId}: what a subscription on that payment would be made of."""
    payment = ask.account.state.authorizations.get(ask.id)
    if payment is None or not payment.customer_id:
        return not_found(ask.account.now())
    return Answer(
        200,
        {
            "id": payment.id,
            "submitTimeUtc": utc_text(ask.account.now()),
            "paymentInformation": {"customer": {"id": payment.customer_id}},
            "orderInformation": {
                "amountDetails": {
                    "currency": payment.currency,
                    "billingAmount": str(payment.requested),
                }
            },
        },
    )


def get(ask: Ask) -> Answer:
    """GET {id}."""
    row = ask.account.state.recurring.subscriptions.find(ask.id)
    return Answer(200, _shown(ask, row)) if row else not_found(ask.account.now())


def list_all(ask: Ask) -> Answer:
    """GET, by code, status, customer and reference."""
    paths = {
        "code": "subscriptionInformation.code",
        "status": "subscriptionInformation.status",
        "customerId": "paymentInformation.customer.id",
        "clientReferenceInformationCode": "clientReferenceInformation.code",
    }
    wanted = {path: ask.query[name] for name, path in paths.items() if name in ask.query}
    rows = ask.account.state.recurring.subscriptions.where(
        lambda row: all(at(row, path) == value for path, value in wanted.items())
    )
    return listing(ask, PATH, "subscriptions", [_shown(ask, row) for row in rows])


def update(ask: Ask) -> Answer:
    """PATCH {id}: of one that is open; what was billed stays."""
    row = _expect(ask, *_OPEN, "SUSPENDED")
    information = row["subscriptionInformation"]
    changed = merged(row, ask.document)
    for name in ("status", "code"):
        changed["subscriptionInformation"][name] = information[name]
    if information["status"] != "PENDING":
        changed["subscriptionInformation"]["startDate"] = information["startDate"]
    expect_period(changed)
    amount_at(changed, "orderInformation.amountDetails", "billingAmount")
    ask.account.state.recurring.subscriptions.put(ask.id, changed)
    return Answer(200, _done(ask, ask.id, "COMPLETED"))


def suspend(ask: Ask) -> Answer:
    """POST {id}/suspend: nothing is billed until it is active again."""
    row = _expect(ask, *_OPEN)
    row["_suspended_on"] = day_of(ask.account.now()).isoformat()
    return _turn(ask, row, "SUSPENDED", "ACCEPTED", "suspended")


def activate(ask: Ask) -> Answer:
    """POST {id}/activate: cycles missed meanwhile are billed unless the query says otherwise."""
    row = _expect(ask, "SUSPENDED", "DELINQUENT")
    if ask.query.get("processMissedPayments", "true") != "true":
        row["_skipped"] = sorted({*row["_skipped"], *_due(row, day_of(ask.account.now()))})
    row.pop("_suspended_on", None)
    answer = _turn(ask, row, "ACTIVE", "COMPLETED", "reactivated")
    bill(ask.account, ask.id)
    return answer


def cancel(ask: Ask) -> Answer:
    """POST {id}/cancel: for good."""
    return _turn(ask, _expect(ask, *_OPEN, "SUSPENDED"), "CANCELLED", "ACCEPTED", "cancelled")


def code(ask: Ask) -> Answer:
    """GET code: the one the next subscription would get."""
    return Answer(200, {"code": next_code(ask), "submitTimeUtc": utc_text(ask.account.now())})


def payments(ask: Ask) -> Answer:
    """GET {id}/payments: what was billed, and what comes next."""
    row = ask.account.state.recurring.subscriptions.find(ask.id)
    if row is None:
        return not_found(ask.account.now())
    paid = [one for one in row["_payments"] if one["status"] == "PAID"]
    body = {
        "submitTimeUtc": utc_text(ask.account.now()),
        "totalCount": len(row["_payments"]),
        "cyclesCompletedCount": {"paid": len(paid)},
        "billingCyclesToSkip": row["_skipped"],
        "subscriptionPayment": row["_payments"],
    }
    return Answer(200, body)


def skip(ask: Ask) -> Answer:
    """PUT {id}/payments: these cycles are not billed."""
    row = _expect(ask, *_OPEN, "SUSPENDED")
    said = at(ask.document, "billingCyclesToSkip") or []
    cycles = [int(cycle) for cycle in said if str(cycle).isdigit()]
    billed = {0, *(int(one["billingCycle"]) for one in row["_payments"])}
    if len(cycles) < len(said) or billed & {*cycles}:
        raise Refusal("INVALID_DATA", ["billingCyclesToSkip"])
    row["_skipped"] = sorted(set(cycles))
    ask.account.state.recurring.subscriptions.put(ask.id, row)
    body = {"submitTimeUtc": utc_text(ask.account.now()), "status": "COMPLETED"}
    return Answer(200, body | {"billingCyclesToSkip": row["_skipped"]})


def bill_all(account: Account, on: date | None = None) -> int:
    """Bills what is due of every subscription today, or on another day; returns how many cycles
    were billed."""
    rows = account.state.recurring.subscriptions.where(lambda _: True)
    return sum(bill(account, row["id"], on) for row in rows)


def bill(account: Account, id_: str, on: date | None = None) -> int:
    """Bills every cycle that is due and neither billed nor skipped; a decline ends the round."""
    billed, row = 0, account.state.recurring.subscriptions.copy(id_)
    for cycle in _due(row, on or day_of(account.now())):
        if row["subscriptionInformation"]["status"] not in _OPEN:
            break
        answer = _charge(account, row, cycle)
        billed += 1
        good = answer.get("status") == "AUTHORIZED"
        row["subscriptionInformation"]["status"] = "ACTIVE" if good else "DELINQUENT"
        row["_payments"].append(_payment(row, cycle, answer, paid=good))
        account.state.recurring.subscriptions.put(id_, row)
        event = "charge.created" if good else "charge.failed"
        account.tell(f"rbs.subscriptions.{event}", _reference(row), {"data": _event(row, answer)})
        if not good:
            break
    _complete(account, row)
    return billed


def _create(ask: Ask, customer_id: str) -> Answer:
    said = _with_plan(ask)
    text_at(said, "subscriptionInformation.name", length_max=255, required=True)
    start = text_at(said, "subscriptionInformation.startDate", length_max=30, required=True)
    try:
        start_on = datetime.fromisoformat(start).date()
    except ValueError:
        raise Refusal("INVALID_DATA", ["subscriptionInformation.startDate"]) from None
    today = day_of(ask.account.now())
    if start_on < today:
        raise Refusal("INVALID_DATA", ["subscriptionInformation.startDate"])
    expect_period(said)
    amount_at(said, "orderInformation.amountDetails", "billingAmount")
    if ask.account.tokens.find(customer_id, "tms", ask.account.now()) is None:
        raise Refusal("INVALID_DATA", ["paymentInformation.customer.id"])
    if (twin := twin_of(ask, said, customer_id)) is not None:
        return refused(ask, twin)
    code_ = at(said, "subscriptionInformation.code") or next_code(ask)
    id_ = ask.account.state.new_id(ask.account.now())
    status = "ACTIVE" if start_on == today else "PENDING"
    row = merged(
        said,
        {
            "subscriptionInformation": {"code": code_, "status": status},
            "paymentInformation": {"customer": {"id": customer_id}},
        },
    )
    kept: dict[str, Any] = {"id": id_, "_made_s": ask.account.now()}
    kept |= {"_start_on": start_on.isoformat(), "_skipped": [], "_payments": []}
    ask.account.state.recurring.subscriptions.put(id_, row | kept)
    ask.account.tell("rbs.subscriptions.created", _reference(row), {"data": {"id": id_}})
    bill(ask.account, id_)
    return Answer(201, _done(ask, id_, "COMPLETED"))


def _with_plan(ask: Ask) -> dict[str, Any]:
    """The request over what its plan says. Raises Refusal for a plan that is not active."""
    plan_id = at(ask.document, "subscriptionInformation.planId")
    if not plan_id:
        return dict(ask.document)
    plan = ask.account.state.recurring.plans.find(str(plan_id))
    if plan is None or plan["planInformation"]["status"] != "ACTIVE":
        raise Refusal("INVALID_DATA", ["subscriptionInformation.planId"])
    inherited = {
        "planInformation": plan["planInformation"],
        "orderInformation": plan["orderInformation"],
    }
    return merged(inherited, ask.document)


def _due(row: Mapping[str, Any], today: date) -> list[int]:
    """The cycles that are due and neither billed nor skipped."""
    period = at(row, "planInformation.billingPeriod")
    total = int(at(row, "planInformation.billingCycles.total") or 0)
    done = {int(one["billingCycle"]) for one in row["_payments"] if one["status"] == "PAID"}
    start_on, cycle, due = date.fromisoformat(row["_start_on"]), 1, []
    while due_on(start_on, int(period["length"]), period["unit"], cycle) <= today:
        if total and cycle > total:
            break
        if cycle not in done and cycle not in row["_skipped"]:
            due.append(cycle)
        cycle += 1
    return due


def _charge(account: Account, row: Mapping[str, Any], cycle: int) -> Mapping[str, Any]:
    amounts = row["orderInformation"]["amountDetails"]
    document = {
        "clientReferenceInformation": {"code": _reference(row)},
        "processingInformation": {"capture": True, "commerceIndicator": "recurring"},
        "paymentInformation": row["paymentInformation"],
        "orderInformation": {
            "amountDetails": {
                "totalAmount": str(amounts["billingAmount"]),
                "currency": amounts["currency"],
            }
        },
    }
    try:
        return authorize(account, document).body
    except Refusal as refusal:
        account.log.add("charge_refused", subscription=row["id"], cycle=cycle)
        return {"id": "", "status": "INVALID_REQUEST", "reason": refusal.reason}


def _payment(
    row: Mapping[str, Any], cycle: int, answer: Mapping[str, Any], *, paid: bool
) -> dict[str, Any]:
    amounts = row["orderInformation"]["amountDetails"]
    return {
        "id": f"{row['id']}-{len(row['_payments']) + 1}",
        "status": "PAID" if paid else "FAILED",
        "paymentType": "RECURRING",
        "transactionID": answer.get("id", ""),
        "date": answer.get("submitTimeUtc"),
        "currency": amounts["currency"],
        "billingCycle": str(cycle),
        "paymentNumber": str(len(row["_payments"]) + 1),
        "billingAmount": str(amounts["billingAmount"]),
        "modifiable": False,
    }


def _complete(account: Account, row: dict[str, Any]) -> None:
    total = int(at(row, "planInformation.billingCycles.total") or 0)
    settled = [one for one in row["_payments"] if one["status"] == "PAID"]
    if total and len(settled) + len(row["_skipped"]) >= total:
        row["subscriptionInformation"]["status"] = "COMPLETED"
        account.state.recurring.subscriptions.put(row["id"], row)


def _expect(ask: Ask, *statuses: str) -> dict[str, Any]:
    row = ask.account.state.recurring.subscriptions.find(ask.id)
    if row is None:
        raise Refusal("INVALID_DATA", ["id"])
    if row["subscriptionInformation"]["status"] not in statuses:
        raise Refusal("NOT_SUPPORTED", ["subscriptionInformation.status"])
    return row


def _turn(ask: Ask, row: dict[str, Any], status: str, told: str, event: str) -> Answer:
    row["subscriptionInformation"]["status"] = status
    ask.account.state.recurring.subscriptions.put(ask.id, row)
    ask.account.tell(f"rbs.subscriptions.{event}", _reference(row), {"data": {"id": row["id"]}})
    return Answer(200, _done(ask, ask.id, told))


def _reference(row: Mapping[str, Any]) -> str:
    code_ = at(row, "clientReferenceInformation.code")
    return str(code_ or row["subscriptionInformation"]["code"])


def _event(row: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "subscriptionInformation": dict(row["subscriptionInformation"]),
        "clientReferenceInformation": {"code": _reference(row)},
        "transactionId": answer.get("id", ""),
        "status": answer.get("status", ""),
    }


def _done(ask: Ask, id_: str, status: str) -> dict[str, Any]:
    row = ask.account.state.recurring.subscriptions.copy(id_)
    information = row["subscriptionInformation"]
    return {
        "_links": {"self": {"href": f"{PATH}/{id_}", "method": "GET"}},
        "id": id_,
        "submitTimeUtc": utc_text(ask.account.now()),
        "status": status,
        "subscriptionInformation": {name: information[name] for name in ("code", "status")},
        "clientReferenceInformation": {"code": _reference(row)},
    }


def _shown(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    cycles = row["planInformation"].setdefault("billingCycles", {})
    cycles["current"] = str(len({one["billingCycle"] for one in row["_payments"]}))
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    links = {"self": {"href": f"{PATH}/{row['id']}", "method": "GET"}}
    return shown | {"_links": links, "submitTimeUtc": utc_text(ask.account.now())}


OFFERS = (
    Offer("subscriptions.get_subscription_code", "subscription_code", code),
    Offer("subscriptions.create_subscription", "subscription", create),
    Offer("subscriptions.get_subscription", "subscription_read", get),
    Offer("subscriptions.get_all_subscriptions", "subscription_list", list_all),
    Offer("subscriptions.update_subscription", "subscription_update", update),
    Offer("subscriptions.suspend_subscription", "subscription_suspension", suspend),
    Offer("subscriptions.activate_subscription", "subscription_activation", activate),
    Offer("subscriptions.cancel_subscription", "subscription_cancellation", cancel),
    Offer("subscriptions.subscriptions_id_payments_get", "subscription_payments", payments),
    Offer("subscriptions.subscriptions_id_payments_put", "subscription_skips", skip),
    Offer(
        "subscriptions_follow_ons.create_follow_on_subscription",
        "subscription_follow_on",
        follow_on,
    ),
    Offer(
        "subscriptions_follow_ons.get_follow_on_subscription",
        "subscription_follow_on_read",
        get_follow_on,
    ),
)
