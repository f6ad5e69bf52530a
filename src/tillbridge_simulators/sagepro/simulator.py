"""The stand-in of Sage Pro: starts and stops it, and answers a judge's questions."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults
from tillbridge_simulators.port import Close, Port
from tillbridge_simulators.sagepro import company, trail
from tillbridge_simulators.sagepro.control import ControlRoutes
from tillbridge_simulators.sagepro.session import ClientSession, World
from tillbridge_simulators.sagepro.store import Store
from tillbridge_simulators.under_way import UnderWay


class SageProSimulator:
    """A SQL Server with one Sage Pro company, on 127.0.0.1.

    `port` speaks TDS (after `start`); `url` is where the control routes answer. Faults are drawn
    by the operations login, read, sales_order, sales_order_release, sales_order_cancellation and
    payment_transaction, the subject being the shop's order number. "refuse" with status 1205 is a
    deadlock, 1222 a lock time-out.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        control_port: int = 0,
        factor: float = 1.0,
        seed: int = 0,
        currency: str = "USD",
        log_path: Path | None = None,
        user: str = "tillbridge",
        password: str = "sandbox",  # noqa: S107 (the made-up password of a stand-in)
        products: Sequence[str] = (),
    ) -> None:
        self._port = Port(self._listen, port)
        self.faults = Faults(seed)
        self.log = EffectLog(log_path)
        self.store = Store()
        self.user = user
        self.password = password
        self.factor = factor
        company.seed(self.store, currency=currency, products=products)
        trail.watch(self.store)
        self._control = ControlRoutes(self, control_port)
        self._under_way = UnderWay()
        self._clients: set[asyncio.Task[None]] = set()
        self._late: set[asyncio.TimerHandle] = set()

    @property
    def port(self) -> int:
        """Its number; as it was asked for before it is started."""
        return self._port.number

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self._control.port}"

    async def start(self) -> None:
        """Binds both ports; 0 means any free one."""
        await self._port.open()
        await self._control.start()

    async def refuse(self) -> None:
        """Nobody listens any more: connections are refused, those that are open are cut."""
        self.faults.down = True
        self.cut_clients()
        await self._port.refuse()

    async def accept(self) -> None:
        """Listens again, after `refuse`."""
        self.faults.down = False
        await self._port.accept()

    async def _listen(self, held: socket.socket) -> Close:
        server = await asyncio.start_server(self._serve, sock=held)

        async def close() -> None:
            server.close()

        return close

    async def stop(self) -> None:
        """Cuts every connection; a late commit still to come never comes."""
        await self._control.stop()
        for handle in self._late:
            handle.cancel()
        await self._port.close()
        for task in tuple(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self.log.close()

    def cut_clients(self) -> None:
        """Cuts every connection, as a server does that restarts."""
        for task in tuple(self._clients):
            task.cancel()

    def counter(self) -> int:
        """The last order number handed out, from PROSYS..sysdata."""
        return self._counter("sysdata", self.store.system)

    def counter_mirror(self) -> int:
        """The same from the company's own copy; it must always be equal."""
        return self._counter("sosysd", self.store.company)

    def orders(self) -> list[dict[str, object]]:
        """Every sales order with websono, ponum, custno, ordamt, lines; amounts as text.

        An order whose transaction has not been committed yet is not among them.
        """
        pending = {number for what, number, _, _ in self.store.changes() if what == "sales_order"}
        rows = self.store.rows(f'SELECT sono FROM "{self.store.company}".somast ORDER BY sono')  # noqa: S608 (our own name)
        numbers = [str(row[0]) for row in rows if row[0] not in pending]
        return [trail.order_facts(self.store, number) for number in numbers]

    def web_orders(self) -> list[dict[str, object]]:
        """The orders that came from the shop: those with a web order number."""
        return [order for order in self.orders() if order["websono"]]

    def customers(self) -> list[dict[str, str]]:
        """Every customer: custno, company, onorder."""
        rows = self.store.rows(
            f'SELECT custno, company, onorder FROM "{self.store.company}".arcust ORDER BY custno'  # noqa: S608 (our own name)
        )
        names = ("custno", "company", "onorder")
        return [
            {name: str(value).strip() for name, value in zip(names, row, strict=True)}
            for row in rows
        ]

    def on_order(self, custno: str) -> Decimal:
        """What arcust says is open for a customer."""
        found = [row["onorder"] for row in self.customers() if row["custno"] == custno]
        return Decimal(found[0])

    def lock_row(self, table: str, key: str, *, locked: bool = True) -> None:
        """A user opens (or closes) a row in Sage Pro: the logical lock of column lckstat."""
        about = self.store.tables[self.store.company.lower(), table]
        self.store.rows(
            f'UPDATE "{self.store.company}"."{table}" SET lckstat = ?, lckuser = ?'  # noqa: S608 (names from the schema)
            f' WHERE "{about.key[0]}" = ?',
            "L" if locked else " ",
            "MARY" if locked else "    ",
            key,
        )

    def _counter(self, table: str, database: str) -> int:
        row = self.store.rows(
            f'SELECT int1 FROM "{database}".{table} WHERE sysid = ?',  # noqa: S608 (our own names)
            f"SO{company.COMPANY_ID}",
        )
        return int(str(row[0][0]))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served in a task"
        self._clients.add(task)
        try:
            if self.faults.down:
                writer.transport.abort()
                return
            world = World(
                self.store, self.faults, self.log, self.user, self.password, self.factor,
                self._later, self._under_way,
            )  # fmt: skip
            await ClientSession(world, reader, writer).serve()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._clients.discard(task)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self._late.add(asyncio.get_running_loop().call_later(seconds, work))
