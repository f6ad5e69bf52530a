"""What a merchant signs and encrypts with, and when each of it ends."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.abilities import CheckLine
from tillbridge.connector.key_life import KeyLife
from tillbridge_cybersource.certificates import P12, Certificate, Pem
from tillbridge_cybersource.encryption import Encryption
from tillbridge_cybersource.settings import CybersourceSettings, ending_of
from tillbridge_cybersource.signing import signer

_NEXT_STEP = "Make another in the Business Center, Payment Configuration, Key Management."


class MerchantKeys:
    """The keys of one connection.

    Attributes:
        signer: signs each request.
        encryption: seals and opens bodies.
    """

    def __init__(self, settings: CybersourceSettings) -> None:
        """Raises Misconfigured for a secret that cannot be one, and for settings that exclude each
        other. Files are read when they are first needed."""
        owner = settings.portfolio_id or settings.merchant_id
        encrypts = settings.encrypt_requests or settings.answer_key_id
        if settings.authentication == "http_signature" and encrypts:
            raise Misconfigured(
                "HTTP Signatures and encrypted messages exclude each other.",
                reason="bad_setting",
                next_step="Set authentication to jwt or p12, or leave the encryption off.",
            )
        by_secret = settings.authentication == "jwt"
        if by_secret and settings.encrypt_requests and not settings.encryption_certificate:
            raise Misconfigured(
                "There is no certificate to encrypt requests to.",
                reason="bad_setting",
                next_step="Set encryption_certificate to Cybersource's certificate (PEM).",
            )
        self._settings = settings
        self._p12 = P12(settings.p12_file, settings.secret_key, owner)
        self._pem = Pem(settings.encryption_certificate)
        self._shared_until = ending_of(settings.key_expires_on)
        self.signer = signer(settings, self._p12)
        self.encryption = Encryption(
            self._certificate if settings.encrypt_requests else None,
            settings.answer_key if settings.answer_key_id else None,
        )

    @property
    def lives(self) -> Sequence[KeyLife]:
        """What ends; of files that cannot be read, nothing: the check says why."""
        return list(self._lives())

    def check(self, now: datetime) -> Iterator[CheckLine]:
        """A line for each key: when it ends, and whether it is time to replace it."""
        try:
            for _, certificate in self._certificates():
                certificate()
        except Misconfigured as error:
            title = "Certificates can be read"
            yield CheckLine(title, passed=False, detail=error.message, next_step=error.next_step)
        for life in self._lives():
            yield _line(life, now)

    def _lives(self) -> Iterator[KeyLife]:
        settings = self._settings
        if settings.authentication != "p12":
            ends_at = None
            if self._shared_until is not None:
                ends_at = datetime.combine(self._shared_until, time(), UTC)
            yield self._life(f"Shared secret {settings.key_id}", ends_at)
        for title, certificate in self._certificates():
            try:
                found = certificate()
            except Misconfigured:
                continue
            yield self._life(f"{title} {found.id}", found.ends_at)

    def _certificates(self) -> Iterator[tuple[str, Callable[[], Certificate]]]:
        if self._settings.authentication == "p12":
            yield "Certificate", lambda: self._p12.own
        if self._settings.encrypt_requests:
            yield "Certificate to encrypt to", self._certificate

    def _certificate(self) -> Certificate:
        return self._pem.certificate if self._settings.encryption_certificate else self._p12.theirs

    def _life(self, title: str, ends_at: datetime | None) -> KeyLife:
        return KeyLife(title, ends_at, self._settings.key_warning_days, _NEXT_STEP)


def _line(life: KeyLife, now: datetime) -> CheckLine:
    days = life.days_left(now)
    if life.ends_at is None or days is None:
        detail = "Nobody has said when it ends: set key_expires_on, and you are told in time."
        return CheckLine(life.title, passed=True, detail=detail)
    day = f"{life.ends_at:%Y-%m-%d}"
    detail = f"It has ended on {day}." if days < 0 else f"It ends on {day}, in {days} days."
    if not life.is_ending(now):
        return CheckLine(life.title, passed=True, detail=detail)
    return CheckLine(life.title, passed=False, detail=detail, next_step=life.next_step)
