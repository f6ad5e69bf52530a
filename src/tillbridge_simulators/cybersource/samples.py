"""What the official clients' samples name by id, so that they run as they were published.

Source: the samples for Node, Python, Java, PHP, Ruby and C# (they share their ids). On the real
test host these belong to the merchant whose key the samples carry.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from tillbridge_simulators.cybersource import customers, plans
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.identifiers import identified
from tillbridge_simulators.cybersource.payment_instruments import create as create_instrument
from tillbridge_simulators.cybersource.payment_instruments import make_default
from tillbridge_simulators.cybersource.shelf import Shelf

CUSTOMER: Final = "AB695DA801DD1BB6E05341588E0A3BDC"
CUSTOMERS: Final = (
    CUSTOMER,
    "7500BB199B4270EFE05340588D0AFCAD",
    "C24F5921EB870D99E053AF598E0A4105",
    "5795045921830181636348",
)
CARD: Final = "7010000000016241111"
BANK: Final = "A7A91A2CA872B272E05340588D0A0699"
INSTRUMENTS: Final = ("AB6A54B982A6FCB6E05341588E0A3935", "888454C31FB6150CE05340588D0AA9BE")
"""The customer's, and one that is nobody's."""
ADDRESS: Final = "AB6A54B97C00FCB6E05341588E0A3935"
PLAN: Final = "6868912495476705603955"
_PERSON: Final = {
    "firstName": "John", "lastName": "Doe", "address1": "1 Market St", "locality": "San Francisco",
    "administrativeArea": "CA", "postalCode": "94105", "country": "US", "email": "test@example.com",
}  # fmt: skip
_ENDS: Final = {"expirationMonth": "12", "expirationYear": "2031", "type": "001"}
_PLAN: Final = {
    "planInformation": {"name": "Gold Plan", "billingPeriod": {"length": "1", "unit": "M"}},
    "orderInformation": {"amountDetails": {"currency": "USD", "billingAmount": "10"}},
}


def stock(account: Account) -> None:
    """Stores all of it; for an account that is new."""
    vault, ask = account.state.vault, Ask(account)
    number = "4" + "1" * 14
    card = identified(ask, {"card": {"number": number + check_digit(number)}})
    bank = identified(ask, {"bankAccount": {"number": "4100", "routingNumber": "071923284"}})
    for made, wanted in ((card, CARD), (bank, BANK)):
        _rename(account, vault.identifiers, made, wanted)
    for id_ in CUSTOMERS:
        made = str(customers.create(Ask(account)).body["id"])
        _rename(account, vault.customers, made, id_)
        account.tokens.put(id_, account.tokens.known(CARD))
    body = {"card": _ENDS, "billTo": _PERSON, "instrumentIdentifier": {"id": CARD}}
    for ids, wanted in zip(({"customerId": CUSTOMER}, {}), INSTRUMENTS, strict=True):
        made = str(create_instrument(Ask(account, ids, document=body)).body["id"])
        _rename(account, vault.instruments, made, wanted)
    make_default(ask, CUSTOMER, INSTRUMENTS[0])
    address = customers.create_address(
        Ask(account, {"customerId": CUSTOMER}, document={"shipTo": _PERSON})
    )
    _rename(account, vault.addresses, str(address.body["id"]), ADDRESS)
    plan = plans.create(Ask(account, document=_PLAN))
    _rename(account, account.state.recurring.plans, str(plan.body["id"]), PLAN)


def _rename(account: Account, shelf: Shelf, made: str, wanted: str) -> None:
    """What was put under an id of ours is under theirs, wherever its row says it."""
    row: Mapping[str, Any] = json.loads(json.dumps(shelf.copy(made)).replace(made, wanted))
    shelf.drop(made)
    shelf.put(wanted, row)
    try:
        account.tokens.put(wanted, account.tokens.known(made))
    except KeyError:
        return  # it is nothing that pays
    account.tokens.drop(made)
