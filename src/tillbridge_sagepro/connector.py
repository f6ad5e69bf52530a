"""Sage Pro, SQL Server edition, as a connector."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, CheckLine, Read, Receipt, Write
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_sagepro import cross_references, documents, order_changes, order_lookup, payments
from tillbridge_sagepro.checks import check_company
from tillbridge_sagepro.company import Company, KnownCompany
from tillbridge_sagepro.database import AlreadyClaimed, Database, Transaction
from tillbridge_sagepro.errors import ALREADY_EXISTS
from tillbridge_sagepro.live_shapes import live_sales_order
from tillbridge_sagepro.new_order import NewOrder
from tillbridge_sagepro.numbers import stored_number
from tillbridge_sagepro.sales_orders import KIND, order_receipt, write_order
from tillbridge_sagepro.settings import SageProSettings, check_settings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.structure import CROSS_REFERENCES
from tillbridge_sagepro.writing import Writing

T = TypeVar("T")


class SageProSession:
    """One company. Every write carries its effect's key into ix_xref, under a unique index."""

    def __init__(self, settings: SageProSettings, opening: Opening) -> None:
        check_settings(settings, opening.connection)
        self._settings = settings
        self._database = Database(settings, opening)
        self._company = KnownCompany(settings, opening.connection)

    @property
    def writes(self) -> Mapping[str, Write]:
        return {
            write.shape.kind: write
            for write in (
                Write(documents.SALES_ORDER, "natural_key", self._write_order),
                Write(documents.SALES_ORDER_RELEASE, "natural_key", self._release),
                Write(documents.SALES_ORDER_CANCELLATION, "natural_key", self._cancel),
                Write(documents.PAYMENT_TRANSACTION, "natural_key", self._write_payment),
            )
        }

    @property
    def reads(self) -> Mapping[str, Read]:
        return {KIND: Read(KIND, documents.ORDER_LOOKUP, self._look_up)}

    async def describe(self, call: Call) -> Mapping[str, DocumentShape]:
        """The sales order with this company's own widths, digits and columns."""
        company = await self._database.read(call, self._company.look)
        company.structure.require(self._database.name)
        settings = self._settings
        shape = live_sales_order(
            company.structure, settings.hold_column, settings.payment_id_column
        )
        return {KIND: shape}

    async def check(self, call: Call) -> Sequence[CheckLine]:
        title = f"Login to {self._settings.company_database}"
        try:
            await self.probe(call)
        except TillbridgeError as error:
            return [CheckLine(title, False, error.message, error.next_step)]
        login = CheckLine(title, True, f"as {self._settings.user}")
        try:
            return [login, *await self._database.read(call, self._check)]
        except TillbridgeError as error:
            return [login, CheckLine("Company", False, error.message, error.next_step)]

    async def provision(self, call: Call) -> Sequence[CheckLine]:
        """Creates ix_xref; raises when the login may not."""
        title = f"Table {CROSS_REFERENCES}"
        company = await self._database.read(call, self._company.look)
        if CROSS_REFERENCES in company.structure.tables:
            return [CheckLine(title, True, "was there already")]
        try:
            await self._database.run(call, statement("create_cross_references"))
        except Misconfigured as error:
            if error.reason != f"sql_{ALREADY_EXISTS}":
                raise
        self._company.forget()
        return [CheckLine(title, True, "created")]

    async def probe(self, call: Call) -> None:
        await self._database.read(call, lambda session: session.read(statement("probe")))

    async def close(self) -> None:
        await asyncio.to_thread(self._database.close)

    def _check(self, transaction: Transaction) -> list[CheckLine]:
        company = self._company.look(transaction)
        return check_company(transaction, company, self._settings)

    async def _write_order(self, call: Call, fields: Fields) -> Receipt:
        order = NewOrder.of(fields, self._settings)
        return await self._write_once(
            call,
            KIND,
            lambda writing: write_order(writing, order),
            self._order_found,
        )

    async def _release(self, call: Call, fields: Fields) -> Receipt:
        return await self._change_order(call, fields, "release", order_changes.release)

    async def _cancel(self, call: Call, fields: Fields) -> Receipt:
        return await self._change_order(call, fields, "cancellation", order_changes.cancel)

    async def _change_order(
        self,
        call: Call,
        fields: Fields,
        doctype: str,
        change: Callable[[Writing, str], Receipt],
    ) -> Receipt:
        sono = stored_number(values.required_text(fields, "sono"))
        return await self._write_once(
            call, doctype, lambda writing: change(writing, sono), self._order_found
        )

    async def _write_payment(self, call: Call, fields: Fields) -> Receipt:
        return await self._write_once(
            call,
            values.required_text(fields, "operation"),
            lambda writing: payments.write_payment(writing, fields),
            lambda company, found: payments.payment_receipt(company, found.docno, call.key),
        )

    async def _look_up(self, call: Call, fields: Fields) -> Receipt:
        return await self._database.read(
            call,
            lambda transaction: order_lookup.look_up(
                transaction, fields, self._company.read(transaction), self._settings
            ),
        )

    async def _write_once(
        self,
        call: Call,
        doctype: str,
        work: Callable[[Writing], Receipt],
        receipt_of: Callable[[Company, cross_references.Claimed], Receipt],
    ) -> Receipt:
        """Writes, or answers with what the effect's key already names."""
        try:
            return await self._writing(call, lambda transaction: work(self._begun(transaction)))
        except AlreadyClaimed:
            pass
        company, found = await self._database.read(
            call,
            lambda transaction: (
                self._company.read(transaction),
                cross_references.claimed(transaction, self._settings, doctype, call.key),
            ),
        )
        return receipt_of(company, found)

    def _begun(self, transaction: Transaction) -> Writing:
        return Writing.begin(transaction, self._company.read(transaction), self._settings)

    async def _writing(self, call: Call, work: Callable[[Transaction], T]) -> T:
        """A structure that turns out to be another is read again next time."""
        try:
            return await self._database.write(call, work)
        except Misconfigured:
            self._company.forget()
            raise

    @staticmethod
    def _order_found(company: Company, found: cross_references.Claimed) -> Receipt:
        return order_receipt(company, found.docno, found.custno, found.amount)


CONNECTOR = Connector(
    name="sagepro",
    title="Sage Pro ERP (SQL Server edition)",
    settings=SageProSettings,
    open=SageProSession,
)
