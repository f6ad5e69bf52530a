"""Releasing orders from hold, and cancelling them.

Both look first and then, in one batch, change exactly what they saw and read what came of it.
"""

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_dynamics365.batch import Part, PartAnswer
from tillbridge_dynamics365.errors import VERSION_MISMATCH
from tillbridge_dynamics365.odata import by_id
from tillbridge_dynamics365.order_state import (
    ACTIVE,
    CANCELED,
    SELECTED,
    SUBMITTED,
    OrderState,
    find_order,
    read_state,
)
from tillbridge_dynamics365.web_api import WebApi

STATUS_NEW = 1
STATUS_NO_MONEY = 4
"""Status reasons of Active and Canceled (learn.microsoft.com, "SalesOrder" table reference)."""

ATTEMPTS_MAX = 3


class Holds:
    """Releases and cancellations of one organization's orders."""

    def __init__(self, web_api: WebApi, hold_status: int) -> None:
        self._web_api = web_api
        self._hold_status = hold_status

    async def release(self, call: Call, fields: Fields) -> Receipt:
        """An order on hold becomes New; one that is not on hold any more is done already.

        Raises:
            Rejected: it was cancelled, or it is not there.
            Transient: somebody changes it all the time.
        """
        for _ in range(ATTEMPTS_MAX):
            order = await find_order(self._web_api, call, fields)
            if order.state == CANCELED:
                raise self._closed(order, "cancelled", "released")
            if order.state != ACTIVE or order.status != self._hold_status:
                return self._receipt(order)
            change = Part(
                "PATCH",
                by_id("salesorders", order.id),
                {"statecode": ACTIVE, "statuscode": STATUS_NEW},
                {"If-Match": order.version},
            )
            written, now = await self._change(call, order, change)
            if written.done:
                return self._receipt(now)
            if written.code != VERSION_MISMATCH:
                raise self._web_api.refused(
                    f"The release of the order {order.number}", written, write=True
                )
        raise Transient(
            f"{self._web_api.connection}: the order {order.number} is being changed by others.",
            reason="busy",
        )

    async def cancel(self, call: Call, fields: Fields) -> Receipt:
        """An active or submitted order becomes Canceled; a cancelled one is done already.

        Raises:
            Rejected: it was fulfilled or invoiced, or it is not there.
        """
        order = await find_order(self._web_api, call, fields)
        if order.state == CANCELED:
            return self._receipt(order)
        if order.state not in (ACTIVE, SUBMITTED):
            raise self._closed(order, "fulfilled or invoiced", "cancelled")
        close = {
            "@odata.type": "Microsoft.Dynamics.CRM.orderclose",
            "subject": values.text(fields, "subject") or f"Cancelled: {order.number}",
            "salesorderid@odata.bind": f"/{by_id('salesorders', order.id)}",
        }
        change = Part("POST", "CancelSalesOrder", {"OrderClose": close, "Status": STATUS_NO_MONEY})
        written, now = await self._change(call, order, change)
        if now.state == CANCELED:
            return self._receipt(now)
        if written.done:
            raise Transient(
                f"{self._web_api.connection}: the cancellation of the order {order.number} was"
                " accepted, but the order is not cancelled yet.",
                sent="perhaps",
                reason="unread",
            )
        raise self._web_api.refused(
            f"The cancellation of the order {order.number}", written, write=True
        )

    async def _change(
        self, call: Call, order: OrderState, change: Part
    ) -> tuple[PartAnswer, OrderState]:
        read = Part("GET", f"{by_id('salesorders', order.id)}?{SELECTED}")
        written, found = await self._web_api.batch(call, [change, read], write=True)
        if found.status != 200:
            raise self._web_api.unread(f"the order {order.number}", found)
        return written, read_state(found.row())

    def _receipt(self, order: OrderState) -> Receipt:
        return order.receipt(self._web_api.connection, self._hold_status)

    def _closed(self, order: OrderState, was: str, wanted: str) -> Rejected:
        return Rejected(
            f"The order {order.number} was {was} in Dynamics and cannot be {wanted}.",
            reason="order_closed",
            next_step="Decide with the people who closed it.",
        )
