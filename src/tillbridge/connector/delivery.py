"""One webhook call or posted message, exactly as it arrived."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.events import Event
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import Observation


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes at a door.

    Attributes:
        connection: the connection whose door it came to.
        method, path: of the HTTP request ("POST", "/doors/webshop").
        headers: names in lower case; a repeated header's values joined with ", ".
        body: the raw bytes: signatures are over these.
        received_at: UTC.
        query: what followed the "?" of the address, as it was sent; it is never kept.
    """

    connection: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    received_at: datetime
    query: str = ""


@dataclass(frozen=True, slots=True)
class PaidElsewhere:
    """An order whose payment was made at the payment system and not through us.

    Attributes:
        order: as the shop says it; its equation holds.
        payment_id: the payment system's id of the authorization or sale.
    """

    order: Order
    payment_id: str


@dataclass(frozen=True, slots=True)
class Translation:
    """What a delivery means.

    Attributes:
        delivery_id: the sender's own id of the delivery; the same id is the same delivery.
        events: what happened, in canonical words.
        observations: facts about payments.
        paid: orders that were paid elsewhere: their payments are verified and adopted.
        kept_back: why nothing could be made of it (an event kind we do not know); it is kept and
            shown, not lost. "" when it was understood.
    """

    delivery_id: str
    events: tuple[Event, ...] = ()
    observations: tuple[Observation, ...] = ()
    kept_back: str = ""
    paid: tuple[PaidElsewhere, ...] = ()
