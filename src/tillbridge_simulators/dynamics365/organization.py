"""One Dynamics organization: its definitions, its rows, and what creating a row means."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import uuid4

from tillbridge_simulators.dynamics365.errors import bad_property
from tillbridge_simulators.dynamics365.rows import Change, Row, Rows
from tillbridge_simulators.dynamics365.standard_tables import standard_tables
from tillbridge_simulators.dynamics365.tables import Table


class Organization:
    """Tables and rows. `committed` hears of every transaction that held."""

    def __init__(self, committed: Callable[[list[Change]], None], *, on_hold: bool = False) -> None:
        self.id = str(uuid4())
        self.user_id = str(uuid4())
        self.business_unit_id = str(uuid4())
        self.tables = standard_tables(on_hold=on_hold)
        self.rows = Rows(committed)
        self.base_currency_id = ""
        self.next_order_number = 1000

    def table(self, name: str) -> Table:
        return self.tables.named(name)

    def currency_of(self, row: Row) -> Row:
        """The row's currency; a row without one is in the organization's own."""
        currency_id = row.get("_transactioncurrencyid_value") or self.base_currency_id
        return self.rows.get(self.table("transactioncurrency"), str(currency_id))

    def rounded(self, amount: Decimal, currency: Row) -> Decimal:
        """An amount with the currency's `currencyprecision` decimals.

        Which rule Dataverse rounds halves by is not documented; this is half up.
        """
        quantum = Decimal(1).scaleb(-int(currency["currencyprecision"] or 0))
        return amount.quantize(quantum, ROUND_HALF_UP)

    def round_money(self, table: Table, row: Row, values: Row) -> None:
        """Every Money value to the precision of its row's currency (PrecisionSource 2)."""
        currency: Row | None = None
        for column in table.columns.values():
            amount = values.get(column.name)
            if column.type == "Money" and isinstance(amount, int | Decimal):
                currency = currency or self.currency_of({**row, **values})
                values[column.name] = self.rounded(Decimal(amount), currency)

    def insert(self, table: Table, values: Row) -> Row:
        """A new row with what the system fills in. Raises for a required column left out."""
        for column in table.columns.values():
            if column.required and values.get(column.stored_as) is None:
                raise bad_property(table.name, f"'{column.name}' is required.")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        row: Row = {"statecode": 0, "statuscode": 1, "createdon": now, "modifiedon": now}
        row[table.id_column] = str(uuid4())
        row.update(values)
        if any(column.type == "Money" for column in table.columns.values()):
            row["_transactioncurrencyid_value"] = self.currency_of(row)["transactioncurrencyid"]
        self.round_money(table, row, row)
        self.rows.insert(table, row)
        return row

    def update(self, table: Table, row: Row, values: Row) -> None:
        self.round_money(table, row, values)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.rows.update(table, row, {**values, "modifiedon": now})
