"""Any operation, asked for as it is: for `tillbridge certify`, and for nothing that books money."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tillbridge.connector.abilities import Call
from tillbridge.connector.certifiable import BareAnswer
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.settings import CybersourceSettings


class BareCalls:
    """Signed, and encrypted where that is set; nothing of the answer is judged."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        self._exchange = exchange
        self._settings = settings

    @property
    def address(self) -> str:
        return self._settings.base_url

    @property
    def organization(self) -> str:
        return self._settings.merchant_id

    @property
    def moves_money(self) -> bool:
        """Of Cybersource's hosts, those that begin with apitest move none."""
        host = urlsplit(self._settings.base_url).hostname or ""
        return not (host.startswith("apitest.") and host.endswith(".cybersource.com"))

    async def ask(
        self,
        call: Call,
        method: str,
        path: str,
        document: Mapping[str, object] | None,
        *,
        forged: bool = False,
    ) -> BareAnswer:
        """Raises Transient, Misconfigured."""
        reply = await self._exchange.bare(call, method, path, document, forged=forged)
        return BareAnswer(reply.status, reply.body)
