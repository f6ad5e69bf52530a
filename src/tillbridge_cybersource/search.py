"""What Cybersource knows of an order's transactions, late.

Sources: Transaction Search API ("Creating a Transaction Search Request"), REST API reference
(Search Transactions, Transaction Details). Neither answer carries transactionId; our key comes
back as clientReferenceInformation.comments in the details.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Call
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import (
    authorization_of,
    follow_on_of,
    money_of,
    part,
    text_of,
)
from tillbridge_cybersource.statuses import UNDECIDED_CODES, Policy, judge_code, refusal

PAGE_SIZE = 100
_PLAIN = re.compile(r"[\w-]+")
_OPERATIONS = {
    "ics_auth": Operation.AUTHORIZATION,
    "ics_bill": Operation.CAPTURE,
    "ics_auth_reversal": Operation.REVERSAL,
    "ics_void": Operation.VOID,
}
_SUCCESS = "1"


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
            answer = await self._ask(call, order_number, offset)
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
        return await self._ask(call, "tillbridge-probe", 0)

    def observation(self, hit: Hit) -> Observation | None:
        """What a hit proves; None when it proves nothing. Raises Unreconciled."""
        if hit.code in UNDECIDED_CODES:
            return None
        if hit.operation in (Operation.AUTHORIZATION, Operation.SALE):
            judgement = judge_code(hit.code, self._policy, held=hit.held)
            found = authorization_of(
                hit.body, judgement, Source.SEARCH, stored_token=self._stored_token
            )
            return replace(found, operation=hit.operation)
        verdict = Verdict.APPROVED if hit.held else Verdict.DECLINED
        parent_id = _acted_on(hit) if hit.operation is Operation.VOID else hit.root_id
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

    async def _ask(self, call: Call, order_number: str, offset: int) -> Answer:
        query = {
            "save": False,
            "name": "tillbridge",
            "timezone": "GMT",
            "query": f"clientReferenceInformation.code:{_quoted(order_number)}",
            "offset": offset,
            "limit": PAGE_SIZE,
            "sort": "submitTimeUtc:asc",
        }
        answer = await self._exchange.read(call, "/tss/v2/searches", query)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, f"The search for {order_number}", answer)
        return answer

    async def _details(self, call: Call, summary: Mapping[str, Any]) -> Hit | None:
        """None for services that move no money, and for what is not visible yet."""
        found = _service(summary)
        if found is None:
            return None
        request_id = text_of(summary, "id")
        answer = await self._exchange.read(call, f"/tss/v2/transactions/{request_id}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refusal(self._exchange.name, f"Reading the transaction {request_id}", answer)
        operation, service = found
        reference = part(answer.body, "clientReferenceInformation")
        links = part(answer.body, "_links").get("relatedTransactions") or []
        overall = part(answer.body, "applicationInformation")
        return Hit(
            id=request_id,
            operation=operation,
            key=text_of(reference, "comments"),
            root_id=text_of(answer.body, "rootId"),
            related=tuple(str(link["href"]).rpartition("/")[2] for link in links),
            held=text_of(service, "rCode") == _SUCCESS,
            code=int(text_of(overall, "reasonCode") or text_of(service, "reasonCode")),
            amount=money_of(part(answer.body, "orderInformation", "amountDetails"), "totalAmount"),
            body=answer.body,
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
    """What a void undid: the related transaction that is not the authorization."""
    others = [related for related in hit.related if related != hit.root_id]
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
