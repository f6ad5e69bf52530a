"""Any address that answers with rates: how it is asked and read stands in the settings."""

from collections.abc import Sequence
from datetime import date, timedelta

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.rates import Rate
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge.connector.connector import Connector, Opening
from tillbridge_rates import published
from tillbridge_rates.answers import read_answer
from tillbridge_rates.settings import HttpRatesSettings
from tillbridge_rates.source import Source

CHECKED_DAYS = 7


class HttpRatesSession:
    """Asks one address."""

    def __init__(self, settings: HttpRatesSettings, opening: Opening) -> None:
        self._settings = settings
        self._opening = opening
        token = settings.token.value
        headers = {settings.token_header: token} if token else {}
        self._source = Source(opening.connection, settings.url, headers, opening.permits)

    @property
    def rates_kept_s(self) -> float:
        return self._settings.kept_s / self._opening.factor

    async def rates(self, call: Call, since: date) -> Sequence[Rate]:
        body = await self._source.get(call, self._path(since))
        return published.since(read_answer(body, self._settings), since, self._settings.source)

    async def check(self, call: Call) -> Sequence[CheckLine]:
        title = f"Rates of {self._settings.source}"
        try:
            found = await self.rates(call, self._today() - timedelta(days=CHECKED_DAYS))
        except TillbridgeError as error:
            step = error.next_step or "Check the address, and that this machine may reach it."
            return [CheckLine(title, passed=False, detail=error.message, next_step=step)]
        detail = f"{len(found)} rates of the last {CHECKED_DAYS} days."
        step = "" if found else "Check the address, and where the rates stand in the answer."
        return [CheckLine(title, passed=bool(found), detail=detail, next_step=step)]

    async def probe(self, call: Call) -> None:
        """Asks for the rates of today."""
        await self._source.get(call, self._path(self._today()))

    async def close(self) -> None:
        await self._source.close()

    def _today(self) -> date:
        return self._opening.clock().date()

    def _path(self, since: date) -> str:
        path = self._source.path.replace("{since}", since.isoformat())
        return path.replace("{today}", self._today().isoformat())


def _open(settings: HttpRatesSettings, opening: Opening) -> HttpRatesSession:
    return HttpRatesSession(settings, opening)


CONNECTOR = Connector(
    name="http-rates",
    title="Exchange rates over HTTP",
    settings=HttpRatesSettings,
    open=_open,
)
