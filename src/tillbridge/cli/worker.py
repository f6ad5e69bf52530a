"""`tillbridge worker`: one process's share of the work; as many as you like, on any machine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import click
import uvloop

from tillbridge.assembly import WORKER_POOL, close_house, open_house
from tillbridge.assembly import worker as worker_over
from tillbridge.cli.listener import metrics_at
from tillbridge.cli.logs import write_logs
from tillbridge.cli.memory import settle_memory
from tillbridge.cli.printing import complain, say
from tillbridge.cli.stopping import Stopping, stop_within_option
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.database.database import BROKEN
from tillbridge.journeys.house import House
from tillbridge.journeys.standing import figures
from tillbridge.runtime.worker import Worker

CLOSE_S = 5.0
PULSE_S = 0.03
"""Nobody waits for a worker's commits as a shopper does for his: more of them go together."""


@click.command()
@click.option(
    "--turns",
    type=click.IntRange(1, 500),
    default=100,
    show_default=True,
    help="Lanes at a time of each target.",
)
@stop_within_option
@click.option(
    "--metrics",
    type=click.IntRange(0, 65535),
    default=None,
    help="Answer GET /metrics at this port, for Prometheus; 0 for any that is free.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    help="Where: it asks for no token, so leave it to this machine or a network of your own.",
)
@pass_surroundings
def worker(
    surroundings: Surroundings,
    turns: int,
    stop_within: float,
    metrics: int | None,
    metrics_host: str,
) -> None:
    """Work through what is due until asked to stop (SIGINT or SIGTERM).

    Asked to stop, it takes no more work, and what is in progress gets the stated time. What has not
    ended by then is handed back: any other worker takes it at once, and looks into a call that was
    cut off before anything is sent again. Asked twice, it hands back at once.
    """
    write_logs("worker")
    surroundings.expect_folder()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(surroundings, turns, stop_within, metrics, metrics_host))


async def _work(
    surroundings: Surroundings, turns: int, stop_s: float, metrics: int | None, host: str
) -> None:
    stopping = Stopping()
    stopping.listen()
    async with surroundings.address() as dsn:
        house = await open_house(
            surroundings.site, dsn, role="worker", pool=WORKER_POOL, pulse_s=PULSE_S
        )
        try:
            settle_memory()
            async with _measured(house, metrics, host):
                say(f"Working, {turns} lanes at a time.")
                await _run(house, dsn, turns, stop_s, stopping)
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(close_house(house), CLOSE_S)


@contextlib.asynccontextmanager
async def _measured(house: House, port: int | None, host: str) -> AsyncIterator[None]:
    if port is None:
        yield
        return
    async with metrics_at(host, port, lambda: figures(house)) as listening:
        say(f"Figures at http://{host}:{listening}/metrics")
        yield


async def _run(house: House, dsn: str, turns: int, stop_s: float, stopping: Stopping) -> None:
    own = worker_over(house, turns_by_target=turns)
    running = asyncio.create_task(own.run(dsn))
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if running.done():
        return running.result()
    say(f"Stopping: turns in progress get {stop_s:g} s.")
    own.stop()
    urged = asyncio.create_task(stopping.urged.wait())
    await asyncio.wait({running, urged}, timeout=stop_s, return_when=asyncio.FIRST_COMPLETED)
    urged.cancel()
    if running.done():
        return running.result()
    await _hand_back(own)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return None


async def _hand_back(own: Worker) -> None:
    try:
        count = await own.hand_back()
    except BROKEN as error:
        complain(f"Turns were cut off; their leases end by themselves: {error}")
    else:
        complain(f"{count} turns were cut off and handed back; other workers take them at once.")
