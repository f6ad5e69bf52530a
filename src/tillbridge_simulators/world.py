"""The whole outside world in one process.

    python -m tillbridge_simulators.world settings.json

The settings are a JSON object (a file's name, the text itself, or nothing for all defaults):

    {"factor": 60, "seed": 7, "log_folder": "logs",
     "cybersource": {"port": 0, "tls": true, "options": {"search_lag_s": 30},
                     "subscription": {"url": "http://127.0.0.1:8080/doors/cybersource"}},
     "dynamics365": {"port": 0, "on_hold": true},
     "sagepro": {"port": 0, "control_port": 0},
     "shop": {"port": 0, "api_url": "http://127.0.0.1:8080", "secret": "...",
              "options": {"connection": "webshop", "currencies": ["USD"]}}}

With `systems` named, only these run: {"systems": ["cybersource"]}. When all are ready one line of
JSON goes to standard output: by system its `url` (where its control routes answer under
/_simulator/) and what else a connection needs. SIGTERM or SIGINT ends it; with {"tethered": true}
so does the end of standard input, that is of whoever started it.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from tillbridge_simulators.cybersource import CybersourceSimulator, Subscription
from tillbridge_simulators.cybersource import Options as CybersourceOptions
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults
from tillbridge_simulators.sagepro import SageProSimulator
from tillbridge_simulators.shop import Options as ShopOptions
from tillbridge_simulators.shop import ShopSimulator

T = TypeVar("T")
Section: TypeAlias = Mapping[str, Any]  # JSON

SYSTEMS = ("cybersource", "dynamics365", "sagepro", "shop")
SHOP_SECRET = "the shop simulator's signing secret"  # noqa: S105 (made up; it opens a simulator)
NOWHERE = "http://127.0.0.1:1"
"""Where the shop sends until it is told an address: nothing ever listens there."""


class Stops(Protocol):
    """A simulator that was started."""

    async def stop(self) -> None: ...


class World:
    """The simulators that the settings name; `addresses` are known after `start`.

    Attributes:
        cybersource, dynamics365, sagepro, shop: None where a system is not named.
    """

    def __init__(self, settings: Section) -> None:
        """Raises ValueError for a setting that does not exist."""
        known = {"factor", "seed", "log_folder", "systems", "tethered", *SYSTEMS}
        _only(settings, known, "the settings")
        systems = settings.get("systems", SYSTEMS)
        _only(dict.fromkeys(systems), set(SYSTEMS), "systems")
        self.factor = float(settings.get("factor", 1))
        self.seed = int(settings.get("seed", 1))
        folder = settings.get("log_folder")
        self._log_folder = Path(folder) if folder else None
        self._sections = {name: dict(settings.get(name, {})) for name in systems}
        self._running = contextlib.AsyncExitStack()
        self.cybersource: CybersourceSimulator | None = None
        self.dynamics365: DataverseSimulator | None = None
        self.sagepro: SageProSimulator | None = None
        self.shop: ShopSimulator | None = None

    async def start(self) -> None:
        """Starts every system named; when one cannot start, the others are stopped again."""
        starts = {
            "cybersource": self._start_cybersource,
            "dynamics365": self._start_dynamics365,
            "sagepro": self._start_sagepro,
            "shop": self._start_shop,
        }
        if self._log_folder is not None:
            self._log_folder.mkdir(parents=True, exist_ok=True)
        try:
            for name in SYSTEMS:
                if name in self._sections:
                    await starts[name](self._sections[name])
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops what runs, the shop first."""
        await self._running.aclose()

    def addresses(self) -> dict[str, dict[str, Any]]:
        """By system, what a connection to it needs."""
        found: dict[str, dict[str, Any]] = {}
        if self.cybersource is not None:
            found["cybersource"] = _cybersource_address(self.cybersource)
        if self.dynamics365 is not None:
            found["dynamics365"] = {"url": self.dynamics365.url}
        if self.sagepro is not None:
            sagepro = self.sagepro
            found["sagepro"] = {"url": sagepro.url, "host": sagepro.host, "port": sagepro.port}
        if self.shop is not None:
            found["shop"] = {"url": self.shop.url, "status_url": self.shop.status_url}
        return found

    async def _start_cybersource(self, section: dict[str, Any]) -> None:
        _only(section, {"port", "tls", "options", "subscription"}, "cybersource")
        subscription = section.get("subscription")
        self.cybersource = CybersourceSimulator(
            _filled(CybersourceOptions, section.get("options", {})),
            subscription=_subscription(subscription) if subscription else None,
            faults=Faults(self.seed),
            log=EffectLog(self._log_path("cybersource")),
            factor=self.factor,
            seed=self.seed,
            tls=bool(section.get("tls", False)),
        )
        await self.cybersource.start(int(section.get("port", 0)))
        self._will_stop(self.cybersource)

    async def _start_dynamics365(self, section: dict[str, Any]) -> None:
        self.dynamics365 = DataverseSimulator(
            **section,
            factor=self.factor,
            seed_of_faults=self.seed,
            log_path=self._log_path("dynamics365"),
        )
        await self.dynamics365.start()
        self._will_stop(self.dynamics365)

    async def _start_sagepro(self, section: dict[str, Any]) -> None:
        self.sagepro = SageProSimulator(
            **section, factor=self.factor, seed=self.seed, log_path=self._log_path("sagepro")
        )
        await self.sagepro.start()
        self._will_stop(self.sagepro)

    async def _start_shop(self, section: dict[str, Any]) -> None:
        _only(section, {"port", "api_url", "secret", "options"}, "shop")
        common = {"seed": self.seed, "factor": self.factor}
        self.shop = ShopSimulator(
            str(section.get("api_url", NOWHERE)),
            str(section.get("secret", SHOP_SECRET)),
            self._mint,
            options=_filled(ShopOptions, common | section.get("options", {})),
            faults=Faults(self.seed),
            log=EffectLog(self._log_path("shop")),
            port=int(section.get("port", 0)),
        )
        await self.shop.start()
        self._will_stop(self.shop)

    async def _mint(self, outcome: str) -> dict[str, str]:
        """The token of the card a shopper uses; without a Cybersource it is good for nothing."""
        value = self.cybersource.mint_token(outcome) if self.cybersource else f"token-{outcome}"
        return {"kind": "transient", "value": value}

    def _will_stop(self, simulator: Stops) -> None:
        self._running.push_async_callback(simulator.stop)

    def _log_path(self, name: str) -> Path | None:
        return self._log_folder / f"{name}.jsonl" if self._log_folder else None


async def run(settings: Section) -> None:
    """Runs the world until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    world = World(settings)
    await world.start()
    try:
        sys.stdout.write(json.dumps(world.addresses()) + "\n")
        sys.stdout.flush()
        if settings.get("tethered"):
            await _end_with_input(ended)
        await ended.wait()
    finally:
        await world.stop()


async def _end_with_input(ended: asyncio.Event) -> None:
    class Input(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:
            ended.set()

    await asyncio.get_running_loop().connect_read_pipe(Input, sys.stdin)


def read_settings(argument: str) -> Section:
    """Settings from a file's name or from JSON text. Raises ValueError when they are neither."""
    text = argument if argument.lstrip().startswith("{") else Path(argument).read_text("utf-8")
    settings = json.loads(text)
    if not isinstance(settings, dict):
        raise ValueError("The world's settings are a JSON object.")  # noqa: TRY004 (the text is at fault)
    return settings


def main() -> None:
    """The command line: one optional argument."""
    settings = read_settings(sys.argv[1]) if len(sys.argv) > 1 else {}
    asyncio.run(run(settings))


def _cybersource_address(simulator: CybersourceSimulator) -> dict[str, Any]:
    options = simulator.options
    address = {
        "url": simulator.url,
        "merchant_id": options.merchant_id,
        "key_id": options.key_id,
        "secret_key": options.secret_key,
    }
    if simulator.url.startswith("https:"):
        address["authority"] = str(simulator.authority_path)
    return address


def _subscription(section: Section) -> Subscription:
    values = dict(section)
    if isinstance(values.get("certificate_key"), str):
        values["certificate_key"] = values["certificate_key"].encode()
    return _filled(Subscription, values)


def _filled(shape: type[T], values: Section) -> T:
    names = {field.name for field in fields(shape)}  # type: ignore[arg-type]  # both are dataclasses
    _only(values, names, shape.__module__)
    return shape(**values)


def _only(given: Section, known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"In {where}: unknown {unknown}; known are {sorted(known)}.")


if __name__ == "__main__":
    main()
