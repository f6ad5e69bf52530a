"""A posted checkout as canonical words.

    POST /checkout/payments
    idempotency-key: <the shop's key of this try>
    {"order": {...}, "token": {"kind": "transient", "value": "..."}}

Another card for what is owed of an order of which a part is paid comes with a new key and

    "owed": "12.50"

A shopper who is authenticated comes back with the same key and order, and beside them

    "authentication": {"step": "collect", "browser": {...}, "return_url": "https://..."}
    "authentication": {"step": "confirm"}

A card that is kept with this payment, or a payment with a kept one, is said by

    "credential": {"use": "store"}
    "credential": {"use": "use", "initiator": "merchant", "reason": "recurring",
                   "first_order": "1042"}

Amounts are text or JSON numbers, read exactly; money that is not given is zero; a line without an
amount gets quantity x unit price - discount. Fields we do not know are ignored: a misspelt amount
cannot slip through, because the order's equation would not hold.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import cast, get_args

from tillbridge.canonical.authentications import (
    BROWSER_FIELDS,
    AuthenticationStep,
    Returned,
)
from tillbridge.canonical.credentials import (
    CredentialReason,
    CredentialUse,
    Initiator,
    StoredCredential,
)
from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order, OrderLine
from tillbridge.canonical.parties import Address, Customer
from tillbridge.canonical.payments import Token
from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.connector.delivery import Delivery
from tillbridge_shop.posted import Posted

ATTEMPT_KEY = "idempotency-key"
TOKEN_KINDS = ("transient", "tms")
LINES_MAX = 1000
CONTEXT_LENGTH_MAX = 32_000

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def read_checkout(delivery: Delivery) -> CheckoutRequest:
    """The checkout a delivery asks for. Raises Rejected with the place of what is wrong."""
    document = Posted.document(delivery.body)
    order = read_order(document.group("order"))
    return CheckoutRequest(
        attempt_key=_attempt_key(delivery),
        order=order,
        token=_token(document.group("token")),
        credential=_credential(document) if document.has("credential") else None,
        returned=_returned(document) if document.has("authentication") else None,
        owed=document.money("owed", order.currency) if document.has("owed") else None,
    )


def read_order(posted: Posted) -> Order:
    """An order as the shop writes it; whether its equation holds is the engine's to check."""
    currency = _currency(posted)
    return Order(
        number=_order_number(posted),
        currency=currency,
        lines=_lines(posted, currency),
        total=posted.money("total", currency, required=True),
        tax=posted.money("tax", currency),
        freight=posted.money("freight", currency),
        discount=posted.money("discount", currency),
        rounding=posted.money("rounding", currency),
        placed_at=posted.instant("placed_at"),
        customer=_customer(posted.group("customer", required=False)),
        billing=_address(posted.group("billing", required=False)),
        shipping=_address(posted.group("shipping", required=False)),
        custom=posted.texts("custom"),
    )


def _credential(document: Posted) -> StoredCredential:
    posted = document.group("credential")
    initiator = posted.text("initiator") or "customer"
    return StoredCredential(
        use=cast(CredentialUse, _one_of(posted, "use", get_args(CredentialUse))),
        initiator=cast(Initiator, _known(posted, "initiator", initiator, get_args(Initiator))),
        reason=CredentialReason(_one_of(posted, "reason", tuple(CredentialReason)))
        if posted.has("reason")
        else "",
        first_order=posted.text("first_order"),
        previous_transaction=posted.text("previous_transaction"),
        agreement=posted.text("agreement"),
    )


def _one_of(posted: Posted, name: str, words: Sequence[str]) -> str:
    return _known(posted, name, posted.text(name, required=True), words)


def _known(posted: Posted, name: str, word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise posted.wrong(name, f"{word!r} is none of {', '.join(words)}.")
    return word


def _returned(document: Posted) -> Returned:
    posted = document.group("authentication")
    step = _one_of(posted, "step", get_args(AuthenticationStep))
    browser = posted.texts("browser")
    for name in browser:
        if name not in BROWSER_FIELDS:
            known = ", ".join(BROWSER_FIELDS)
            raise posted.wrong(f"browser.{name}", f"It is not known; known: {known}.")
    return Returned(cast(AuthenticationStep, step), browser, posted.text("return_url"))


def _attempt_key(delivery: Delivery) -> str:
    key = delivery.headers.get(ATTEMPT_KEY, "")
    if not _KEY.fullmatch(key):
        raise Rejected(
            "A checkout carries the shop's key of this try: 1 to 64 letters, digits and . _ : -",
            reason="bad_attempt_key",
            place=Place(field=f"header {ATTEMPT_KEY}"),
            next_step="Send one key for one try, and the same key when you send that try again.",
        )
    return key


def _order_number(posted: Posted) -> str:
    number = posted.text("number", required=True)
    if number != number.strip() or not number.isprintable():
        raise posted.wrong("number", f"{number!r} has spaces around it or unprintable characters.")
    return number


def _currency(posted: Posted) -> str:
    currency = posted.text("currency", required=True)
    try:
        exponent_of(currency)
    except Rejected as error:
        raise posted.wrong("currency", error.message, error.reason) from error
    return currency


def _lines(posted: Posted, currency: str) -> tuple[OrderLine, ...]:
    lines: list[OrderLine] = []
    seen: set[int] = set()
    for at, group in enumerate(posted.groups("lines"), start=1):
        if at > LINES_MAX:
            raise posted.wrong("lines", f"An order has at most {LINES_MAX} lines.", "too_long")
        line = _line(group, at, currency)
        if line.number in seen:
            raise group.wrong("number", f"Two lines have the number {line.number}.")
        seen.add(line.number)
        lines.append(line)
    return tuple(lines)


def _line(posted: Posted, position: int, currency: str) -> OrderLine:
    quantity = posted.number("quantity")
    unit_price = posted.unit_amount("unit_price", currency)
    discount = posted.money("discount", currency)
    amount = (
        posted.money("amount", currency)
        if posted.has("amount")
        else _amount_of(posted, unit_price, quantity) - discount
    )
    return OrderLine(
        number=posted.whole("number", default=position),
        product=posted.text("product", required=True),
        description=posted.text("description"),
        quantity=quantity,
        unit_price=unit_price,
        discount=discount,
        tax=posted.money("tax", currency),
        amount=amount,
    )


def _amount_of(posted: Posted, unit_price: UnitAmount, quantity: Decimal) -> Money:
    try:
        return unit_price.times(quantity)
    except Rejected as error:
        raise posted.wrong("amount", error.message, error.reason) from error


def _customer(posted: Posted) -> Customer:
    return Customer(
        id=posted.text("id"),
        name=posted.text("name"),
        email=posted.text("email"),
        phone=posted.text("phone"),
        custom=posted.texts("custom"),
    )


def _address(posted: Posted) -> Address:
    return Address(
        first_name=posted.text("first_name"),
        last_name=posted.text("last_name"),
        company=posted.text("company"),
        line1=posted.text("line1"),
        line2=posted.text("line2"),
        city=posted.text("city"),
        region=posted.text("region"),
        postal_code=posted.text("postal_code"),
        country=posted.text("country"),
        email=posted.text("email"),
        phone=posted.text("phone"),
    )


def _token(posted: Posted) -> Token:
    kind = _one_of(posted, "kind", TOKEN_KINDS)
    value = posted.text("value", required=True)
    context = posted.text("context", length_max=CONTEXT_LENGTH_MAX)
    return Token(kind=kind, value=value, context=context)
