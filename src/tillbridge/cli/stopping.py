"""When a long-running command stops: a signal, or the end of the process that supervises it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

import click

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOP_WITHIN = "TILLBRIDGE_STOP_WITHIN"
STOP_S = 70.0
"""A call is read on for 60 s (journeys.house.Pace.read_on_s); then its answer is committed."""
TETHER = "TILLBRIDGE_TETHERED"
"""Set by `up`: standard input is a pipe that closes when `up` ends, however it ends."""

stop_within_option = click.option(
    "--stop-within",
    type=click.FloatRange(min=0),
    default=STOP_S,
    show_default=True,
    envvar=STOP_WITHIN,
    show_envvar=True,
    help="Seconds that what is in progress gets when it is asked to stop.",
)


class Stopping:
    """Whether this process was asked to stop, and how often."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.urged = asyncio.Event()

    def listen(self) -> None:
        """Takes over the signals; call it within the running loop."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Asks to stop; asking again urges."""
        if self.asked.is_set():
            self.urged.set()
        self.asked.set()

    async def wait(self) -> None:
        """Returns when this process is to stop."""
        waits = {asyncio.create_task(self.asked.wait()), asyncio.create_task(supervisor_gone())}
        _, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        self.asked.set()


async def supervisor_gone(environment: Mapping[str, str] = os.environ) -> None:
    """Returns when the supervising process has ended; never where there is none."""
    if environment.get(TETHER) != "1":
        await asyncio.Event().wait()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
