"""What leaves encrypted, or is no billing, is written as promised, also when answers are lost."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.cybersource.account_bench import SETTINGS, account_bench
from tests.cybersource.conftest import BILLING
from tests.cybersource.test_billing_conformance import _DOCUMENTS as BILLED
from tests.cybersource.test_conformance import harness
from tests.cybersource.test_vault_conformance import _DOCUMENTS as KEPT_TOKENS

from tillbridge.connector.abilities import Write, WritesDocuments
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.conformance_bench import Soon, new_call, new_key
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.connector import CONNECTOR
from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.triggers import pull

_MOVED = BILLING | {"line1": "2 Market St"}
_OPERATIONS: Mapping[str, str] = {
    "mandate": "agreement",
    "mandate_update": "agreement_change",
    "mandate_revocation": "agreement_change",
    "risk_label": "risk_insights",
    "wallet_token_deletion": "wallet_token",
}
"""By kind, what the account calls its writing."""


@dataclass
class Sealed:
    """The part of a session that this suite is about, and the account behind it."""

    writes: Mapping[str, Write]
    simulator: CybersourceSimulator

    async def written(self, kind: str, fields: Fields) -> str:
        """Writes what a document follows; its id there."""
        receipt = await self.writes[kind].send(new_call(new_key(), 5.0), fields)
        return receipt.references[0].id


def _of(at: Bench) -> Sealed:
    assert isinstance(at.session, Sealed)
    return at.session


def _standing(sealed: Sealed, kind: str) -> int:
    """How many effects of a kind the account shows."""
    noun, shows = _SHOWN[kind]
    return sum(shows(row) for row in getattr(sealed.simulator.state, noun).where(lambda _: True))


_SHOWN: dict[str, tuple[str, Callable[[dict[str, Any]], int]]] = {
    "mandate": ("agreements", lambda _: 1),
    "mandate_update": ("agreements", lambda row: int("2 Market St" in repr(row))),
    "mandate_revocation": ("agreements", lambda row: int("REVOKED" in repr(row).upper())),
    "risk_label": ("risks", lambda row: int(bool(row["labels"]))),
    "wallet_token_deletion": ("wallet_tokens", lambda _: -1),
}
"""By kind: among which rows its effects are, and how many a row shows."""


def mandate(at: Bench) -> Fields:
    number = f"M-{len(_of(at).simulator.state.agreements)}"
    return {
        "number": number, "scheme": "BACS", "bank_code": "200000", "account_number": "55779911",
        "customer_id": "maya", "billing": BILLING, "signed_on": date(2026, 3, 1),
    }  # fmt: skip


async def signed(at: Bench) -> dict[str, Any]:
    """A mandate that is active."""
    document = mandate(at)
    made = await _of(at).written("mandate", document)
    return {"number": document["number"], "mandate_id": made}


async def mandate_update(at: Bench) -> Fields:
    return {**await signed(at), "billing": _MOVED}


def wallet_token(at: Bench) -> Fields:
    pull(_of(at).simulator.account, "wallet.stored", {"token": "8kk8451t"})
    return {"wallet_token": "8kk8451t", "way": "PAYPAL"}


_DOCUMENTS: Mapping[str, Callable[[Bench], Soon[Fields]]] = {
    "mandate": mandate,
    "mandate_update": mandate_update,
    "mandate_revocation": signed,
    "risk_label": lambda _: {"transaction_id": "try-1", "outcome": "fraud"},
    "wallet_token_deletion": wallet_token,
}


@asynccontextmanager
async def _open() -> AsyncIterator[Bench]:
    with TemporaryDirectory() as folder:
        async with account_bench(
            lambda session, simulator: Sealed(
                {kind: session.writes[kind] for kind in _DOCUMENTS}, simulator
            ),
            _standing,
            operation=lambda kind: _OPERATIONS[kind],
            sealed_in=Path(folder),
        ) as bench:
            yield bench


TestSealed = conformance_suite(
    Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=_open,
        documents=_DOCUMENTS,
        late_s=0.1,
    )
)


_ELSEWHERE = {
    *("debit_notice", "terminal_return", "merchant_registration", "merchant_registration_update"),
}
"""Whose effects no list of the account shows, or only by their own test's questions."""


async def test_every_kind_that_is_written_is_in_a_suite() -> None:
    async with account_bench(lambda session, _: session, lambda _, __: 0) as bench:
        assert isinstance(bench.session, WritesDocuments)
        written = set(bench.session.writes)
    suites = (harness(fence="yes").documents, KEPT_TOKENS, BILLED, _DOCUMENTS)
    assert written - {kind for suite in suites for kind in suite} <= _ELSEWHERE
