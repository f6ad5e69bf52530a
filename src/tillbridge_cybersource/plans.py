"""Recurring billing, plans: made, changed, activated, deactivated, deleted, read and listed.

Sources: Recurring Billing Developer Guide, Plans; REST API reference, Recurring Billing, Plans.

A plan's id is given there, so a lost answer is settled by the list: our key, cut to what a code
holds, is the plan's code. Whether a code is refused the second time is not documented.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tillbridge.canonical.subscriptions import PlanState
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Poll, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import PLAN_STATES, state_of
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import money_of, part, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.plan_documents import (
    CODE_LENGTH_MAX,
    PLAN,
    PLAN_ACTIVATION,
    PLAN_DEACTIVATION,
    PLAN_DELETION,
    PLAN_ID,
    PLAN_UPDATE,
    changed_plan,
    new_plan,
)
from tillbridge_cybersource.walks import walked

CALLS = frozenset(
    {
        *("plans.create_plan", "plans.get_plan", "plans.get_plans", "plans.update_plan"),
        *("plans.activate_plan", "plans.deactivate_plan", "plans.delete_plan"),
        "plans.get_plan_code",
    }
)
PATH: Final = "/rbs/v1/plans"
GIVES: Final = (
    *("plan_id", "code", "name", "status", "state", "every", "unit", "payments"),
    *("amount", "currency", "setup_fee"),
)
_CLOSED: Final = frozenset({PlanState.INACTIVE, PlanState.DRAFT})


class Plans:
    """The writes, reads and the poll about plans."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        shape = DocumentShape(
            "plans",
            "Plans of the account",
            (
                Field("status", "choice", "Only these", options=("draft", "active", "inactive")),
                Field("code", "text", "Only the one with this code"),
            ),
        )
        names = {"status": "status", "code": "code"}
        self.poll: Poll = walked(kept, shape, GIVES, _row, names)
        self.writes = (
            Write(PLAN, "find", self._make, find=self._find),
            Write(PLAN_UPDATE, "natural_key", self._update),
            Write(PLAN_ACTIVATION, "natural_key", self._activate),
            Write(PLAN_DEACTIVATION, "natural_key", self._deactivate),
            Write(PLAN_DELETION, "find", self._delete, find=self._find_deleted),
        )
        one = DocumentShape("plan", "A plan as it stands", (PLAN_ID,))
        self.reads = (
            Read("plan", one, self._read),
            Read("plan_code", DocumentShape("plan_code", "The next free code", ()), self._code),
        )

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        code = code_of(call, fields)
        doing = f"Making the plan {code}"
        document = new_plan(fields, code)
        answer = await self._kept.change(call, PATH, document, doing=doing)
        return self._written(answer.body)

    async def _find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        code = code_of(call, fields)
        page = await self._kept.page(call, {"code": code}, 0)
        receipt = None
        for row in page.rows:
            if _is(row, code, fields):
                receipt = self._receipt(row)
        return self._kept.finding(call, receipt, sent_at)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "plan_id")
        path, doing = self._kept.at(id_), f"Changing the plan {id_}"
        document = changed_plan(fields)
        answer = await self._kept.change(call, path, document, method="PATCH", doing=doing)
        return self._written(answer.body)

    async def _activate(self, call: Call, fields: Fields) -> Receipt:
        return await self._turned(call, fields, "activate", frozenset({PlanState.ACTIVE}))

    async def _deactivate(self, call: Call, fields: Fields) -> Receipt:
        return await self._turned(call, fields, "deactivate", _CLOSED)

    async def _turned(
        self, call: Call, fields: Fields, step: str, wanted: frozenset[PlanState]
    ) -> Receipt:
        id_ = values.required_text(fields, "plan_id")
        body = await self._kept.turn(
            call,
            id_,
            self._kept.at(id_, step),
            lambda there: PLAN_STATES.get(_status(there).upper()) in wanted,
            f"The change of the plan {id_} ({step})",
        )
        return self._written(body)

    async def _delete(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "plan_id")
        path, doing = self._kept.at(id_), f"Deleting the plan {id_}"
        answer = await self._kept.change(call, path, None, method="DELETE", doing=doing)
        self._kept.expect_done(answer.body)
        return self._kept.receipt(id_, {"plan_id": id_})

    async def _find_deleted(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        id_ = values.required_text(fields, "plan_id")
        there = await self._kept.read(call, id_)
        receipt = self._kept.receipt(id_, {"plan_id": id_}) if there is None else None
        return self._kept.finding(call, receipt, sent_at)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        return self._receipt(await self._kept.expect(call, values.required_text(fields, "plan_id")))

    async def _code(self, call: Call, _: Fields) -> Receipt:
        body = await self._kept.expect(call, "code")
        return Receipt(fields={"code": text_of(body, "code")})

    def _written(self, body: Body) -> Receipt:
        self._kept.expect_done(body)
        if _status(body).upper() not in PLAN_STATES:
            raise self._kept.odd(_status(body))
        with reading_success(self._kept.exchange.name):
            return self._receipt(body)

    def _receipt(self, body: Body) -> Receipt:
        id_ = text_of(body, "id")
        state = state_of(PLAN_STATES, _status(body), f"plan {id_}")
        return self._kept.receipt(id_, {**_shown(body), "state": state})


def code_of(call: Call, fields: Fields) -> str:
    """The code of a new plan or subscription: as it is given, or our key as far as it fits."""
    return values.text(fields, "code") or call.key[:CODE_LENGTH_MAX]


def _is(row: Body, code: str, fields: Fields) -> bool:
    """Whether a row of the list is the plan that was asked for."""
    information = part(row, "planInformation")
    amount = money_of(part(row, "orderInformation", "amountDetails"), "billingAmount")
    asked = (code, values.text(fields, "name"), values.required_money(fields, "amount"))
    return (text_of(information, "code"), text_of(information, "name"), amount) == asked


def _status(body: Body) -> str:
    return text_of(part(body, "planInformation"), "status")


def _row(body: Body) -> Mapping[str, str]:
    state = PLAN_STATES.get(_status(body).upper())
    return dict.fromkeys(GIVES, "") | _shown(body) | {"state": state or "unknown"}


def _shown(body: Body) -> dict[str, str]:
    information = part(body, "planInformation")
    amounts = part(body, "orderInformation", "amountDetails")
    amount, fee = money_of(amounts, "billingAmount"), money_of(amounts, "setupFee")
    return {
        "plan_id": text_of(body, "id"),
        "code": text_of(information, "code"),
        "name": text_of(information, "name"),
        "status": text_of(information, "status"),
        "every": text_of(part(information, "billingPeriod"), "length"),
        "unit": text_of(part(information, "billingPeriod"), "unit"),
        "payments": text_of(part(information, "billingCycles"), "total"),
        "amount": amount.text if amount is not None else "",
        "currency": text_of(amounts, "currency"),
        "setup_fee": fee.text if fee is not None else "",
    }
