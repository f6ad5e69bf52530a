"""The subscription of webhooks: compared with what is needed, and mended until one is right.

Each round looks before it acts, so that a lost answer is seen in the next one. Of several that
tell the same door the oldest is kept, whoever asks: two who do not know of each other agree on it.

Source: Webhooks Implementation Guide, "Create a Webhook Subscription" (statuses), "Manage Webhook
Subscriptions Requests", "Webhook Health Check URL and Automatic Revalidation", "URL Review and
Approval Process".
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge.connector.connector import Opening
from tillbridge.connector.webhooks import Subscribed, Telling, WebhookKeeping, Wish
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.webhook_events import LEAST, WANTED
from tillbridge_cybersource.webhook_keys import EgressKeys

CALLS = frozenset(
    {
        "create_new_webhooks.find_products_to_subscribe",
        "create_new_webhooks.notification_subscriptions_v2_webhooks_post",
        "manage_webhooks.delete_webhook_subscription",
        "manage_webhooks.notification_subscriptions_v1_webhooks_webhook_id_post",
        "manage_webhooks.get_webhook_subscription_by_id",
        "manage_webhooks.get_webhook_subscriptions_by_org",
        "manage_webhooks.notification_subscriptions_v2_webhooks_webhook_id_patch",
        "manage_webhooks.notification_subscriptions_v2_webhooks_webhook_id_status_put",
    }
)
PATH = "/notification-subscriptions/v2/webhooks"
_SAMPLES = "/notification-subscriptions/v1/webhooks"
PRODUCTS = "/notification-subscriptions/v2/products/"
HEALTH = "/health"
"""Behind a door's address: answered while deliveries can be kept."""
TITLE = "Webhook subscription"
_ROUNDS = 8
_LISTED_S = 1.0
"""After an answer was lost, so long until the list is looked at again."""
_TELLING: Mapping[str, Telling] = {
    "ACTIVE": "telling",
    "INACTIVE": "off",
    "SUSPENDED": "suspended",
    "PENDING_REVIEW": "waiting",
    "BLOCKED": "blocked",
}
_NEXT_STEP: Mapping[Telling, str] = {
    "suspended": "Cybersource could not reach {health}: let 198.241.206.21 and 198.241.207.21 reach"
    " it on port 443 or 8443. What it keeps back is delivered then.",
    "waiting": "Its addresses are being reviewed by Cybersource, which takes one or two days.",
    "blocked": "Its addresses were refused by Cybersource: use others (webhook_url), or ask them.",
    "off": "It does not become active: look at it in the Business Center.",
}


@dataclass(frozen=True, slots=True)
class _Need:
    """What the one subscription has to be."""

    url: str
    events: frozenset[tuple[str, str]]

    def is_met_by(self, row: Mapping[str, Any]) -> bool:
        return (
            text_of(row, "webhookUrl") == self.url
            and text_of(row, "healthCheckUrl") == self.url + HEALTH
            and frozenset(_events(row)) == self.events
        )


@dataclass(slots=True)
class _Work:
    """What one look has done so far."""

    lines: list[CheckLine] = field(default_factory=list)
    made: Mapping[str, Any] | None = None
    tried: set[str] = field(default_factory=set)

    def done(self, what: str) -> None:
        self.lines.append(CheckLine(TITLE, passed=True, detail=what))


class WebhookSubscriptions:
    """One account's subscription to one door."""

    def __init__(
        self,
        exchange: Exchange,
        keys: EgressKeys,
        settings: CybersourceSettings,
        opening: Opening,
    ) -> None:
        self._exchange = exchange
        self._keys = keys
        self._organization = settings.merchant_id
        self._url = settings.webhook_url.rstrip("/")
        self._name = f"Tillbridge {opening.connection}"
        self._factor = opening.factor
        self.keeping: WebhookKeeping | None = None
        if self._url:
            every_s = settings.webhook_keep_every_s / opening.factor
            self.keeping = WebhookKeeping(every_s, self._keep, self._sample)

    async def look(self, call: Call) -> CheckLine:
        """How the subscription stands, by a read."""
        rows = _ours(await self._listed(call), self._url, "")
        if not rows:
            next_step = "Run: tillbridge provision"
            return CheckLine(TITLE, passed=False, detail="There is none.", next_step=next_step)
        line = self._line(rows[0])
        if len(rows) > 1 and line.passed:
            detail = f"{len(rows)} tell the same door; each event comes as often."
            return CheckLine(TITLE, False, detail, "Run: tillbridge provision")
        return line

    async def _sample(self, call: Call, webhook_id: str) -> str:
        """Cybersource sends a message that means nothing, signed and encrypted like any other."""
        answer = await self._exchange.manage(call, "POST", f"{_SAMPLES}/{quote(webhook_id)}", {})
        _expect(answer)
        return text_of(answer.body, "eventType")

    async def _keep(self, call: Call, wish: Wish) -> Subscribed:
        work = _Work(await self._keys.see_to(call, wish))
        need = _Need(self._url, await self._wanted(call))
        for _ in range(_ROUNDS):
            try:
                row = await self._round(call, wish, need, work)
            except Transient as error:
                if error.sent == "no":
                    raise
                await asyncio.sleep(_LISTED_S / self._factor)
                continue
            if row is not None:
                return self._subscribed(row, work)
        raise Transient(
            f"The subscription of webhooks is still not as it should be after {_ROUNDS} rounds.",
            reason="unsettled",
            next_step="It is looked at again soon.",
        )

    async def _round(
        self, call: Call, wish: Wish, need: _Need, work: _Work
    ) -> Mapping[str, Any] | None:
        """Looks and mends one thing; the subscription when there was nothing to mend."""
        rows = _ours(await self._listed(call), self._url, wish.id)
        if work.made is not None and text_of(work.made, "webhookId") not in map(_id, rows):
            shown = await self._exchange.manage(call, "GET", _path(work.made))
            rows = _oldest_first([*rows, shown.body]) if shown.status == 200 else rows
        if not rows:
            work.made = await self._create(call, need)
            if work.made is not None:
                work.done(f"Made {_id(work.made)}.")
            return None
        row, *others = rows
        for other in others:
            await self._exchange.manage(call, "DELETE", _path(other))
            work.done(f"Removed the duplicate {_id(other)}.")
        if others:
            return None
        if not need.is_met_by(row) and "patch" not in work.tried:
            work.tried.add("patch")
            _expect(await self._exchange.manage(call, "PATCH", _path(row), self._wish(need)))
            work.done(f"Changed {_id(row)}: {_difference(row, need)}.")
            return None
        if text_of(row, "status") == "INACTIVE" and "status" not in work.tried:
            work.tried.add("status")
            document = {"status": "ACTIVE"}
            answer = await self._exchange.manage(call, "PUT", f"{_path(row)}/status", document)
            if answer.status < 300:  # refused while its address is under review
                work.done(f"Made {_id(row)} active.")
            return None
        return row

    async def _create(self, call: Call, need: _Need) -> Mapping[str, Any] | None:
        """The new subscription; None where there is one of the same kind already."""
        document = {
            **self._wish(need),
            "description": "Kept by Tillbridge; changes made by hand are undone.",
            "securityPolicy": {"securityType": "KEY"},
        }
        answer = await self._exchange.manage(call, "POST", PATH, document)
        if answer.status == 400 and answer.reason == "DUPLICATE_REQUEST":
            return None
        _expect(answer)
        return answer.body

    async def _listed(self, call: Call) -> list[Mapping[str, Any]]:
        answer = await self._exchange.manage(
            call, "GET", f"{PATH}?organizationId={quote(self._organization)}"
        )
        if answer.status == 404:  # none
            return []
        _expect(answer)
        return list(answer.rows)

    async def _wanted(self, call: Call) -> frozenset[tuple[str, str]]:
        """Of what we understand, what the account offers."""
        answer = await self._exchange.manage(call, "GET", PRODUCTS + quote(self._organization))
        offered = {
            (text_of(row, "productId"), text_of(event, "eventName"))
            for row in answer.rows
            for event in row.get("eventTypes") or ()
        }
        known = {(product, event) for product, events in WANTED.items() for event in events}
        least = {(product, event) for product, event in known if product in LEAST}
        return frozenset(known & offered) or frozenset(least)

    def _wish(self, need: _Need) -> dict[str, object]:
        return {
            "name": self._name,
            "organizationId": self._organization,
            "products": [
                {"productId": product, "eventTypes": sorted(events)}
                for product, events in _by_product(need.events)
            ],
            "webhookUrl": need.url,
            "healthCheckUrl": need.url + HEALTH,
            "retryPolicy": {
                "algorithm": "ARITHMETIC",
                "firstRetry": 1,
                "interval": 5,
                "numberOfRetries": 5,
                "deactivateFlag": "true",
                "repeatSequenceCount": 0,
                "repeatSequenceWaitTime": 0,
            },
        }

    def _subscribed(self, row: Mapping[str, Any], work: _Work) -> Subscribed:
        status = text_of(row, "status")
        return Subscribed(
            id=_id(row),
            url=text_of(row, "webhookUrl"),
            telling=_TELLING.get(status, "off"),
            status=status,
            events=len(set(_events(row))),
            keys_expire_at=self._keys.expire_at,
            lines=(*work.lines, self._line(row)),
        )

    def _line(self, row: Mapping[str, Any]) -> CheckLine:
        status = text_of(row, "status")
        telling = _TELLING.get(status, "off")
        count = len(set(_events(row)))
        detail = f"{_id(row)} is {status}: {count} kinds of events to {text_of(row, 'webhookUrl')}."
        next_step = _NEXT_STEP.get(telling, "").format(health=text_of(row, "healthCheckUrl"))
        return CheckLine(TITLE, telling == "telling", detail, next_step)


def _ours(rows: list[Mapping[str, Any]], url: str, known_id: str) -> list[Mapping[str, Any]]:
    """Those that tell our door, and the one we made for it when it had another address."""
    return _oldest_first(
        [
            row
            for row in rows
            if text_of(row, "webhookUrl").rstrip("/") == url or _id(row) == known_id != ""
        ]
    )


def _oldest_first(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: (text_of(row, "createdOn"), _id(row)))


def _id(row: Mapping[str, Any]) -> str:
    return text_of(row, "webhookId")


def _path(row: Mapping[str, Any]) -> str:
    return f"{PATH}/{quote(_id(row))}"


def _events(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Product and event of each; the older form has one product beside its events."""
    for one in row.get("products") or (row,):
        for event in one.get("eventTypes") or ():
            yield text_of(one, "productId"), str(event)


def _by_product(events: frozenset[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for product, event in sorted(events):
        found.setdefault(product, []).append(event)
    return list(found.items())


def _difference(row: Mapping[str, Any], need: _Need) -> str:
    there = frozenset(_events(row))
    parts = [
        f"{len(need.events - there)} kinds of events more" if need.events - there else "",
        f"{len(there - need.events)} fewer" if there - need.events else "",
        "its address" if text_of(row, "webhookUrl") != need.url else "",
        "its health check" if text_of(row, "healthCheckUrl") != need.url + HEALTH else "",
    ]
    return ", ".join(part for part in parts if part)


def _expect(answer: Answer) -> None:
    """Raises Rejected unless it was done."""
    if answer.status < 300:
        return
    fields = ", ".join(text_of(one, "field") for one in answer.body.get("details") or ())
    raise Rejected(
        f"Cybersource refuses the subscription of webhooks: {answer.reason or answer.status}"
        f"{f' ({fields})' if fields else ''}.",
        reason="subscription_refused",
        next_step="Correct webhook_url, or let the REST key manage webhooks.",
    )
