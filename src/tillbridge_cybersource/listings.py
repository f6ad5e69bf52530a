"""Lists of the reporting services: rows under one name, and 404 where there are none."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlencode

from tillbridge.connector.abilities import Call
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.statuses import refusal

Row: TypeAlias = Mapping[str, Any]


def asked(path: str, *queries: Mapping[str, str]) -> str:
    """A path with what is asked of it; none of the queries may hold anything."""
    query = {name: text for one in queries for name, text in one.items()}
    return f"{path}?{urlencode(query)}" if query else path


async def listed(
    exchange: Exchange, call: Call, target: str, name: str, doing: str
) -> Sequence[Row]:
    """The rows that stand under `name`. Raises as `statuses.refusal` when it is refused."""
    answer = await exchange.read(call, target)
    if answer.status == 404:
        return ()
    if answer.status != 200:
        raise refusal(exchange.name, doing, answer)
    return answer.body.get(name) or ()
