from decimal import Decimal

import pytest
from tests.rates.published import FRIDAY, PUBLISHED, SATURDAY, THURSDAY, call, service, simulated

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient
from tillbridge.connector.abilities import ChecksConnection, Closes, Probes, QuotesRates
from tillbridge.connector.settings import parse_settings
from tillbridge_rates.answers import read_answer
from tillbridge_rates.settings import HttpRatesSettings
from tillbridge_simulators.faults import Fault, Rule

TWO_DAYS = {
    (day, code): rate for day in (THURSDAY, FRIDAY) for code, rate in PUBLISHED[day].items()
}


@pytest.mark.parametrize(
    ("path", "given"),
    [("/series?since={since}", {}), ("/rows.csv?until={today}", {"format": "csv"})],
)
async def test_rates_are_read_with_all_their_digits(path: str, given: dict[str, str]) -> None:
    async with simulated() as simulator, service(simulator.url + path, **given) as session:
        found = await session.rates(call(), THURSDAY)
    assert {(rate.rated_on, rate.currency): str(rate.rate) for rate in found} == TWO_DAYS
    assert {rate.source for rate in found} == {"Rately"}


async def test_the_newest_rates_carry_their_own_day() -> None:
    async with simulated() as simulator, service(f"{simulator.url}/latest") as session:
        found = await session.rates(call(), THURSDAY)
        assert {rate.rated_on for rate in found} == {FRIDAY}
        assert await session.rates(call(), SATURDAY) == []


async def test_a_token_opens_what_wants_one() -> None:
    async with simulated(token="t-1") as simulator:
        url = f"{simulator.url}/latest"
        async with service(url, token="t-1") as session:
            for ability in (QuotesRates, ChecksConnection, Probes, Closes):
                assert isinstance(session, ability)
            assert await session.rates(call(), FRIDAY)
            await session.probe(call())
            (line,) = await session.check(call())
            assert line.passed
        async with service(url) as session:
            with pytest.raises(Misconfigured, match="credentials"):
                await session.rates(call(), FRIDAY)
            (line,) = await session.check(call())
            assert not line.passed


async def test_a_service_that_asks_us_to_wait_is_waited_for() -> None:
    async with simulated() as simulator, service(f"{simulator.url}/latest") as session:
        simulator.faults.rules = [Rule("rates", Fault("refuse", 7, 429))]
        with pytest.raises(Transient) as error:
            await session.rates(call(), FRIDAY)
        assert error.value.wait_s == 7


def settings(**given: str) -> HttpRatesSettings:
    named = {"url": "https://example.com", "source": "Rately", **given}
    parsed = parse_settings(HttpRatesSettings, named, Place())
    assert isinstance(parsed, HttpRatesSettings)
    return parsed


def test_the_rates_stand_where_the_settings_say() -> None:
    body = b'{"base": "X", "at": 1795132800, "data": {"fx": {"JPY": 1.5E+2, "USD": 1, "ZZZ": 9}}}'
    given = settings(rates_at="data.fx", base="EUR", date_at="at")
    found = [rate for rate in read_answer(body, given) if rate is not None]
    assert [(rate.base, rate.currency, rate.rate) for rate in found] == [
        ("EUR", "JPY", Decimal(150)),
        ("EUR", "USD", Decimal(1)),
    ]
    assert {rate.rated_on for rate in found} == {FRIDAY}


def test_rows_have_the_fields_the_settings_say() -> None:
    body = b'[{"b": "USD", "c": "EUR", "d": "2026-11-20T23:00:00-05:00", "r": "0.92"}]'
    given = settings(rates_at="", from_field="b", to_field="c", date_field="d", rate_field="r")
    (rate,) = read_answer(body, given)
    assert rate is not None
    assert (rate.base, rate.currency, rate.rated_on) == ("USD", "EUR", SATURDAY)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "nothing at rates"),
        (b'{"rates": 1}', "neither an object nor a list"),
        (b'{"rates": {"USD": 1}}', "nothing at base"),
        (b'{"rates": {"USD": 1}, "base": "EUR"}', "nothing at date"),
        (b'{"rates": {"USD": null}, "base": "EUR", "date": "2026-11-20"}', "rate of USD"),
        (b'{"rates": {"USD": true}, "base": "EUR", "date": "2026-11-20"}', "rate of USD"),
        (b'{"rates": {"USD": -1}, "base": "EUR", "date": "2026-11-20"}', "above zero"),
        (b'{"rates": {"USD": 1}, "base": "EUR", "date": 1e99}', "is no day"),
        (b'{"rates": [1]}', "not an object"),
        (b'{"rates": [{"from": "EUR", "to": "USD", "rate": 1}]}', "no 'date'"),
        (b'{"rates": [{"to": "USD", "rate": 1, "date": "2026-11-20"}]}', "no 'from'"),
    ],
)
def test_an_answer_of_another_shape_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        list(read_answer(body, settings()))


def test_broken_csv_is_refused() -> None:
    with pytest.raises(Rejected, match="not CSV"):
        list(read_answer(b'from,to\n"a', settings(format="csv")))
