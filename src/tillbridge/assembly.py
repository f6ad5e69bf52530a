"""Where the parts meet: a user's folder and a PostgreSQL become a running house."""

import asyncio
import importlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.alerting import NOTIFICATION, Alerting, read_alerting
from tillbridge.connections.budgets import Budgets
from tillbridge.connections.configuration import FILE, Configured, read_configuration
from tillbridge.connections.connections import Connections
from tillbridge.connections.error_policies import read_error_policies
from tillbridge.connections.gates import Breaker, Gates
from tillbridge.connections.keyrings import Keyrings
from tillbridge.connections.retention import Retention, read_retention
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import Secrets
from tillbridge.connector.connector import Clock
from tillbridge.connector.documents import AUTHORIZATION
from tillbridge.connector.installed import installed_connectors
from tillbridge.database.database import Database
from tillbridge.database.ferry import PULSE_S
from tillbridge.database.migrate import Migration, check_schema, migrate
from tillbridge.flows.builtin_flows import builtin_files
from tillbridge.flows.flow import Flow
from tillbridge.flows.folder import Folder, assemble, load_folder
from tillbridge.flows.library import ConnectionShapes, Library, shapes_of
from tillbridge.flows.publish import load_version, publish
from tillbridge.flows.read import read_bundle
from tillbridge.flows.snapshot import read_snapshots, with_snapshots
from tillbridge.journeys import checkout, deliver, receive, undo
from tillbridge.journeys.adopt import adopt_payments
from tillbridge.journeys.alert import look_for_alerts
from tillbridge.journeys.authenticate import forget_authentications
from tillbridge.journeys.catalogue import Catalogue, LoadFlow
from tillbridge.journeys.changed import poll_changes
from tillbridge.journeys.drop import Drops
from tillbridge.journeys.fire import fire_schedules
from tillbridge.journeys.following import forget_traces, watched
from tillbridge.journeys.gather import close_windows
from tillbridge.journeys.house import House, Pace
from tillbridge.journeys.keep import EVERY_S as KEEP_EVERY_S
from tillbridge.journeys.keep import keep_history
from tillbridge.journeys.lapse import lapse_parts
from tillbridge.journeys.let_in import keep_gates
from tillbridge.journeys.mended import LOOK_S, resolve_mended
from tillbridge.journeys.poll import poll_reviews
from tillbridge.journeys.pull import pull_payments
from tillbridge.journeys.resolve import resolve_checkout
from tillbridge.journeys.settlements import fetch_settlements
from tillbridge.journeys.turn import Journey
from tillbridge.journeys.watch_flows import watch_flows
from tillbridge.journeys.webhooks import watch_webhooks
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.runs.journal import Patience
from tillbridge.runtime.worker import Worker
from tillbridge.watch.log_line import hide
from tillbridge.watch.watch import Tracer, Watch

TRACES = "TILLBRIDGE_TRACES"
"""The address of a collector that speaks OTLP over HTTP, such as http://127.0.0.1:4318."""
TRACED = frozenset({"api", "worker"})
OTLP = "tillbridge.watch.otlp"
OWN_FOLDER = ".tillbridge"
API_POOL, DESK_POOL, WORKER_POOL, COMMAND_POOL = 8, 4, 6, 4
"""Connections to the database of each kind of process; a worker listens on one more."""
SEND_WINDOW_MIN_S = 1.0
"""A factor divides the world's waits, not the time our own processor needs until a call leaves."""
GATES_EVERY_MIN_S = 0.1
PULLS_EVERY_MIN_S = 0.25
SETTLEMENTS_EVERY_MIN_S = 1.0
JOURNEYS: Mapping[str, Journey] = {
    checkout.JOURNEY: resolve_checkout,
    deliver.JOURNEY: deliver.deliver,
    receive.JOURNEY: receive.receive_again,
    undo.JOURNEY: undo.undo_run,
}


@dataclass(frozen=True, slots=True)
class Site:
    """One user's folder in one environment.

    Attributes:
        folder: holds tillbridge.yaml, flows/, mappings/, lookups/, tests/.
        environment: which values of tillbridge.yaml hold; "" for the one it names.
        factor: every wait is divided by it; 1 in production.
    """

    folder: Path
    environment: str = ""
    factor: float = 1.0

    @property
    def own(self) -> Path:
        """Our own folder inside the user's: the embedded database and the seal key."""
        return self.folder / OWN_FOLDER

    def configured(self) -> dict[str, Configured]:
        """The connections of tillbridge.yaml. Raises Misconfigured with file and line."""
        path = self.folder / FILE
        if not path.is_file():
            raise Misconfigured(
                f"There is no {FILE} in {self.folder.resolve()}.",
                reason="no_folder",
                next_step="Run tillbridge init, or give --folder.",
            )
        text = path.read_text(encoding="utf-8")
        found = read_configuration(text, self.environment, installed_connectors())
        read_alerting(text, found)
        read_error_policies(text)
        read_retention(text)
        return found

    def retention(self) -> Retention:
        """How long what has ended is kept where; the defaults where there is no file.

        Raises:
            Misconfigured: with file and line.
        """
        path = self.folder / FILE
        return read_retention(path.read_text(encoding="utf-8")) if path.is_file() else Retention()

    @property
    def archive(self) -> Path:
        """The folder of archived months. Raises Misconfigured with file and line."""
        return self.folder / self.retention().archive


def now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


async def prepare(dsn: str) -> tuple[Migration, ...]:
    """Brings a database up to this program."""
    database = await Database.connect(dsn, size_max=2, name="tillbridge migrate")
    try:
        applied = await migrate(database)
    finally:
        await database.close()
    return applied


def connections_of(workers: int) -> int:
    """How many connections one API, so many workers and a few commands beside them may open."""
    commands = 2 * COMMAND_POOL
    return API_POOL + DESK_POOL + workers * (WORKER_POOL + 1) + commands


async def open_house(
    site: Site,
    dsn: str,
    *,
    role: str,
    pool: int = 10,
    clock: Clock = now,
    publishing: bool = True,
    texts: "Texts | None" = None,
    pulse_s: float = PULSE_S,
) -> House:
    """A house over a prepared database; `role` names the process in leases and in PostgreSQL.

    Without `publishing` the folder's flows are not read, and what was published stays as it is.
    `texts` are the folder's, where they are read already. `pulse_s`: how long commits wait.

    Raises:
        Misconfigured: the folder, a secret or the schema is not right.
    """
    database = await Database.connect(
        dsn, size_max=pool, name=f"tillbridge {role}", pulse_s=pulse_s
    )
    try:
        await check_schema(database)
        secrets, keyrings = await _sealed(site, database, clock)
        holder = f"{role} {socket.gethostname()} {os.getpid()}"
        budgets = Budgets(database, holder)
        configured = site.configured()
        connections = Connections.open(
            configured, secrets, clock, site.factor, budgets.open, keyring=keyrings.open
        )
        alerting = _alerting(site, connections)
        hide(secret.value for secret in secrets.used())
        texts = texts or (read_texts(site, connections) if publishing else Texts())
        async with database.transaction() as tx:
            for flow in texts.flows:
                await publish(tx, flow, at=clock(), by=role)
        gates = Gates(database, _breaker(site.factor), budgets)
        await gates.ensure([connection.name for connection in connections.all()])
    except BaseException:
        await database.close()
        raise
    return House(
        database=database,
        connections=connections,
        gates=gates,
        catalogue=Catalogue(texts.flows, _loader(database, shapes(connections, site.folder))),
        clock=clock,
        holder=holder,
        factor=site.factor,
        pace=Pace().divided(site.factor),
        patience=_patience(site.factor),
        folder=site.folder,
        authorizations=texts.authorizations,
        alerting=alerting,
        policies=read_error_policies(_text_of(site)).divided(site.factor),
        retention=site.retention(),
        keyrings=keyrings,
        watch=Watch(tracer=_tracer(role, os.environ)),
    )


async def _sealed(site: Site, database: Database, clock: Clock) -> tuple[Secrets, Keyrings]:
    """What is kept under the site's seal. Raises Misconfigured for another one."""
    seal = open_seal(site.own, os.environ)
    keyrings = Keyrings(database, seal, clock, site.factor)
    await keyrings.read()
    return await Secrets.load(database, seal, os.environ), keyrings


async def close_house(house: House) -> None:
    """Waits for calls in flight, then closes sockets and the pool."""
    await checkout.settle_open_checkouts(house)
    await house.connections.close()
    await house.gates.close()
    await house.database.close()
    await asyncio.to_thread(house.watch.close)


def shapes(connections: Connections, folder: Path) -> dict[str, ConnectionShapes]:
    """What each connection writes and reads, by connection, as far as its snapshot in the folder
    tells more than its connector. Raises Misconfigured for a snapshot that cannot be read."""
    declared = {
        item.name: shapes_of(item.configured.connector.name, item.session)
        for item in connections.all()
    }
    return with_snapshots(declared, read_snapshots(folder))


def read_folder(site: Site, connections: Connections) -> Folder:
    """The folder's flows, mappings and lookups, with all that is wrong in them."""
    return load_folder(site.folder, shapes(connections, site.folder))


@dataclass(frozen=True, slots=True)
class Texts:
    """What runs of a folder: its flows and the built-in ones, and by shop the mapping of its
    checkouts' authorizations."""

    flows: Sequence[Flow] = ()
    authorizations: Mapping[str, Filler] = field(default_factory=dict)


def read_texts(site: Site, connections: Connections) -> Texts:
    """The folder's texts, ready to run.

    Raises:
        Misconfigured: the first thing that is wrong, with file, line and field.
    """
    folder = read_folder(site, connections)
    payments = [item.name for item in connections.all() if "reversal" in item.writes]
    built_in = assemble(builtin_files(payments), (), (), shapes(connections, site.folder))
    for problem in (*folder.problems, *built_in.problems):
        raise problem
    flows = [*folder.flows.values(), *built_in.flows.values()]
    return Texts(flows, dict(authorizing(folder.library, connections)))


def authorizing(library: Library, connections: Connections) -> Iterator[tuple[str, Filler]]:
    """By shop, the mapping of its checkouts' authorizations, where its connection names one.

    Raises:
        Misconfigured: there is no such mapping, it fills another document, or it is wrong.
    """
    for item in connections.all():
        if item.configured.authorizes_with:
            yield item.name, _authorizing(library, item.configured)


def _authorizing(library: Library, shop: Configured) -> Filler:
    mapping = library.mapping(shop.authorizes_with, shop.place)
    paying = library.connection(shop.pays_through, shop.place)
    if (mapping.connector, mapping.document) != (paying.connector, AUTHORIZATION):
        raise Misconfigured(
            f"The mapping {mapping.name!r} fills {mapping.connector}/{mapping.document}.",
            reason="wrong_target",
            place=shop.place,
            next_step=f"{shop.name} needs one for {paying.connector}/{AUTHORIZATION}.",
        )
    target = library.target(mapping)
    return prepare_mapping(mapping, target, library.lookups, rates=library.rates)


def _loader(database: Database, known: Mapping[str, ConnectionShapes]) -> LoadFlow:
    """Reads published versions with today's connections."""

    async def load(name: str, version: str) -> Flow:
        async with database.connection() as connection:
            bundle = await load_version(connection, name, version)
        return read_bundle(bundle, known)

    return load


def worker(house: House, *, turns_by_target: int = 100) -> Worker:
    """A worker over a house."""
    return Worker(
        house,
        {name: watched(journey) for name, journey in JOURNEYS.items()},
        turns_by_target=turns_by_target,
        sweep_s=1.0 / house.factor,
        chores={
            "gates": (max(1.0 / house.factor, GATES_EVERY_MIN_S), keep_gates),
            "alerts": (house.alerting.every_s, look_for_alerts),
            "mended": (LOOK_S / house.factor, resolve_mended),
            "reviews": (min(house.pace.review_poll_s, 10.0 / house.factor), poll_reviews),
            "settlements": (max(60.0 / house.factor, SETTLEMENTS_EVERY_MIN_S), fetch_settlements),
            "pulls": (max(5.0 / house.factor, PULLS_EVERY_MIN_S), pull_payments),
            "adoptions": (max(2.0 / house.factor, PULLS_EVERY_MIN_S), adopt_payments),
            "parts": (max(10.0 / house.factor, PULLS_EVERY_MIN_S), lapse_parts),
            "webhooks": (max(10.0 / house.factor, PULLS_EVERY_MIN_S), watch_webhooks),
            "history": (KEEP_EVERY_S, keep_history),
            "watchdog": (min(house.alerting.watchdog_every_s, 5.0), watch_flows),
            "traces": (3600.0, forget_traces),
            "authentications": (3600.0, forget_authentications),
            "schedules": (1.0 / house.factor, fire_schedules),
            "windows": (1.0 / house.factor, close_windows),
            "changes": (1.0 / house.factor, poll_changes),
            "files": (1.0 / house.factor, Drops().take),
        },
    )


def shop_of(house: House) -> str:
    """The shop whose checkouts need not name it: the only one that pays through something."""
    shops = [item.name for item in house.connections.all() if item.configured.pays_through]
    return shops[0] if len(shops) == 1 else ""


def _text_of(site: Site) -> str:
    return (site.folder / FILE).read_text(encoding="utf-8")


def _alerting(site: Site, connections: Connections) -> Alerting:
    text = _text_of(site)
    configured = {item.name: item.configured for item in connections.all()}
    alerting = read_alerting(text, configured).divided(site.factor)
    for name in alerting.tell:
        connections[name].write(NOTIFICATION)  # raises where a connection tells nobody anything
    return alerting


def _tracer(role: str, environment: Mapping[str, str]) -> Tracer | None:
    """Traces of the processes that run for long, where a collector is named."""
    collector = environment.get(TRACES, "")
    if not collector or role not in TRACED:
        return None
    try:
        opened: Tracer = importlib.import_module(OTLP).open_tracer(collector, role)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"{TRACES} is set, and {error.name} is not installed.",
            reason="no_traces",
            next_step="Install it: pip install tillbridge[traces], or unset the variable.",
        ) from error
    return opened


def _breaker(factor: float) -> Breaker:
    whole = Breaker()
    return Breaker(
        failures_max=whole.failures_max,
        closed_s=whole.closed_s / factor,
        closed_max_s=whole.closed_max_s / factor,
        seen_s=whole.seen_s / factor,
    )


def _patience(factor: float) -> Patience:
    whole = Patience()
    return Patience(
        send_window_s=max(whole.send_window_s / factor, SEND_WINDOW_MIN_S),
        margin_s=whole.margin_s / factor,
        desk_s=whole.desk_s / factor,
    )
