"""The demo: everything starts, a day is traded, everything is judged.

PostgreSQL (embedded) · the outside world · tillbridge api · tillbridge worker x 2
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tillbridge.access.operators import Role, add_operator
from tillbridge.assembly import OWN_FOLDER, prepare
from tillbridge.canonical.errors import Rejected
from tillbridge.connections.configuration import FILE
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import set_secret
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.demo.figures import Progress, day, progress
from tillbridge.demo.site import Played, copy_texts, write_connections
from tillbridge.demo.summary import show_summary, show_verdict
from tillbridge.demo.table import DayTable
from tillbridge.demo.trade import Trade, world_settings
from tillbridge.outside.process import Process
from tillbridge.outside.world import Outside

PROGRAM = "tillbridge"
COMMAND = "tillbridge.cli.main"
TETHER = "TILLBRIDGE_TETHERED"
"""Tells our own commands to end with their standard input (tillbridge.cli.stopping)."""
OPERATOR = "demo"
WORKERS = 2
TURNS = 8
"""Of each worker at a time: the demo shares a small machine with everything it talks to."""
STOPPED = 130
SYSTEM_TITLES = {
    "cybersource": "Cybersource",
    "dynamics365": "Dynamics 365",
    "sagepro": "Sage Pro",
    "shop": "a shop",
}
PIPED_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of day.

    Attributes:
        factor: every wait of the world and of ours is divided by it.
        stay: everything keeps running afterwards, until Ctrl-C.
        folder: a folder of the user's, whose flows the day is traded with, in a copy; or a new one
            where everything is kept; None for a new temporary folder.
    """

    orders: int = 300
    seed: int = 1
    factor: float = 30.0
    stay: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Everything that runs."""

    folder: Path
    url: str
    outside: Outside
    database: Database
    house: list[Process]
    token: Secret


def run_demo(wanted: Wanted) -> int:
    """Runs the demo; the exit status: 0 only when every promise was kept."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    try:
        return asyncio.run(_demo(wanted, console))
    except asyncio.CancelledError:
        console.print("Stopped.")
        return STOPPED


async def _demo(wanted: Wanted, console: Console) -> int:
    ends = _Ends()
    source = wanted.folder if wanted.folder and (wanted.folder / FILE).is_file() else None
    folder = _new_folder(None if source else wanted.folder)
    async with _started(wanted, source, folder, console) as started:
        good = await _trade(wanted, started, console)
        found = await started.outside.audit()
        figures = await day(started.database)
        show_summary(console, found, figures)
        console.print()
        good = show_verdict(console, found, figures) and good
        _show_next_steps(console, folder, f"W{min(wanted.orders, 12)}")
        if wanted.stay:
            _show_addresses(console, started)
            await ends.wait()
    return 0 if good else 1


class _Ends:
    """SIGINT and SIGTERM cancel the demo, so that everything it started is stopped; while it
    stays they are what it waits for."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._staying = False
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._ask)

    async def wait(self) -> None:
        self._staying = True
        await self._asked.wait()

    def _ask(self) -> None:
        self._asked.set()
        if not self._staying and self._task is not None:
            self._task.cancel()


async def _trade(wanted: Wanted, started: Started, console: Console) -> bool:
    """Trades the day; False when it did not come to rest."""
    trade = Trade(started.outside, wanted.orders, wanted.seed, wanted.factor)

    async def look() -> Progress:
        for process in started.house:
            process.expect_alive()
        return await progress(started.database)

    began = time.monotonic()
    async with DayTable(console, started.database, trade, wanted.orders) as table:
        at_rest = await trade.run(look, table.say)
    seconds = time.monotonic() - began
    console.print(
        Text(
            f"{wanted.orders} orders in {seconds:.1f} s; every wait was divided by"
            f" {wanted.factor:g} (--factor), seed {wanted.seed}.",
            style="bold",
        )
    )
    return at_rest


@contextlib.asynccontextmanager
async def _started(
    wanted: Wanted, source: Path | None, folder: Path, console: Console
) -> AsyncIterator[Started]:
    """Starts everything, the last thing first to stop."""
    played = await copy_texts(source, folder)
    if source is not None:
        _tell(console, f"The day is traded with the flows of {source}, in a copy: {folder}.")
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(folder / OWN_FOLDER))
        await prepare(postgres.dsn)
        database = await Database.connect(postgres.dsn, size_max=3, name="tillbridge demo")
        stack.push_async_callback(database.close)
        durability = await database.durability()
        _tell(console, f"PostgreSQL runs: {_listed(durability)}.")
        settings = world_settings(url, wanted.seed, wanted.factor, played)
        outside = Outside(settings, logs)
        stack.push_async_callback(outside.stop)
        await outside.start()
        titles = ", ".join(SYSTEM_TITLES[system] for system in outside.addresses)
        _tell(console, f"The outside world runs: {titles}.")
        token = await _keep_secrets(database, folder, outside, played)
        environment = {  # each finds the folder's PostgreSQL; the last to leave stops it
            "TILLBRIDGE_DATABASE_URL": "",
            "TILLBRIDGE_FOLDER": str(folder),
            "TILLBRIDGE_FACTOR": str(wanted.factor),
            TETHER: "1",
        }
        await _command("provision", logs, environment, "provision").run()
        house = [_command("api", logs, environment, "api", "--port", str(port))]
        house += [
            _command(f"worker {at}", logs, environment, "worker", "--turns", str(TURNS))
            for at in range(1, WORKERS + 1)
        ]
        for process in house:
            stack.push_async_callback(process.stop)
        await asyncio.gather(*(process.start() for process in house))
        _tell(console, f"Tillbridge runs: the API and {WORKERS} workers. The shop opens.\n")
        yield Started(folder, url, outside, database, house, token)


async def _keep_secrets(
    database: Database, folder: Path, outside: Outside, played: Played
) -> Secret:
    """Points the connections and seals their secrets; answers the token of an operator."""
    pointed = write_connections(folder, played, outside.addresses)
    seal = open_seal(folder / OWN_FOLDER, os.environ)
    async with database.transaction() as tx:
        for name, value in pointed.secrets.items():
            await set_secret(tx, seal, name, Secret(value), OPERATOR)
        return await add_operator(tx, OPERATOR, Role.OPERATOR)


def _command(name: str, logs: Path, environment: dict[str, str], *arguments: str) -> Process:
    log = logs / f"{name.replace(' ', '-')}.log"
    return Process(name, COMMAND, arguments, log=log, environment=environment)


def _new_folder(folder: Path | None) -> Path:
    """Raises Rejected for a folder that is not empty: a day begins on a blank page."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="tillbridge-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Rejected(
            f"{folder} is not empty.",
            reason="not_empty",
            next_step="Give --folder a new one; the demo begins on a blank page.",
        )
    return folder.resolve()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _show_next_steps(console: Console, folder: Path, order: str) -> None:
    console.print(Text("\nLook around:", style="bold"))
    started = Path(sys.argv[0])
    at = f"{started if started.name == PROGRAM else PROGRAM} --folder {folder}"
    for command in (f"trace {order}", "runs", "dead-letters", "unknowns", "gates"):
        console.print(Text(f"  {at} {command}"), soft_wrap=True)
    console.print(Text(f"Logs of every process: {folder / 'logs'}"), soft_wrap=True)


def _show_addresses(console: Console, started: Started) -> None:
    console.print(Text("\nEverything keeps running until Ctrl-C:", style="bold"))
    rows = {"API": started.url, "what it offers": f"{started.url}/docs"}
    rows |= {name: address["url"] for name, address in started.outside.addresses.items()}
    rows["operator's token"] = started.token.value
    for name, value in rows.items():
        console.print(Text(f"  {name}: {value}"), soft_wrap=True)


def _tell(console: Console, sentence: str) -> None:
    console.print(Text(sentence), soft_wrap=True)


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
