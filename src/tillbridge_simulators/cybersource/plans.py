"""Recurring billing: plans.

Sources: REST API reference, Recurring Billing, Plans; Recurring Billing Developer Guide, Plan
Statuses (draft, active, inactive; an inactive one is not amended). What somebody has subscribed to
is not deleted (not documented).
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import amount_at, at, text_at
from tillbridge_simulators.cybersource.listings import listing
from tillbridge_simulators.cybersource.shelf import merged

PATH = "/rbs/v1/plans"
UNITS = ("D", "W", "M", "Y")


def create(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    said = ask.document
    text_at(said, "planInformation.name", length_max=255, required=True)
    expect_period(said)
    amount_at(said, "orderInformation.amountDetails", "billingAmount")
    status = at(said, "planInformation.status") or "ACTIVE"
    if status not in ("DRAFT", "ACTIVE"):
        raise Refusal("INVALID_DATA", ["planInformation.status"])
    code = at(said, "planInformation.code") or next_code(ask)
    if any(True for _ in _plans(ask, code=code)):
        raise Refusal("DUPLICATE_REQUEST", ["planInformation.code"])
    id_ = ask.account.state.new_id(ask.account.now())
    row = merged(said, {"planInformation": {"code": code, "status": status}})
    ask.account.state.recurring.plans.put(id_, row | {"id": id_})
    return Answer(201, _done(ask, id_))


def get(ask: Ask) -> Answer:
    """GET {id}."""
    row = ask.account.state.recurring.plans.find(ask.id)
    return Answer(200, _shown(ask, row)) if row else not_found(ask.account.now())


def list_all(ask: Ask) -> Answer:
    """GET, by code, status and name."""
    wanted = {name: ask.query[name] for name in ("code", "status", "name") if name in ask.query}
    rows = [_shown(ask, row) for row in _plans(ask, **wanted)]
    return listing(ask, PATH, "plans", rows)


def update(ask: Ask) -> Answer:
    """PATCH {id}: the amounts of an active plan may change, its currency not."""
    row = _plan(ask)
    if row["planInformation"]["status"] == "INACTIVE":
        raise Refusal("NOT_SUPPORTED", ["planInformation.status"])
    active = row["planInformation"]["status"] == "ACTIVE"
    if active and at(ask.document, "orderInformation.amountDetails.currency") not in (
        None,
        at(row, "orderInformation.amountDetails.currency"),
    ):
        raise Refusal("INVALID_DATA", ["orderInformation.amountDetails.currency"])
    changed = merged(row, ask.document)
    changed["planInformation"]["status"] = row["planInformation"]["status"]
    expect_period(changed)
    amount_at(changed, "orderInformation.amountDetails", "billingAmount")
    ask.account.state.recurring.plans.put(ask.id, changed)
    return Answer(200, _done(ask, ask.id))


def activate(ask: Ask) -> Answer:
    """POST {id}/activate: of a draft, or of one that was active before."""
    if _plan(ask)["planInformation"]["status"] == "ACTIVE":
        raise Refusal("INVALID_DATA", ["planInformation.status"])
    return _turn(ask, "ACTIVE")


def deactivate(ask: Ask) -> Answer:
    """POST {id}/deactivate: of an active one; who has subscribed goes on."""
    if _plan(ask)["planInformation"]["status"] != "ACTIVE":
        raise Refusal("INVALID_DATA", ["planInformation.status"])
    return _turn(ask, "INACTIVE")


def delete(ask: Ask) -> Answer:
    """DELETE {id}."""
    _plan(ask)
    used = ask.account.state.recurring.subscriptions.where(
        lambda one: at(one, "subscriptionInformation.planId") == ask.id
    )
    if any(True for _ in used):
        raise Refusal("NOT_SUPPORTED", ["id"])
    ask.account.state.recurring.plans.drop(ask.id)
    return Answer(200, {"submitTimeUtc": utc_text(ask.account.now()), "status": "COMPLETED"})


def code(ask: Ask) -> Answer:
    """GET code: the one the next plan would get."""
    return Answer(200, {"code": next_code(ask), "submitTimeUtc": utc_text(ask.account.now())})


def next_code(ask: Ask) -> str:
    """A code nobody has, of plans and subscriptions alike."""
    recurring = ask.account.state.recurring
    recurring.codes += 1
    return f"{recurring.codes:013d}"


def expect_period(document: Mapping[str, Any]) -> None:
    """Raises Refusal for a billing period or a number of cycles that is none."""
    path = "planInformation.billingPeriod"
    length, unit = at(document, f"{path}.length"), at(document, f"{path}.unit")
    missing = {"length": length, "unit": unit}
    if absent := [f"{path}.{name}" for name, value in missing.items() if not value]:
        raise Refusal("MISSING_FIELD", absent)
    if not str(length).isdigit() or int(length) == 0 or unit not in UNITS:
        raise Refusal("INVALID_DATA", [path])
    total = at(document, "planInformation.billingCycles.total")
    if total is not None and not (str(total).isdigit() and int(total)):
        raise Refusal("INVALID_DATA", ["planInformation.billingCycles.total"])


def _plan(ask: Ask) -> dict[str, Any]:
    row = ask.account.state.recurring.plans.find(ask.id)
    if row is None:
        raise Refusal("INVALID_DATA", ["id"])
    return row


def _plans(ask: Ask, **wanted: str) -> Any:
    return ask.account.state.recurring.plans.where(
        lambda row: all(row["planInformation"].get(name) == it for name, it in wanted.items())
    )


def _turn(ask: Ask, status: str) -> Answer:
    row = _plan(ask)
    row["planInformation"]["status"] = status
    ask.account.state.recurring.plans.put(ask.id, row)
    return Answer(200, _done(ask, ask.id))


def _done(ask: Ask, id_: str) -> dict[str, Any]:
    plan = ask.account.state.recurring.plans.copy(id_)["planInformation"]
    return {
        "_links": _links(id_),
        "id": id_,
        "submitTimeUtc": utc_text(ask.account.now()),
        "status": "COMPLETED",
        "planInformation": {"code": plan["code"], "status": plan["status"]},
    }


def _shown(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "_links": _links(row["id"]),
        "id": row["id"],
        "submitTimeUtc": utc_text(ask.account.now()),
        "planInformation": row["planInformation"],
        "orderInformation": row["orderInformation"],
    }


def _links(id_: str) -> dict[str, Any]:
    return {
        "self": {"href": f"{PATH}/{id_}", "method": "GET"},
        "update": {"href": f"{PATH}/{id_}", "method": "PATCH"},
        "activate": {"href": f"{PATH}/{id_}/activate", "method": "POST"},
        "deactivate": {"href": f"{PATH}/{id_}/deactivate", "method": "POST"},
    }


OFFERS = (
    Offer("plans.get_plan_code", "plan_code", code),
    Offer("plans.create_plan", "plan", create),
    Offer("plans.get_plan", "plan_read", get),
    Offer("plans.get_plans", "plan_list", list_all),
    Offer("plans.update_plan", "plan_update", update),
    Offer("plans.activate_plan", "plan_activation", activate),
    Offer("plans.deactivate_plan", "plan_deactivation", deactivate),
    Offer("plans.delete_plan", "plan_deletion", delete),
)
