"""A web shop: it posts checkouts and what it shipped, and is told about its payments."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.connector.abilities import (
    Call,
    CheckLine,
    CheckoutRequest,
    Receipt,
    Write,
)
from tillbridge.connector.capture import ContextRequest
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.documents import Fields
from tillbridge.connector.http import Http, Reply
from tillbridge_shop import checkouts, contexts, deliveries, signature, statuses
from tillbridge_shop.settings import ShopSettings

SECRET_LENGTH_MIN = 32
_POST_ONLY = 405


class ShopSession:
    """One shop: receives checkouts, translates deliveries, writes payment statuses."""

    def __init__(self, settings: ShopSettings, opening: Opening) -> None:
        self._settings = settings
        self._opening = opening
        self._secrets = tuple(
            secret
            for secret in (settings.signing_secret, settings.previous_signing_secret)
            if secret.value
        )
        if not settings.signing_secret.value:
            raise Misconfigured(
                f"{opening.connection}: the signing secret is empty.",
                reason="bad_setting",
                next_step="Set signing_secret to the secret that is set in the shop.",
            )
        self._host, self._path = _address(opening.connection, settings.status_url)
        self._http = Http(self._host, name=opening.connection, permits=opening.permits)

    @property
    def writes(self) -> Mapping[str, Write]:
        if not self._host:
            return {}
        return {statuses.KIND: Write(statuses.SHAPE, "natural_key", self._tell)}

    def verify(self, delivery: Delivery) -> None:
        signature.verify(delivery, self._secrets, self._settings.max_age_s)

    def checkout(self, delivery: Delivery) -> CheckoutRequest:
        return checkouts.read_checkout(delivery)

    def context_request(self, delivery: Delivery) -> ContextRequest:
        return contexts.read_context_request(delivery)

    def translate(self, delivery: Delivery) -> Translation:
        return deliveries.translate(delivery)

    async def check(self, call: Call) -> Sequence[CheckLine]:
        lines = [self._check_secret()]
        if self._host:
            lines.append(await self._check_address(call))
        return lines

    async def probe(self, call: Call) -> None:
        """Asks the status address for nothing; every answer but trouble will do."""
        if not self._host:
            return
        reply = await self._ask(call)
        error = statuses.refusal(self._opening.connection, reply, write=False)
        if error is not None and reply.status != _POST_ONLY:
            raise error

    async def close(self) -> None:
        await self._http.close()

    async def _tell(self, call: Call, fields: Fields) -> Receipt:
        body = statuses.encoded(self._settings.id, fields)
        headers = self._signed("POST", body) | {
            "content-type": "application/json",
            "idempotency-key": call.key,
            "tillbridge-correlation": call.correlation,
        }
        reply = await self._http.request(
            call, "POST", self._path, headers=headers, body=body, write=True
        )
        return statuses.receipt(self._opening.connection, call, reply)

    async def _ask(self, call: Call) -> Reply:
        return await self._http.request(call, "GET", self._path, headers=self._signed("GET", b""))

    def _signed(self, method: str, body: bytes) -> dict[str, str]:
        now = self._opening.clock()
        path = self._path.partition("?")[0]
        return signature.sign(self._settings.signing_secret, method, path, body, now)

    def _check_secret(self) -> CheckLine:
        long_enough = len(self._settings.signing_secret.value) >= SECRET_LENGTH_MIN
        return CheckLine(
            "Signing secret",
            passed=long_enough,
            detail=f"It has {'at least' if long_enough else 'fewer than'} {SECRET_LENGTH_MIN}"
            " characters.",
            next_step="" if long_enough else "Choose a longer one, here and in the shop.",
        )

    async def _check_address(self, call: Call) -> CheckLine:
        title = f"Status address {self._host}{self._path.partition('?')[0]}"
        try:
            await self.probe(call)
        except TillbridgeError as error:
            step = error.next_step or "Check the address and that the shop is running."
            return CheckLine(title, passed=False, detail=error.message, next_step=step)
        return CheckLine(title, passed=True, detail="The shop answers.")


def _address(connection: str, url: str) -> tuple[str, str]:
    """The status address as host part and path; two empty texts when there is none."""
    if not url:
        return "", ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Misconfigured(
            f"{connection}: the status address is not an http(s) address.",
            reason="bad_setting",
            next_step="Write status_url like https://shop.example.com/tillbridge/payments.",
        )
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", f"{path}?{parts.query}" if parts.query else path


def _open(settings: ShopSettings, opening: Opening) -> ShopSession:
    return ShopSession(settings, opening)


CONNECTOR = Connector(
    name="shop",
    title="Web shop",
    settings=ShopSettings,
    open=_open,
    id_fields=frozenset(
        {"token.value", "token.context", "product", "tracking_number", "payment.id"}
    ),
)
