"""What Cybersource knows of an order's transactions, or of all of a time, late.

Sources: Transaction Search API ("Creating a Transaction Search Request"), REST API reference
(Search Transactions, Transaction Details). Neither answer carries transactionId; our key comes
back as clientReferenceInformation.comments in the details.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Call
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import (
    authorization_of,
    follow_on_of,
    instant_of,
    money_of,
    part,
    text_of,
)
from tillbridge_cybersource.statuses import UNDECIDED_CODES, Policy, judge_code, read_refusal

CALLS = frozenset({"search_transactions.create_search", "transaction_details.get_transaction"})

PAGE_SIZE = 100
_PLAIN = re.compile(r"[\w-]+")
_OPERATIONS = {
    "ics_auth": Operation.AUTHORIZATION,
    "ics_incremental_auth": Operation.INCREMENT,
    "ics_bill": Operation.CAPTURE,
    "ics_auth_reversal": Operation.REVERSAL,
    "ics_void": Operation.VOID,
    "ics_credit": Operation.REFUND,
    "ics_ecp_debit": Operation.SALE,
    "ics_ecp_credit": Operation.REFUND,
}
_SUCCESS = "1"
_OF_ORDER = "submitTimeUtc:asc"
_IN_TIME = "submitTimeUtc:asc,id:asc"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hit:
    """One transaction with its details.

    Attributes:
        key: the key we sent with it; "" for a stranger's.
        root_id: the authorization it belongs to.
        related: ids of the transactions it acts on or is acted on by.
        held: the service itself succeeded, whatever was decided about it afterwards.
        code: the numeric reason code of the whole request.
    """

    id: str
    operation: Operation
    key: str
    root_id: str
    related: tuple[str, ...]
    held: bool
    code: int
    amount: Money | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One transaction as a search lists it, without its details.

    Attributes:
        operation: None for services that move no money.
        submitted_at: UTC; Cybersource writes whole seconds.
        application: what sent it, in its own words.
    """

    id: str
    operation: Operation | None
    order_number: str
    submitted_at: datetime
    amount: Money | None
    reason_code: str
    application: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search; `total` counts what fits the query, on all pages."""

    rows: tuple[Listed, ...]
    total: int


class Search:
    """Reads one account's transactions."""

    def __init__(self, exchange: Exchange, policy: Policy, stored_token: str) -> None:
        self._exchange = exchange
        self._policy = policy
        self._stored_token = stored_token

    async def hits(self, call: Call, order_number: str) -> list[Hit]:
        """Every visible payment transaction of an order, oldest first.

        Raises:
            Rejected: the order number cannot be searched for.
            Transient, Misconfigured: as for every read.
        """
        hits: list[Hit] = []
        offset = 0
        while True:
            answer = await self._of_order(call, order_number, offset)
            page = part(answer.body, "_embedded").get("transactionSummaries") or []
            for summary in page:
                hit = await self._details(call, summary)
                if hit is not None:
                    hits.append(hit)
            offset += len(page)
            if not page or offset >= int(answer.body.get("totalCount") or 0):
                return hits

    async def probe(self, call: Call) -> Answer:
        """The cheapest signed read: a search that finds nothing."""
        return await self._of_order(call, "tillbridge-probe", 0)

    async def between(
        self, call: Call, since: datetime, until: datetime, *, offset: int, limit: int
    ) -> Page:
        """What was submitted between two moments, both included, oldest first, equal ones by id.

        Raises:
            Transient, Misconfigured: as for every read.
        """
        query = f"submitTimeUtc:[{milliseconds(since)} TO {milliseconds(until, up=True)}]"
        doing = f"The search from {since} to {until}"
        asked = {"query": query, "offset": offset, "limit": limit, "sort": _IN_TIME}
        answer = await self._ask(call, asked, doing)
        rows = part(answer.body, "_embedded").get("transactionSummaries") or []
        return Page(tuple(map(_listed, rows)), int(answer.body.get("totalCount") or 0))

    async def one(self, call: Call, request_id: str) -> Hit | None:
        """A transaction with its details; None when it is not visible, or moves no money.

        Raises:
            Transient, Misconfigured: as for every read.
        """
        answer = await self._exchange.read(
            call, f"/tss/v2/transactions/{quote(request_id, safe='')}"
        )
        if answer.status == 404:
            return None
        if not answer.is_accepted:
            raise read_refusal(self._exchange.name, f"Reading the transaction {request_id}", answer)
        found = _service(answer.body)
        return None if found is None else _hit(request_id, *found, answer.body)

    def observation(self, hit: Hit) -> Observation | None:
        """What a hit proves; None when it proves nothing. Raises Unreconciled."""
        if hit.code in UNDECIDED_CODES:
            return None
        if hit.operation in (Operation.AUTHORIZATION, Operation.SALE):
            judgement = judge_code(hit.code, self._policy, held=hit.held)
            found = authorization_of(
                hit.body, judgement, Source.SEARCH, stored_token=self._stored_token
            )
            paid_with = part(hit.body, "paymentInformation", self._stored_token)
            token = found.token or text_of(paid_with, "id")
            return replace(found, operation=hit.operation, token=token)
        verdict = Verdict.APPROVED if hit.held else Verdict.DECLINED
        acts = hit.operation in (Operation.VOID, Operation.REFUND)
        parent_id = _acted_on(hit) if acts else hit.root_id
        return follow_on_of(
            hit.operation, hit.body, Source.SEARCH, parent_id=parent_id, verdict=verdict
        )

    def decided(self, hit: Hit, *, undone: bool) -> Observation:
        """What a hit with our own key proves; UNDONE when another hit undid it.

        Raises:
            Transient: Cybersource itself does not know (a system failure there); ask again.
        """
        observation = self.observation(hit)
        if observation is None:
            raise Transient(
                f"{self._exchange.name}: search shows {hit.id} with the code {hit.code}:"
                " Cybersource does not know how it ended.",
                reason="undecided",
                next_step="If this stays, look it up in the Business Center.",
            )
        return replace(observation, verdict=Verdict.UNDONE) if undone else observation

    async def _of_order(self, call: Call, order_number: str, offset: int) -> Answer:
        query = f"clientReferenceInformation.code:{_quoted(order_number)}"
        asked = {"query": query, "offset": offset, "limit": PAGE_SIZE, "sort": _OF_ORDER}
        return await self._ask(call, asked, f"The search for {order_number}")

    async def _ask(self, call: Call, asked: Mapping[str, object], doing: str) -> Answer:
        document = {"save": False, "name": "tillbridge", "timezone": "GMT", **asked}
        answer = await self._exchange.read(call, "/tss/v2/searches", document)
        if not answer.is_accepted:
            raise read_refusal(self._exchange.name, doing, answer)
        return answer

    async def _details(self, call: Call, summary: Mapping[str, Any]) -> Hit | None:
        """None for services that move no money, and for what is not visible yet."""
        if _service(summary) is None:
            return None
        return await self.one(call, text_of(summary, "id"))


def milliseconds(moment: datetime, *, up: bool = False) -> int:
    """Unix time; `up` rounds up, so that a bound never cuts anything off."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    return -(-micros // 1000) if up else micros // 1000


def _hit(
    request_id: str, operation: Operation, service: Mapping[str, Any], body: Mapping[str, Any]
) -> Hit:
    reference = part(body, "clientReferenceInformation")
    links = part(body, "_links").get("relatedTransactions") or []
    overall = part(body, "applicationInformation")
    root_id = text_of(body, "rootId")
    if operation is Operation.REFUND and root_id in ("", request_id):
        operation = Operation.CREDIT  # it stands alone
    return Hit(
        id=request_id,
        operation=operation,
        key=text_of(reference, "comments"),
        root_id=root_id,
        related=tuple(str(link["href"]).rpartition("/")[2] for link in links),
        held=text_of(service, "rCode") == _SUCCESS,
        code=int(text_of(overall, "reasonCode") or text_of(service, "reasonCode")),
        amount=money_of(part(body, "orderInformation", "amountDetails"), "totalAmount"),
        body=body,
    )


def _listed(summary: Mapping[str, Any]) -> Listed:
    found = _service(summary)
    reference = part(summary, "clientReferenceInformation")
    return Listed(
        id=text_of(summary, "id"),
        operation=found[0] if found else None,
        order_number=text_of(reference, "code"),
        submitted_at=instant_of(summary),
        amount=money_of(part(summary, "orderInformation", "amountDetails"), "totalAmount"),
        reason_code=text_of(part(summary, "applicationInformation"), "reasonCode"),
        application=text_of(reference, "applicationName"),
    )


def _service(summary: Mapping[str, Any]) -> tuple[Operation, Mapping[str, Any]] | None:
    services = {
        text_of(service, "name"): service
        for service in part(summary, "applicationInformation").get("applications") or ()
    }
    if {"ics_auth", "ics_bill"} <= services.keys():
        return Operation.SALE, services["ics_auth"]
    for name, operation in _OPERATIONS.items():
        if name in services:
            return operation, services[name]
    return None


def _acted_on(hit: Hit) -> str:
    """What a void undid or a refund gave back: the related transaction that is not the
    authorization; "" where several are related (a refund that was voided since)."""
    others = [related for related in hit.related if related != hit.root_id]
    if hit.operation is Operation.REFUND and len(others) > 1:
        return ""
    return others[0] if others else hit.root_id


def _quoted(order_number: str) -> str:
    if _PLAIN.fullmatch(order_number):
        return order_number
    if '"' in order_number or "\\" in order_number:
        raise Rejected(
            f"The order number {order_number!r} cannot be searched for at Cybersource.",
            reason="bad_number",
            next_step="Use letters, digits and hyphens.",
        )
    return f'"{order_number}"'
