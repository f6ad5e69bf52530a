"""The European Central Bank: reference rates of the euro, free and without credentials."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.rates import Rate
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge.connector.connector import Connector, Opening
from tillbridge_rates import published
from tillbridge_rates.ecb_files import SOURCE, read_csv, read_xml
from tillbridge_rates.settings import EcbSettings
from tillbridge_rates.source import Source

RECENT_DAYS = 85
"""The 90-day file is trusted for a little less than its name says."""
CHECKED_DAYS = 7


class EcbSession:
    """Asks for the smallest file that has what is wanted."""

    def __init__(self, settings: EcbSettings, opening: Opening) -> None:
        self._settings = settings
        self._opening = opening
        url, permits = settings.base_url.rstrip("/"), opening.permits
        self._source = Source(opening.connection, url, {}, permits)

    @property
    def rates_kept_s(self) -> float:
        return self._settings.kept_s / self._opening.factor

    async def rates(self, call: Call, since: date) -> Sequence[Rate]:
        body = await self._source.get(call, f"{self._source.path}/{self._file(since)}")
        read = read_xml if self._settings.format == "xml" else read_csv
        return await asyncio.to_thread(lambda: published.since(read(body), since, SOURCE))

    async def check(self, call: Call) -> Sequence[CheckLine]:
        title = "Reference rates of the European Central Bank"
        try:
            since = self._opening.clock().date() - timedelta(days=CHECKED_DAYS)
            found = await self.rates(call, since)
        except TillbridgeError as error:
            step = error.next_step or "Check the address, and that this machine may reach it."
            return [CheckLine(title, passed=False, detail=error.message, next_step=step)]
        newest = max((rate.rated_on for rate in found), default=None)
        return [
            CheckLine(
                title,
                passed=newest is not None,
                detail=f"The newest are of {newest}." if newest else "There are none of this week.",
                next_step="" if newest else "Check the address; the bank publishes every weekday.",
            )
        ]

    async def probe(self, call: Call) -> None:
        """Asks for the daily file."""
        await self._source.get(call, f"{self._source.path}/{self._file(date.max)}")

    async def close(self) -> None:
        await self._source.close()

    def _file(self, since: date) -> str:
        days = (self._opening.clock().date() - since).days
        if self._settings.format == "csv":
            return "eurofxref.zip" if days <= 0 else "eurofxref-hist.zip"
        if days <= 0:
            return "eurofxref-daily.xml"
        return "eurofxref-hist-90d.xml" if days <= RECENT_DAYS else "eurofxref-hist.xml"


def _open(settings: EcbSettings, opening: Opening) -> EcbSession:
    return EcbSession(settings, opening)


CONNECTOR = Connector(
    name="ecb", title="European Central Bank reference rates", settings=EcbSettings, open=_open
)
