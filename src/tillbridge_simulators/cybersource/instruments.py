"""What is paid with: a transient token, something stored, a test card or a bank account.

Source: REST API reference, Payments (`paymentInformation`, `tokenInformation`). Card numbers are
taken only where they are published test numbers, and are forgotten at once. What a terminal has
read is read off its track; what a wallet or a terminal has encrypted cannot be: it is a Visa card.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.tokens import MintedToken, TokenKind

STORED = ("customer", "paymentInstrument", "instrumentIdentifier", "tokenizedPaymentMethod")
_CUSTOMER = "paymentInformation.customer.id"
_CUSTOMER_BEFORE = "paymentInformation.customer.customerId"
"""What it was called for tokens of earlier generations; a plug-in in production still says so."""
TRANSIENT = "tokenInformation.transientTokenJwt"
TRACK = "pointOfSaleInformation.trackData"
FLUID = "paymentInformation.fluidData.value"
_TRACK = re.compile(r"%[Bb]([0-9]{12,19})\^|;([0-9]{12,19})=")
_NUMBERS = ("card", "tokenizedCard")
_DECLINED_ACCOUNTS = ("550111",)
"""Bank accounts that the test host's processor declines, as an integration's tests know them."""
_ENDS = {
    "expirationMonth": re.compile(r"0?[1-9]|1[0-2]"),
    "expirationYear": re.compile(r"20\d\d"),
}
_NUMBER = re.compile(r"[0-9]{12,19}")


def payer(account: Account, document: Mapping[str, Any]) -> MintedToken:
    """As `resolve`, but a number that no issuer knows, or whose check digit is wrong, is one that
    is declined: INVALID_ACCOUNT."""
    return _resolve(account, document, declines=True)


def resolve(account: Account, document: Mapping[str, Any]) -> MintedToken:
    """The one thing that is paid with. Raises Refusal for none, two, or an unknown one."""
    return _resolve(account, document, declines=False)


def _resolve(account: Account, document: Mapping[str, Any], *, declines: bool) -> MintedToken:
    check_month(document)
    given = _given(document)
    numbered = [noun for noun in _NUMBERS if at(document, f"paymentInformation.{noun}.number")]
    bank = at(document, "paymentInformation.bank")
    if numbered and [*given] == [_CUSTOMER]:
        _expect_customer(account, given.pop(_CUSTOMER))  # whose card it is going to be
    read = [path for path in (TRACK, FLUID) if at(document, path)]
    if read and not (given or numbered or bank):
        return _read_by_terminal(account, document, read[0])
    if len(given) + len(numbered) + (bank is not None) != 1:
        raise Refusal("MISSING_FIELD", ["paymentInformation"])
    if bank is not None:
        return _bank(document)
    if numbered:
        return _card(account, document, numbered[0], declines=declines)
    ((path, value),) = given.items()
    kind: TokenKind = "transient" if path == TRANSIENT else "tms"
    found = account.tokens.find(value, kind, account.now()) if isinstance(value, str) else None
    if found is None:
        raise Refusal("INVALID_DATA", [path])
    return found


def pays_by_check(document: Mapping[str, Any], token: MintedToken) -> bool:
    """Whether a bank account is meant: given as such, or behind a token."""
    return token.kind == "bank" or at(document, "paymentInformation.paymentType.name") == "CHECK"


def _given(document: Mapping[str, Any]) -> dict[str, Any]:
    """By path, the tokens of a body. What is paid with may be named more closely: a customer
    with one of his instruments; then the closest counts."""
    paths = [f"paymentInformation.{kind}.id" for kind in STORED]
    stored = {path: value for path in paths if (value := at(document, path)) is not None}
    if not stored and (customer := at(document, _CUSTOMER_BEFORE)) is not None:
        stored = {_CUSTOMER: customer}
    closest = dict([*stored.items()][-1:])
    transient = at(document, TRANSIENT)
    if transient is not None and [*stored] == [_CUSTOMER]:
        closest = {}  # whose card it is going to be: the new one pays
    return closest | ({} if transient is None else {TRANSIENT: transient})


def _expect_customer(account: Account, id_: object) -> None:
    known = isinstance(id_, str) and account.tokens.find(id_, "tms", account.now())
    if not known and account.state.vault.customers.find(str(id_)) is None:
        raise Refusal("INVALID_DATA", [_CUSTOMER])


def _read_by_terminal(account: Account, document: Mapping[str, Any], path: str) -> MintedToken:
    """The card of a track or of an encrypted message; its end is not looked at: the tracks of the
    official samples ended long ago."""
    if path == FLUID:
        return MintedToken("card", "authorized", "001", "1111", None)
    found = _TRACK.search(str(at(document, TRACK)))
    card = account.cards.read(found[1] or found[2]) if found else None
    if card is None:
        raise Refusal("INVALID_DATA", [TRACK])
    return MintedToken("card", "authorized", card.brand, card.last4, None)


def _card(
    account: Account, document: Mapping[str, Any], noun: str, *, declines: bool
) -> MintedToken:
    path = f"paymentInformation.{noun}"
    number = str(at(document, f"{path}.number")).replace(" ", "")
    card = account.cards.read(number)
    if card is None and not (declines and _NUMBER.fullmatch(number)):
        raise Refusal("INVALID_DATA", [f"{path}.number"])
    month, year = at(document, f"{path}.expirationMonth"), at(document, f"{path}.expirationYear")
    missing = {"expirationMonth": month, "expirationYear": year}
    if absent := [f"{path}.{name}" for name, value in missing.items() if not value]:
        raise Refusal("MISSING_FIELD", absent)
    outcome = "expired_card" if _is_past(account, path, month, year) else "authorized"
    if card is None:
        return MintedToken("card", "invalid_account", "", number[-4:], None)
    return MintedToken("card", outcome, card.brand, card.last4, None, card.authentication)


def check_month(document: Mapping[str, Any]) -> None:
    """Raises Refusal where a card ends in no month, whatever else is paid with."""
    path = "paymentInformation.card.expirationMonth"
    month = at(document, path)
    if month and not _ENDS["expirationMonth"].fullmatch(str(month)):
        raise Refusal("INVALID_DATA", [path])


def _is_past(account: Account, path: str, month: str, year: str) -> bool:
    forms = {"expirationMonth": month, "expirationYear": year}
    if wrong := [name for name, said in forms.items() if not _ENDS[name].fullmatch(str(said))]:
        raise Refusal("INVALID_DATA", [f"{path}.{name}" for name in wrong])
    expires = int(year) * 12 + int(month)
    now = datetime.fromtimestamp(account.now(), UTC)
    return expires < now.year * 12 + now.month


def _bank(document: Mapping[str, Any]) -> MintedToken:
    path = "paymentInformation.bank"
    needed = ("account.number", "account.type", "routingNumber")
    missing = [f"{path}.{name}" for name in needed if not at(document, f"{path}.{name}")]
    if missing:
        raise Refusal("MISSING_FIELD", missing)
    number = str(at(document, f"{path}.account.number"))
    if not number.isdigit() or at(document, f"{path}.account.type") not in ("C", "S", "X", "G"):
        raise Refusal("INVALID_DATA", [f"{path}.account"])
    outcome = "general_decline" if number in _DECLINED_ACCOUNTS else "authorized"
    return MintedToken("bank", outcome, "", number[-4:], None)
