"""Creates in the organization what the connector needs there; running it again changes nothing.

A publisher, a solution, the table of payment transactions, columns and alternate keys on orders
and accounts, and the guests' account. Each step looks first. An alternate key's index is built in
the background: provisioning waits for it, and says so when it is not there in time.
"""

import asyncio
from typing import Any

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge_dynamics365 import definitions
from tillbridge_dynamics365.errors import DUPLICATE_KEY, read_refusal
from tillbridge_dynamics365.names import Names
from tillbridge_dynamics365.odata import quoted
from tillbridge_dynamics365.reference_rows import ReferenceRows
from tillbridge_dynamics365.settings import DynamicsSettings
from tillbridge_dynamics365.web_api import WebApi

POLL_S = 3.0
_FRESH = {"Consistency": "Strong"}
_IN_SOLUTION = {"MSCRM.SolutionUniqueName": definitions.SOLUTION}


class Provisioning:
    """`factor` divides the waits."""

    def __init__(
        self,
        web_api: WebApi,
        names: Names,
        reference_rows: ReferenceRows,
        settings: DynamicsSettings,
        factor: float,
    ) -> None:
        self._web_api = web_api
        self._names = names
        self._reference_rows = reference_rows
        self._settings = settings
        self._factor = factor

    async def run(self, call: Call) -> list[CheckLine]:
        """One line a step; it stops at the first that fails."""
        lines: list[CheckLine] = []
        steps = (
            ("Publisher and solution", self._solution),
            ("Payment transactions", self._payment_table),
            ("Columns", self._columns),
            ("Link from payments to orders", self._order_link),
            ("Alternate keys", self._keys),
            ("Publishing", self._publish),
            ("Guests' account", self._guest_account),
            ("Alternate keys active", self._wait_for_keys),
        )
        for title, step in steps:
            try:
                lines.append(CheckLine(title, True, await step(call)))
            except TillbridgeError as error:
                lines.append(CheckLine(title, False, error.message, error.next_step))
                break
        return lines

    async def key_states(self, call: Call) -> dict[str, str]:
        """Table -> EntityKeyIndexStatus of its key of ours; "" when the key is not there."""
        states = {}
        for table, key in definitions.keys(self._names).items():
            found = await self._keys_of(call, table)
            states[table] = found.get(key["SchemaName"].lower(), "")
        return states

    async def _solution(self, call: Call) -> str:
        prefix = self._names.prefix
        publisher_id = await self._row_id(
            call, "publishers", "publisherid", f"customizationprefix eq {quoted(prefix)}"
        )
        if not publisher_id:
            await self._create(call, "publishers", definitions.publisher(prefix), {})
            publisher_id = await self._row_id(
                call, "publishers", "publisherid", f"customizationprefix eq {quoted(prefix)}"
            )
        name = definitions.SOLUTION
        if await self._row_id(call, "solutions", "solutionid", f"uniquename eq {quoted(name)}"):
            return "already there"
        await self._create(call, "solutions", definitions.solution(publisher_id), {})
        return "created"

    async def _payment_table(self, call: Call) -> str:
        if await self._columns_of(call, self._names.payment_table) is not None:
            return "already there"
        body = definitions.payment_table(self._names)
        await self._create(call, "EntityDefinitions", body, _IN_SOLUTION)
        return "created"

    async def _columns(self, call: Call) -> str:
        created = []
        for table, columns in definitions.columns(self._names).items():
            present = await self._columns_of(call, table) or set()
            for column in columns:
                if column["SchemaName"].lower() not in present:
                    path = f"{_entity(table)}/Attributes"
                    await self._create(call, path, column, _IN_SOLUTION)
                    created.append(column["SchemaName"])
        return _created(created)

    async def _order_link(self, call: Call) -> str:
        present = await self._columns_of(call, self._names.payment_table) or set()
        if self._names.payment_order.lower() in present:
            return "already there"
        body = definitions.order_link(self._names)
        await self._create(call, "RelationshipDefinitions", body, _IN_SOLUTION)
        return "created"

    async def _keys(self, call: Call) -> str:
        created = []
        for table, key in definitions.keys(self._names).items():
            if key["SchemaName"].lower() not in await self._keys_of(call, table):
                await self._create(call, f"{_entity(table)}/Keys", key, _IN_SOLUTION)
                created.append(key["SchemaName"])
        return _created(created)

    async def _publish(self, call: Call) -> str:
        await self._web_api.write(call, "POST", "PublishXml", definitions.publish(self._names))
        return "published"

    async def _guest_account(self, call: Call) -> str:
        if await self._reference_rows.guest_accounts(call):
            return f"{self._settings.guest_account}: already there"
        await self._create(call, "accounts", {"name": self._settings.guest_account}, {})
        return f"{self._settings.guest_account}: created"

    async def _wait_for_keys(self, call: Call) -> str:
        waited_s = 0.0
        while True:
            states = await self.key_states(call)
            pending = {table: state for table, state in states.items() if state != "Active"}
            if not pending:
                return "all active"
            shown = ", ".join(f"{table}: {state or 'missing'}" for table, state in pending.items())
            if "Failed" in pending.values() or waited_s >= self._settings.key_wait_s:
                raise Misconfigured(
                    f"Not active yet: {shown}.",
                    reason="key_not_active",
                    next_step="Run `tillbridge provision` again later; a Failed key has"
                    " duplicates, or needs reactivating in Power Apps.",
                )
            await asyncio.sleep(POLL_S / self._factor)
            waited_s += POLL_S

    async def _row_id(self, call: Call, set_name: str, column: str, condition: str) -> str:
        path = f"{set_name}?$select={column}&$filter={condition.replace(' ', '%20')}&$top=1"
        rows = (await self._web_api.read(call, path))["value"]
        return str(rows[0][column]) if rows else ""

    async def _columns_of(self, call: Call, table: str) -> set[str] | None:
        """Logical names of a table's columns; None when there is no such table."""
        rows = await self._parts_of(call, table, "Attributes", "LogicalName")
        return None if rows is None else {row["LogicalName"] for row in rows}

    async def _keys_of(self, call: Call, table: str) -> dict[str, str]:
        """EntityKeyIndexStatus by logical name; empty when there is no such table."""
        rows = await self._parts_of(call, table, "Keys", "LogicalName,EntityKeyIndexStatus")
        return {row["LogicalName"]: row["EntityKeyIndexStatus"] for row in rows or ()}

    async def _parts_of(
        self, call: Call, table: str, parts: str, select: str
    ) -> list[dict[str, Any]] | None:
        path = f"{_entity(table)}/{parts}?$select={select}"
        reply = await self._web_api.send(call, "GET", path, headers=_FRESH)
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise self._web_api.refused(f"GET {_entity(table)}/{parts}", reply, write=False)
        rows: list[dict[str, Any]] = read_json(reply.body)["value"]
        return rows

    async def _create(
        self, call: Call, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> None:
        """Creates one thing; that somebody created it just before us is fine."""
        reply = await self._web_api.send(call, "POST", path, body=body, headers=headers, write=True)
        if 200 <= reply.status < 300 or read_refusal(reply.body)[0] == DUPLICATE_KEY:
            return
        raise self._web_api.refused(f"POST {path}", reply, write=True)


def _entity(table: str) -> str:
    return f"EntityDefinitions(LogicalName='{table}')"


def _created(names: list[str]) -> str:
    return f"created {', '.join(names)}" if names else "already there"
