"""Our connector's part of cybersource_calls, in a process of its own.

It reads {"url": ..., "authority": ..., "tokens": [...], ...} from its input.
"""

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime
from typing import Any

import uvloop

from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.settings import CybersourceSettings

BILLING = {
    "first_name": "Maya", "last_name": "Ortiz", "line1": "1 Market St", "city": "San Francisco",
    "region": "CA", "postal_code": "94105", "country": "US", "email": "maya@example.com",
}  # fmt: skip
AT_ONCE = 10


def _now() -> datetime:
    return datetime.now(UTC)


def _allowed() -> None:
    """Nothing stops the call."""


async def _pair(session: CybersourceSession, number: int, token: str) -> None:
    """One authorization and its capture."""
    amount = Money.of("25.00", "USD")
    key = f"ours-{number}"
    fields: dict[str, Any] = {
        "order_number": key,
        "amount": amount,
        "token_kind": "transient",
        "token": token,
        "attempt_key": key,
        "billing": BILLING,
    }
    call = Call(key, _now(), 10.0, "bench", _allowed)
    receipt = await session.writes["authorization"].send(call, fields)
    assert receipt.fields["verdict"] == "approved", receipt.fields
    capture: dict[str, Any] = {
        "order_number": key,
        "authorization_id": receipt.fields["request_id"],
        "amount": amount,
    }
    receipt = await session.writes["capture"].send(call, capture)
    assert receipt.fields["status"] == "PENDING", receipt.fields


async def _measure(asked: dict[str, Any]) -> dict[str, float]:
    settings = CybersourceSettings(
        merchant_id=asked["merchant_id"],
        key_id=asked["key_id"],
        secret_key=Secret(asked["secret_key"]),
        base_url=asked["url"],
        trusted_authority=asked["authority"],
    )
    session = CybersourceSession(settings, Opening("cybersource", _now))
    tokens = asked["tokens"]
    warm_up, end = asked["warm_up"], asked["warm_up"] + asked["pairs"]
    for number in range(warm_up):
        await _pair(session, number, tokens[number])
    before, began = _spent_s(), time.monotonic()
    for number in range(warm_up, end):
        await _pair(session, number, tokens[number])
    told = {"cpu_s": _spent_s() - before, "took_s": time.monotonic() - began}
    told["at_once_s"] = await _at_once(session, tokens[end:], end)
    await session.close()
    return told


async def _at_once(session: CybersourceSession, tokens: list[str], first: int) -> float:
    """Seconds for all of them with AT_ONCE under way."""
    left = iter(enumerate(tokens, first))

    async def one_after_another() -> None:
        for number, token in left:
            await _pair(session, number, token)

    began = time.monotonic()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return time.monotonic() - began


def _spent_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    json.dump(uvloop.run(_measure(json.load(sys.stdin))), sys.stdout)
