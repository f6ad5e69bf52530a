"""What is known of a card by its first digits, and whether a bank account can be one.

Sources: BIN Lookup Developer Guide (a whole number, its first six or eight digits, or a token;
MULTIPLE where the digits fit several records) and the official client's models (COMPLETED,
MULTIPLE, NO MATCH; result codes 00, 04, 98, 99). Issuers are made up. Which routing numbers are
good is decided by their check digit, as the American Bankers Association makes it.
"""

from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.cards import BRAND_NAMES, starting
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.instruments import resolve

_NUMBER = "paymentInformation.card.number"
_PREFIX_LENGTHS = (6, 8)
_LONGEST = {"003": "15", "005": "14"}
_BANK = "paymentInformation.bank"
_GOOD, _BAD = (0, 12, "Account is valid"), (4, 16, "Routing number is not valid")


def look_up(ask: Ask) -> Answer:
    """POST /bin/v1/binlookup. Raises Refusal for what is neither digits nor a token."""
    found = _brands(ask)
    now_s = ask.account.now()
    body: dict[str, Any] = {
        "id": ask.account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "status": "COMPLETED" if len(found) == 1 else "MULTIPLE" if found else "NO MATCH",
    }
    if len(found) == 1:
        ((brand, prefix),) = found
        body["paymentAccountInformation"] = {
            "card": {
                "type": brand,
                "brandName": BRAND_NAMES.get(brand, ""),
                "currency": "USD",
                "maxLength": _LONGEST.get(brand, "16"),
                "credentialType": "PAN" if prefix else "TOKEN",
            },
            "features": {"accountFundingSource": "CREDIT", "cardPlatform": "CONSUMER"},
            "network": {"id": brand},
        }
        body["issuerInformation"] = {"name": "Simulated Bank", "country": "US", "binLength": "6"}
        if prefix:
            body["issuerInformation"]["accountPrefix"] = prefix[:6]
    return Answer(201, body)


def validate(ask: Ask) -> Answer:
    """POST /bavs/v1/account-validations. Raises Refusal."""
    level = at(ask.document, "processingInformation.validationLevel")
    if str(level) != "1":
        path = "processingInformation.validationLevel"
        raise Refusal("INVALID_DATA" if level else "MISSING_FIELD", [path])
    good = _is_good(ask)
    result, raw, message = _GOOD if good else _BAD
    now_s = ask.account.now()
    code = at(ask.document, "clientReferenceInformation.code") or ""
    return Answer(
        201,
        {
            "clientReferenceInformation": {"code": code},
            "requestId": ask.account.state.new_id(now_s),
            "submitTimeUtc": utc_text(now_s),
            "bankAccountValidation": {
                "rawValidationCode": raw,
                "resultCode": result,
                "resultMessage": message,
            },
        },
    )


def _brands(ask: Ask) -> set[tuple[str, str]]:
    """Brand and first digits of every record that fits; no digits for a token."""
    number = at(ask.document, _NUMBER)
    if number is None:
        return {(resolve(ask.account, ask.document).brand, "")}
    digits = str(number)
    if len(digits) in _PREFIX_LENGTHS and digits.isdigit():
        return starting(digits)
    card = ask.account.cards.read(digits)
    if card is None:
        raise Refusal("INVALID_DATA", [_NUMBER])
    return {(card.brand, card.first6)}


def _is_good(ask: Ask) -> bool:
    """Whether the account can be one; a stored one was found good when it was stored."""
    if at(ask.document, _BANK) is None:
        return _stored(ask.account, ask)
    routing = text_at(ask.document, f"{_BANK}.routingNumber", length_max=9, required=True)
    text_at(ask.document, f"{_BANK}.account.number", length_max=17, required=True)
    if len(routing) != 9 or not routing.isdigit():
        raise Refusal("INVALID_DATA", [f"{_BANK}.routingNumber"])
    weighed = sum(int(digit) * (3, 7, 1)[at_ % 3] for at_, digit in enumerate(routing))
    return weighed % 10 == 0


def _stored(account: Account, ask: Ask) -> bool:
    found = resolve(account, ask.document)
    if found.brand:
        raise Refusal("INVALID_DATA", ["paymentInformation"])
    return True


OFFERS = (
    Offer("bin_lookup.get_account_info", "bin_lookup", look_up),
    Offer(
        "bank_account_validation.bank_account_validation_request",
        "bank_account_validation",
        validate,
    ),
)
