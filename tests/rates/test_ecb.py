from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.rates.published import (
    FRIDAY,
    LONG_AGO,
    PUBLISHED,
    SATURDAY,
    THURSDAY,
    bank,
    call,
    simulated,
)

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.rates import Rate
from tillbridge.connector.abilities import ChecksConnection, Closes, Probes, QuotesRates
from tillbridge_rates.ecb_files import SOURCE, read_csv, read_xml
from tillbridge_simulators.faults import Fault, Rule

FORMATS = pytest.mark.parametrize("written", ["xml", "csv"])


@FORMATS
async def test_every_rate_has_its_day_its_source_and_all_its_digits(written: str) -> None:
    async with simulated() as simulator, bank(simulator, format=written) as session:
        found = await session.rates(call(), THURSDAY)
    assert {(rate.base, rate.source) for rate in found} == {("EUR", SOURCE)}
    by_day = {
        day: {rate.currency: str(rate.rate) for rate in found if rate.rated_on == day}
        for day in (THURSDAY, FRIDAY)
    }
    assert by_day == {day: PUBLISHED[day] for day in (THURSDAY, FRIDAY)}


@FORMATS
async def test_a_currency_that_is_no_more_is_left_out(written: str) -> None:
    async with simulated() as simulator, bank(simulator, format=written) as session:
        found = await session.rates(call(), date(1999, 1, 4))
    old = [rate for rate in found if rate.rated_on == LONG_AGO]
    assert old == [Rate("EUR", "USD", LONG_AGO, Decimal("1.3211"), SOURCE)]


@pytest.mark.parametrize(
    ("written", "since", "file"),
    [
        ("xml", SATURDAY, "eurofxref-daily.xml"),
        ("xml", FRIDAY, "eurofxref-hist-90d.xml"),
        ("xml", SATURDAY - timedelta(days=86), "eurofxref-hist.xml"),
        ("csv", SATURDAY, "eurofxref.zip"),
        ("csv", FRIDAY, "eurofxref-hist.zip"),
    ],
)
async def test_the_smallest_file_that_will_do_is_fetched(
    written: str, since: date, file: str
) -> None:
    async with simulated() as simulator, bank(simulator, format=written) as session:
        await session.rates(call(), since)
    (entry,) = simulator.log.entries("request")
    assert str(entry.facts["path"]).endswith(f"/{file}")


async def test_what_it_can_do_is_declared_by_what_it_is() -> None:
    async with simulated() as simulator, bank(simulator, kept_s="600") as session:
        for ability in (QuotesRates, ChecksConnection, Probes, Closes):
            assert isinstance(session, ability)
        assert session.rates_kept_s == 600
        await session.probe(call())
        (line,) = await session.check(call())
    assert line.passed
    assert line.detail == "The newest are of 2026-11-20."


async def test_a_bank_that_is_down_is_waited_for() -> None:
    async with simulated() as simulator, bank(simulator) as session:
        simulator.faults.rules = [Rule("rates", Fault("refuse", 30, 503))]
        with pytest.raises(Transient) as error:
            await session.rates(call(), FRIDAY)
        assert error.value.wait_s == 30
        (line,) = await session.check(call())
        assert not line.passed
        simulator.faults.rules = []
        simulator.faults.down = True
        with pytest.raises(Transient):
            await session.probe(call())


async def test_a_wrong_address_is_named() -> None:
    async with simulated() as simulator, bank(simulator, base_url=simulator.url) as session:
        with pytest.raises(Misconfigured, match="answered 404"):
            await session.rates(call(), FRIDAY)
    with pytest.raises(Misconfigured, match="not an http"):
        async with bank(simulator, base_url="ftp://example.com"):
            pass


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not XML"),
        (b"<html></html>", "has no day"),
        (b'<Cube time="2026-11-20"><Cube currency="USD"/></Cube>', "no day or no rate"),
        (b'<Cube currency="USD" rate="1"/>', "no day or no rate"),
        (b'<Cube time="2026-02-30"/>', "is no day"),
        (b'<Cube time="2026-11-20"><Cube currency="USD" rate="1,08"/></Cube>', "plain decimal"),
        (b'<Cube time="2026-11-20"><Cube currency="USD" rate="0"/></Cube>', "above zero"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Cube time="2026-11-20"/>', "document type"),
    ],
)
def test_xml_that_is_not_the_banks_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        list(read_xml(body))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not Date"),
        (b"PK\x03\x04", "not CSV"),
        (b"Date,USD\n20 Smarch 2026,1\n", "is no day"),
        (b"Date,USD\n2026-11-20,\xff\n", "not CSV"),
    ],
)
def test_csv_that_is_not_the_banks_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        list(read_csv(body))
