"""An open connection to one organization: what it can write, read, check and provision."""

from collections.abc import Mapping, Sequence

from tillbridge.connector.abilities import Call, CheckLine, Poll, Read, Write
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape
from tillbridge.connector.http import Http, trust_in
from tillbridge_dynamics365.accounts import Accounts
from tillbridge_dynamics365.checks import Checks
from tillbridge_dynamics365.columns import Columns
from tillbridge_dynamics365.holds import Holds
from tillbridge_dynamics365.live_shapes import live_shapes, tables_of
from tillbridge_dynamics365.names import Names
from tillbridge_dynamics365.order_shape import (
    ORDER_POINTER,
    SALES_ORDER,
    SALES_ORDER_CANCELLATION,
    SALES_ORDER_RELEASE,
)
from tillbridge_dynamics365.payment_transactions import PAYMENT_TRANSACTION, PaymentTransactions
from tillbridge_dynamics365.polls import polls
from tillbridge_dynamics365.provisioning import Provisioning
from tillbridge_dynamics365.reference_rows import ReferenceRows
from tillbridge_dynamics365.sales_orders import SalesOrders
from tillbridge_dynamics365.settings import DynamicsSettings, check_settings
from tillbridge_dynamics365.sign_in import SignIn
from tillbridge_dynamics365.web_api import WebApi


class DynamicsSession:
    """Writes sales_order, sales_order_release, sales_order_cancellation, payment_transaction;
    reads sales_order; polls sales_orders and accounts."""

    def __init__(self, settings: DynamicsSettings, opening: Opening) -> None:
        check_settings(settings)
        tls = trust_in(settings.tls_ca, "tls_ca")
        name = opening.connection
        permits = opening.permits
        self._authority = Http(
            settings.authority_url, name=name, connections_max=2, tls=tls, permits=permits
        )
        self._organization = Http(
            settings.organization_url,
            name=name,
            connections_max=settings.connections_max,
            tls=tls,
            permits=permits,
        )
        sign_in = SignIn(settings, self._authority, opening.clock, name)
        web_api = WebApi(self._organization, sign_in, settings.api_version, name, permits)
        names = Names(settings.publisher_prefix)
        rows = ReferenceRows(web_api, settings, opening.clock)
        columns = Columns(web_api, opening.clock, settings.reference_life_s)
        accounts = Accounts(names, rows)
        orders = SalesOrders(
            web_api, names, accounts, rows, columns, hold_status=settings.hold_status
        )
        holds = Holds(web_api, settings.hold_status)
        payments = PaymentTransactions(web_api, names, rows)
        self._names = names
        self._columns = columns
        self._provisioning = Provisioning(web_api, names, rows, settings, opening.factor)
        self._checks = Checks(web_api, self._provisioning, rows, settings)
        self._writes = {
            write.shape.kind: write
            for write in (
                Write(SALES_ORDER, "natural_key", orders.create),
                Write(SALES_ORDER_RELEASE, "natural_key", holds.release),
                Write(SALES_ORDER_CANCELLATION, "natural_key", holds.cancel),
                Write(PAYMENT_TRANSACTION, "natural_key", payments.create),
            )
        }
        pointer = DocumentShape("sales_order", "Which sales order", ORDER_POINTER)
        self._polls = polls(web_api, settings, opening)
        self._reads = {"sales_order": Read("sales_order", pointer, orders.look_up)}

    @property
    def writes(self) -> Mapping[str, Write]:
        return self._writes

    @property
    def reads(self) -> Mapping[str, Read]:
        return self._reads

    @property
    def polls(self) -> Mapping[str, Poll]:
        return self._polls

    async def describe(self, call: Call) -> Mapping[str, DocumentShape]:
        """The documents with the organization's own widths, digits, options and columns."""
        return live_shapes(await self._columns.read(call, tables_of(self._names)), self._names)

    async def check(self, call: Call) -> Sequence[CheckLine]:
        """One line a check."""
        return await self._checks.run(call)

    async def provision(self, call: Call) -> Sequence[CheckLine]:
        """One line a step."""
        return await self._provisioning.run(call)

    async def probe(self, call: Call) -> None:
        """WhoAmI."""
        await self._checks.who_am_i(call)

    async def close(self) -> None:
        """Closes both pools of connections."""
        await self._authority.close()
        await self._organization.close()
