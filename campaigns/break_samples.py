"""What is asked of the connector: one document of every kind it writes, and its reads."""

import atexit
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from campaigns.break_table import READS
from tillbridge.canonical.errors import Place, Transient
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields, Value
from tillbridge.connector.settings import parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource.credentials import Credentials

_MONEY: Final = {
    "authorization": "authorization",
    "sale": "sale",
    "increment": "incremental",
    "capture": "capture",
    "reversal": "reversal",
    "void": "void",
    "refund": "refund",
    "credit": "credit",
    "mandate": "note",
    "merchant_registration": "note",
}
"""By the connector's document kind, the operation of the table."""
_FAMILIES: Final = {
    "note": ("case_comment", "tax_", "debit_notice"),
    "removal": ("defined_field_deletion", "terminal_"),
    "kept": (
        *("invoice", "payment_link", "plan", "subscription"),
        *("case_", "fraud_", "list_", "purchase_", "defined_field", "account_"),
        *("mandate_", "merchant_registration_", "risk_", "wallet_"),
    ),
    "token": (
        *("customer_", "shipping_address", "payment_instrument"),
        *("instrument_identifier", "network_token"),
    ),
}
"""What is kept by id at Cybersource, by how its kinds of document begin."""
_SEALED: Final = ("debit_notice", "mandate", "risk_")
"""How the kinds begin that leave encrypted, or not at all."""
_GIVEN: Final[Mapping[str, Fields]] = {
    "refund": {"capture_id": "7000000000000000000001", "amount": Money.of("25.00", "USD")},
    "void": {"capture_id": "7000000000000000000001"},
    "payment_link": {"total": Money.of("25.00", "USD")},
    "payment_link_update": {"total": Money.of("25.00", "USD")},
    "risk_label": {"outcome": "fraud"},
    "mandate": {"iban": "DE89370400440532013000", "signed_on": date(2026, 1, 2)},
}
"""What is asked for beyond what a document's shape requires."""
_DETAILS: Final = "details"
_MERCHANT: Final = "tillbridge_test"
_AT: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_ORDER: Final = "1042"
_SECRET: Final = "eUJKeHk2TGpNMlRtY1BHdStHYUpySHRra2UyNWZQcFU="  # noqa: S105 (made up)


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is tried: by kind of document or read the table's word for it; and the kinds of which
    the table knows nothing."""

    operations: Mapping[str, str]
    strangers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """One session, and how it is asked."""

    session: CybersourceSession

    async def ask(self, kind: str, number: int, timeout_s: float, *, lost: bool) -> Receipt | None:
        """Asks once; `lost` says that the lease passes on right before anything leaves."""
        call = Call(
            f"break{number:021d}", datetime.now(UTC), timeout_s, "breaks", _lost if lost else _kept
        )
        if kind == "search":
            await self.session.observe(call, _ORDER)
            return None
        if kind == _DETAILS:
            assert self.session.pull is not None, "it is on by default"
            await self.session.pull.observe(call, "7000000000000000000001")
            return None
        write = self.session.writes[kind]
        return await write.send(call, sample(write.shape))


@cache
def kinds() -> Kinds:
    """What the connector writes and reads today."""
    written = asking("http://127.0.0.1:1", "").session.writes
    known = {kind: operation for kind in written if (operation := _operation(kind))}
    reads = {read: read for read in READS}
    return Kinds(known | reads, [kind for kind in written if kind not in known])


def _operation(kind: str) -> str:
    """The table's word for a kind of document; "" for one it does not know."""
    for family, beginnings in _FAMILIES.items():
        if kind.startswith(beginnings):
            return _token(kind) if family == "token" else family
    return _MONEY.get(kind, "")


def _token(kind: str) -> str:
    """What is done in the token vault."""
    if kind == "customer_token":
        return "customer"
    done = kind.rpartition("_")[2]
    if kind.startswith("network_token") and done != "deletion":
        return "update"
    return done if done in ("deletion", "update") else "token"


def is_sealed(kind: str) -> bool:
    """Whether it takes a session that encrypts."""
    return kind.startswith(_SEALED)


@cache
def _certificate() -> str:
    """The file with the certificate that requests are encrypted to."""
    folder = Path(mkdtemp(prefix="breaks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Credentials(_MERCHANT).mle_certificate().public_bytes(Encoding.PEM)
    (folder / "mle.pem").write_bytes(made)
    return str(folder / "mle.pem")


def asking(url: str, setting: str, *, sealed: bool = False) -> Asking:
    """A session with one setting ("name=value") that is not the default; `sealed`: it encrypts."""
    name, _, value = setting.partition("=")
    seals = {"encrypt_requests": "yes", "encryption_certificate": _certificate()} if sealed else {}
    given: dict[str, object] = {
        "merchant_id": _MERCHANT,
        "key_id": "08c94330-f618-42a3-b09d-e1e43be5efda",
        "secret_key": _SECRET,
        "base_url": url,
        **({name: value} if name else {}),
        **seals,
    }
    settings = parse_settings(CONNECTOR.settings, given, Place())
    session = CONNECTOR.open(settings, Opening("cards", lambda: datetime.now(UTC)))
    assert isinstance(session, CybersourceSession), "opened by its own connector"
    return Asking(session)


def sample(shape: DocumentShape) -> Fields:
    """A document with everything that is required, and nothing else."""
    given = {field.name: _value(field) for field in shape.fields if field.required}
    return {**given, **_GIVEN.get(shape.kind, {})}


def _value(field: Field) -> Value:
    made: Mapping[str, Value] = {
        "text": _text(field),
        "integer": 1,
        "decimal": Decimal(1),
        "money": Money.of("25.00", "USD"),
        "unit_amount": UnitAmount.of("25.00", "USD"),
        "boolean": True,
        "date": date(2026, 1, 2),
        "instant": _AT,
        "choice": field.options[0] if field.options else "",
    }
    if field.type in ("group", "list"):
        group = {one.name: _value(one) for one in field.of if one.required}
        return [group] if field.type == "list" else group
    return made[field.type]


def _text(field: Field) -> str:
    if field.name == "order_number":
        return _ORDER
    if field.name == "attempt_key":
        return "abcdefghijklmnopqrstuvwxyz"
    if field.name == "currency":
        return "USD"
    if field.name.endswith("_id"):
        return "7000000000000000000001"
    return "x" * min(field.length_max or 8, 8)


def _kept() -> None:
    """Nothing stops the call."""


def _lost() -> None:
    raise Transient("The lease has passed to another worker.", sent="no", reason="lease")
