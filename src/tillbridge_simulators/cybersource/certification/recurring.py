"""Recurring billing: plans, subscriptions and those that follow a payment."""

from datetime import UTC, datetime
from typing import Any

from tillbridge_simulators.cybersource.certification.customers import paying_customer
from tillbridge_simulators.cybersource.certification.payments import NOBODY, paying
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_MONTHLY = {"billingPeriod": {"length": "1", "unit": "M"}}


def _plan(it: Script, amount: str = "10.00") -> dict[str, Any]:
    return {
        "planInformation": {"name": "Gold", "code": it.new("P")[:20], **_MONTHLY},
        "orderInformation": {"amountDetails": {"currency": "USD", "billingAmount": amount}},
    }


def _subscription(it: Script, **information: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    said = {"name": "Maya's gold", "startDate": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {
        "subscriptionInformation": said | information,
        "paymentInformation": {"customer": {"id": paying_customer(it)}},
        **{name: part for name, part in _plan(it).items() if name == "orderInformation"},
        "planInformation": _MONTHLY,
    }


def _plans(it: Script) -> None:
    document = _plan(it)
    code = document["planInformation"]["code"]
    id_ = it.do("plans.create_plan", document)["id"]
    it.shows("plans.get_plans", {"totalCount": 1, "plans.0.id": id_}, code=code)
    it.refused("plans.create_plan", 400, "INVALID_DATA", _plan(it, "-1"))
    change = {"orderInformation": {"amountDetails": {"billingAmount": "12.00"}}}
    it.do("plans.update_plan", change, id=id_)
    place = "orderInformation.amountDetails.billingAmount"
    it.shows("plans.get_plan", {place: "12.00", "planInformation.status": "ACTIVE"}, id=id_)
    it.refused("plans.update_plan", 400, "INVALID_DATA", change, id=NOBODY)
    it.refused("plans.get_plan", 404, "NOT_FOUND", id=NOBODY)
    it.refused("plans.get_plans", 400, "INVALID_DATA", limit="0")
    it.refused("plans.delete_plan", 400, "INVALID_DATA", id=NOBODY)
    for verb, status in (("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        it.do(f"plans.{verb}_plan", id=id_)
        it.shows("plans.get_plan", {"planInformation.status": status}, id=id_)
        it.refused(f"plans.{verb}_plan", 400, "INVALID_DATA", id=NOBODY)
    it.do("plans.delete_plan", id=id_)
    it.refused("plans.get_plan", 404, "NOT_FOUND", id=id_)
    it.shows("plans.get_plans", {"totalCount": 0}, code=code)


def _codes(it: Script) -> None:
    for key in ("plans.get_plan_code", "subscriptions.get_subscription_code"):
        first = it.shows(key, {"code": ANY})["code"]
        it.shows(key, {"code": ANY})
        it.knows_nobody_else(key)
        made = it.new(first)
        if key.startswith("plans"):
            plan = _plan(it)
            plan["planInformation"]["code"] = first
            it.do("plans.create_plan", plan)
            it.shows("plans.get_plans", {"totalCount": 1}, code=first)
            it.shows("plans.get_plans", {"totalCount": 0}, code=made)


def _life(it: Script) -> None:
    document = _subscription(it)
    id_ = it.do("subscriptions.create_subscription", document)["id"]
    wrong = document | {"paymentInformation": {"customer": {"id": "0" * 32}}}
    it.refused("subscriptions.create_subscription", 400, "INVALID_DATA", wrong)
    it.do("subscriptions.update_subscription", _named("Maya's silver"), id=id_)
    path = "subscriptionInformation"
    wanted = {f"{path}.name": "Maya's silver", f"{path}.status": "ACTIVE"}
    it.shows("subscriptions.get_subscription", wanted, id=id_)
    it.refused("subscriptions.update_subscription", 400, "INVALID_DATA", _named("x"), id=NOBODY)
    it.refused("subscriptions.get_subscription", 404, "NOT_FOUND", id=NOBODY)
    for verb, status in (("suspend", "SUSPENDED"), ("activate", "ACTIVE"), ("cancel", "CANCELLED")):
        key = f"subscriptions.{verb}_subscription"
        it.do(key, id=id_)
        it.shows("subscriptions.get_subscription", {f"{path}.status": status}, id=id_)
        it.refused(key, 400, "INVALID_DATA", id=NOBODY)
    it.refused("subscriptions.activate_subscription", 400, "NOT_SUPPORTED", id=id_)
    customer = document["paymentInformation"]["customer"]["id"]
    listed = {"totalCount": 1, "subscriptions.0.id": id_}
    it.shows("subscriptions.get_all_subscriptions", listed, status="CANCELLED", customerId=customer)
    it.refused("subscriptions.get_all_subscriptions", 400, "INVALID_DATA", limit="0")


def _cycles(it: Script) -> None:
    id_ = it.do("subscriptions.create_subscription", _subscription(it))["id"]
    skip = {"billingCyclesToSkip": ["2"]}
    it.do("subscriptions.subscriptions_id_payments_put", skip, id=id_)
    wanted = {"totalCount": 1, "subscriptionPayment.0.status": "PAID", "billingCyclesToSkip": [2]}
    it.shows("subscriptions.subscriptions_id_payments_get", wanted, id=id_)
    billed = {"billingCyclesToSkip": ["1"]}
    it.refused("subscriptions.subscriptions_id_payments_put", 400, "INVALID_DATA", billed, id=id_)
    it.refused("subscriptions.subscriptions_id_payments_get", 404, "NOT_FOUND", id=NOBODY)


def _follow_on(it: Script) -> None:
    customer = {"paymentInformation": {"customer": {"id": paying_customer(it)}}}
    payment = it.do("payments.create_payment", paying(it) | customer)["id"]
    noun = "subscriptions_follow_ons"
    wanted = {"paymentInformation.customer.id": customer["paymentInformation"]["customer"]["id"]}
    it.shows(f"{noun}.get_follow_on_subscription", wanted, requestId=payment)
    it.refused(f"{noun}.get_follow_on_subscription", 404, "NOT_FOUND", requestId=NOBODY)
    document = _subscription(it)
    del document["paymentInformation"]
    made = it.do(f"{noun}.create_follow_on_subscription", document, requestId=payment)["id"]
    it.shows("subscriptions.get_subscription", wanted, id=made)
    it.refused(
        f"{noun}.create_follow_on_subscription", 400, "INVALID_DATA", document, requestId=NOBODY
    )


def _named(name: str) -> dict[str, Any]:
    return {"subscriptionInformation": {"name": name}}


ROWS = (
    row(
        _plans,
        "plans.create_plan",
        "plans.get_plan",
        "plans.get_plans",
        "plans.update_plan",
        "plans.activate_plan",
        "plans.deactivate_plan",
        "plans.delete_plan",
    ),
    row(_codes, "plans.get_plan_code", "subscriptions.get_subscription_code"),
    row(
        _life,
        "subscriptions.create_subscription",
        "subscriptions.get_subscription",
        "subscriptions.get_all_subscriptions",
        "subscriptions.update_subscription",
        "subscriptions.suspend_subscription",
        "subscriptions.activate_subscription",
        "subscriptions.cancel_subscription",
    ),
    row(
        _cycles,
        "subscriptions.subscriptions_id_payments_get",
        "subscriptions.subscriptions_id_payments_put",
    ),
    row(
        _follow_on,
        "subscriptions_follow_ons.create_follow_on_subscription",
        "subscriptions_follow_ons.get_follow_on_subscription",
    ),
)
