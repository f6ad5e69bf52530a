"""Who an order belongs to: the shop's customer by stored reference, or the guests' account.

A customer is never matched by name or e-mail. The account that stands for a shop's customer has
the customer's number in a column of ours, under an alternate key; it is created with the first
order and never changed afterwards: people own it then.
"""

from dataclasses import dataclass

from tillbridge.connector import values
from tillbridge.connector.abilities import Call
from tillbridge.connector.documents import Fields
from tillbridge_dynamics365.batch import Part
from tillbridge_dynamics365.names import SHOP_CUSTOMER_LENGTH, Names
from tillbridge_dynamics365.odata import by_id, by_key, plain_key
from tillbridge_dynamics365.reference_rows import ReferenceRows

REMEMBERED_MAX = 100_000
NAME_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Buyer:
    """The document's customer; `key` is "" for a guest."""

    key: str
    name: str
    email: str
    telephone: str


def read_buyer(fields: Fields) -> Buyer:
    """The group `customer` of a document."""
    customer = values.group(fields, "customer")
    number = values.text(customer, "id")
    key = plain_key(number, "customer.id", SHOP_CUSTOMER_LENGTH) if number else ""
    email = values.text(customer, "emailaddress1")
    name = values.text(customer, "name") or email or f"Customer {number}"
    return Buyer(key, name[:NAME_LENGTH], email, values.text(customer, "telephone1"))


class Accounts:
    """Finds out by doing which customers already have an account, and remembers them."""

    def __init__(self, names: Names, reference_rows: ReferenceRows) -> None:
        self._names = names
        self._reference_rows = reference_rows
        self._known: dict[str, None] = {}

    def knows(self, buyer: Buyer) -> bool:
        """Whether nothing has to be created for this buyer, as far as is known."""
        return not buyer.key or buyer.key in self._known

    def remember(self, buyer: Buyer) -> None:
        """The account exists."""
        if buyer.key:
            if len(self._known) >= REMEMBERED_MAX:
                del self._known[next(iter(self._known))]
            self._known[buyer.key] = None

    def forget(self, buyer: Buyer) -> None:
        """The account is not there, whatever was remembered."""
        self._known.pop(buyer.key, None)

    async def reference(self, call: Call, buyer: Buyer) -> str:
        """What an order's `customerid_account` is bound to."""
        if buyer.key:
            return "/" + by_key("accounts", self._names.shop_customer, buyer.key)
        return "/" + by_id("accounts", await self._reference_rows.guest_account_id(call))

    def creation(self, buyer: Buyer) -> Part:
        """Creates the buyer's account; refused as a duplicate when there is one."""
        body = {"name": buyer.name}
        if buyer.email:
            body["emailaddress1"] = buyer.email
        if buyer.telephone:
            body["telephone1"] = buyer.telephone
        path = by_key("accounts", self._names.shop_customer, buyer.key)
        return Part("PATCH", path, body, {"If-None-Match": "*"})
