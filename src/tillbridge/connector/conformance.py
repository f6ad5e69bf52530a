"""The conformance suite: a connector's author gets it in one line.

    from tillbridge.connector.conformance import Bench, Harness, conformance_suite

    TestLedgerly = conformance_suite(Harness(connector=CONNECTOR, settings={...}, open=bench, ...))

Every check opens a bench of its own. A check that does not fit (a connector without deliveries, a
bench without a hook) is reported as skipped, "not applicable", with the reason; what is not
applicable is not proven. The suite needs pytest and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import pytest

from tillbridge.connector import (
    conformance_deliveries,
    conformance_describing,
    conformance_settings,
    conformance_writes,
)
from tillbridge.connector.conformance_bench import Bench, Harness

__all__ = ["Bench", "Harness", "conformance_suite"]

_Check: TypeAlias = Callable[[Harness], Awaitable[None]]
_NamedCheck: TypeAlias = Callable[[Harness, str], Awaitable[None]]
_Method: TypeAlias = Callable[..., None]


def conformance_suite(harness: Harness) -> type:
    """A test class for pytest; give it a name that begins with `Test`."""
    methods: dict[str, Any] = {}
    for check in (*conformance_settings.CHECKS, *conformance_describing.CHECKS):
        methods[f"test_{check.__name__}"] = _method(harness, check)
    for check_delivery in conformance_deliveries.CHECKS:
        method = _named_method(harness, check_delivery, "delivery", sorted(harness.deliveries))
        methods[f"test_{check_delivery.__name__}"] = method
    for check_write in conformance_writes.CHECKS:
        method = _named_method(harness, check_write, "kind", sorted(harness.documents))
        methods[f"test_{check_write.__name__}"] = method
    methods["__doc__"] = f"The connector {harness.connector.name!r} keeps its promises."
    return type("TestConformance", (), methods)


def _method(harness: Harness, check: _Check) -> _Method:
    def method(self: object) -> None:
        asyncio.run(_awaited(check(harness)))

    method.__doc__ = check.__doc__
    return method


def _named_method(
    harness: Harness, check: _NamedCheck, parameter: str, names: Sequence[str]
) -> _Method:
    def method(self: object, name: str) -> None:
        asyncio.run(_awaited(check(harness, name)))

    method.__doc__ = check.__doc__
    ids = list(names) or [f"no {parameter}"]
    return pytest.mark.parametrize("name", list(names) or [""], ids=ids)(method)


async def _awaited(work: Awaitable[None]) -> None:
    await work
