"""The plants of the chaos campaign: the defects it must see among everything else that is wrong.

Some are the crash campaign's, some its own. `TOWNS` says what is different in a plant's town, where
the everyday one would show it too rarely.
"""

import random
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import tillbridge.journeys.house
import tillbridge_shop.deliveries
from campaigns.house_process import Part, dress
from campaigns.plants import PLANTS, Plant, put_in_place
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.canonical.fulfilments import Fulfilment
from tillbridge.cli.main import main
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.documents import Fields
from tillbridge.runs.journal import Intent, Journal

LEASE_S: Final = 4.0
"""Short, so that lanes are lost; long enough that a busy machine loses none by itself."""
_CAPTURE = "capture"
_AUTHORIZATION = "authorization"
_STALLED_SHARE: Final = 0.05
_UNASKED: Final = {"report_every_s": "0", "pull_every_s": "0"}
"""Nobody asks Cybersource what became of its payments: else what a plant spoils is soon mended."""


def play(part: Part) -> None:
    """Plays a part with one of these plants, or none; never returns."""
    dress(part, CHAOS_PLANTS)
    tillbridge.journeys.house.LEASE_MIN_S = LEASE_S
    main([part.role, *part.options])


def _unknown_as_failed() -> None:
    send = Journal.send

    async def guess(
        self: Journal, intent: Intent, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        async def hasty(call: Call, given: Fields) -> Receipt:
            try:
                return await ability.send(call, given)
            except Transient as error:
                error.sent = "no"
                raise

        return await send(self, intent, replace(ability, send=hasty), fields, timeout_s)

    put_in_place(Journal, "send", guess)


def _capture_repeated() -> None:
    send = Journal.send

    async def twice(
        self: Journal, intent: Intent, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        receipt = await send(self, intent, ability, fields, timeout_s)
        if intent.effect.effect == _CAPTURE:
            with suppress(TillbridgeError):  # a full one is refused by the other side
                await ability.send(self.call(_other(), intent.send_by, timeout_s), fields)
        return receipt

    put_in_place(Journal, "send", twice)


def _no_send_by() -> None:
    """The safeguard is gone, and a process is now and then stalled just where it counts."""
    PLANTS["no_send_by"].plant()
    send = Journal.send

    async def dozing(
        self: Journal, intent: Intent, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        if intent.effect.effect == _AUTHORIZATION and random.random() < _STALLED_SHARE:  # noqa: S311 (no secret)
            time.sleep(1.5 * LEASE_S)  # noqa: ASYNC251 (the whole process is stalled)
        return await send(self, intent, ability, fields, timeout_s)

    put_in_place(Journal, "send", dozing)


def _no_dedupe() -> None:
    translate = tillbridge_shop.deliveries.translate

    def always_new(delivery: Delivery) -> Translation:
        found = translate(delivery)
        events = tuple(
            replace(event, id=_other(), data=replace(event.data, fulfilment=_another(shipped)))
            if (shipped := event.data.fulfilment) is not None
            else replace(event, id=_other())
            for event in found.events
        )
        return replace(found, delivery_id=_other(), events=events)

    put_in_place(tillbridge_shop.deliveries, "translate", always_new)


def _another(shipped: Fulfilment) -> Fulfilment:
    return replace(shipped, id=f"{shipped.id}-{_other()}")


def _other() -> str:
    return secrets.token_hex(10)


_OF_CRASH = (
    "no_key",
    "intent_after_send",
    "ack_before_commit",
    "no_sweep",
)
CHAOS_PLANTS: Final[Mapping[str, Plant]] = {
    "unknown_as_failed": Plant("what was not answered is taken for failed", _unknown_as_failed),
    "capture_repeated": Plant("every capture is sent twice", _capture_repeated),
    "no_dedupe": Plant("what is told twice is taken for two", _no_dedupe),
    "no_send_by": Plant(PLANTS["no_send_by"].title, _no_send_by),
    **{name: PLANTS[name] for name in _OF_CRASH},
}
TOWNS: Final[Mapping[str, Mapping[str, Any]]] = {
    "unknown_as_failed": {"roughness": 6.0, "lost": 0.5, "settings": _UNASKED},
    "capture_repeated": {"orders": 60, "at_most": 60, "drain_s": 20.0},
    "no_key": {"fence": False},
    "ack_before_commit": {"per_round": {"the API is killed": 1}},
    "no_send_by": {
        "fence": False,
        "late": False,
        "lost": 0.5,
        "settings": {**_UNASKED, "absent_after_s": "30"},
        "per_round": {"a worker is stalled": 1},
    },
    "no_sweep": {
        "orders": 80,
        "at_most": 80,
        "roughness": 10.0,
        "fence": False,
        "lost": 1.0,
        "settings": {**_UNASKED, "search_lag_s": "600", "absent_after_s": "900"},
        "per_round": {"connections to a system are cut": 1},
    },
}
"""By plant, the fields of its town's plan (campaigns/chaos_town.py) that differ."""
