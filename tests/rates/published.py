"""What the simulated central bank has published, and sessions that ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from tillbridge.canonical.errors import Place
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.settings import parse_settings
from tillbridge_rates import ecb, http_rates
from tillbridge_rates.ecb import EcbSession
from tillbridge_rates.http_rates import HttpRatesSession
from tillbridge_simulators.rates import RatesSimulator

THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)
LONG_AGO = date(2007, 3, 1)
PUBLISHED = {
    LONG_AGO: {"USD": "1.3211", "CYP": "0.5803"},
    THURSDAY: {"USD": "1.0840", "JPY": "164.21", "KWD": "0.33325"},
    FRIDAY: {"USD": "1.0855", "JPY": "163.98", "GBP": "0.83341"},
}
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def call(timeout_s: float = 5.0) -> Call:
    return Call("", NOW, timeout_s, "test", lambda: None)


@asynccontextmanager
async def simulated(token: str = "") -> AsyncIterator[RatesSimulator]:
    simulator = RatesSimulator(PUBLISHED, token=token)
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


@asynccontextmanager
async def bank(simulator: RatesSimulator, **given: str) -> AsyncIterator[EcbSession]:
    session = _open(ecb.CONNECTOR, {"base_url": simulator.bank_url, **given})
    assert isinstance(session, EcbSession)
    try:
        yield session
    finally:
        await session.close()


@asynccontextmanager
async def service(url: str, **given: str) -> AsyncIterator[HttpRatesSession]:
    session = _open(http_rates.CONNECTOR, {"url": url, "source": "Rately", **given})
    assert isinstance(session, HttpRatesSession)
    try:
        yield session
    finally:
        await session.close()


def _open(connector: Connector, given: dict[str, Any]) -> object:
    settings = parse_settings(connector.settings, given, Place())
    return connector.open(settings, Opening("rates", lambda: NOW))
