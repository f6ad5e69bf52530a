"""`tillbridge api`: the doors and the desk over HTTP."""

import asyncio
import contextlib
import math
import signal
import socket
from types import FrameType

import click
import uvicorn
import uvloop
from uvicorn.importer import import_from_string

from tillbridge.canonical.errors import Misconfigured
from tillbridge.cli.logs import write_logs
from tillbridge.cli.memory import settle_memory
from tillbridge.cli.printing import say
from tillbridge.cli.stopping import SIGNALS, stop_within_option, supervisor_gone
from tillbridge.cli.surroundings import Surroundings, pass_surroundings

APPLICATION = "tillbridge.api.app:create_app"
"""Named as servers name applications: surfaces do not import one another."""
BACKLOG = 2048


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for every network.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 for any that is free.",
)
@stop_within_option
@pass_surroundings
def api(surroundings: Surroundings, host: str, port: int, stop_within: float) -> None:
    """Serve deliveries, checkouts and operators until asked to stop (SIGINT or SIGTERM).

    Calls in flight are read to their end within the stated time; a checkout that was cut off is
    unknown, and a worker looks into it.
    """
    write_logs("api")
    surroundings.expect_folder()
    with (
        contextlib.closing(_listen(host, port)) as listening,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(surroundings, listening, stop_within))


async def _serve(surroundings: Surroundings, listening: socket.socket, stop_s: float) -> None:
    early = _Early()
    async with surroundings.address() as dsn:
        app = import_from_string(APPLICATION)(surroundings.site, dsn)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http="httptools",
                lifespan="off",
                access_log=False,  # an address may hold what no log may hold
                log_config=None,
                server_header=False,
                proxy_headers=False,  # nothing here depends on who asks, or by which address
                timeout_graceful_shutdown=math.ceil(stop_s),
            )
        )
        async with app.router.lifespan_context(app):
            host, port = listening.getsockname()[:2]
            say(f"Listening on http://{host}:{port}; what there is: http://{host}:{port}/docs")
            settle_memory()
            early.tell(server)
            watch = asyncio.create_task(_leave_with_supervisor(server))
            await server.serve(sockets=[listening])
            watch.cancel()


async def _leave_with_supervisor(server: uvicorn.Server) -> None:
    await supervisor_gone()
    server.should_exit = True


class _Early:
    """Notes signals outside of `serve`: before it, where they must not be lost, and after it,
    where the server raises them once more and they must not cut off the closing."""

    def __init__(self) -> None:
        self._asked = False
        self._server: uvicorn.Server | None = None
        for number in SIGNALS:
            signal.signal(number, self._note)

    def tell(self, server: uvicorn.Server) -> None:
        """The server hears of what was noted, and of what comes before it listens itself."""
        self._server = server
        server.should_exit = self._asked

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if self._server is not None:
            self._server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Misconfigured when the address is taken or not ours."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=BACKLOG)
    except OSError as error:
        raise Misconfigured(
            f"Nothing can listen on {host}:{port}: {error.strerror or error}.",
            reason="address_taken",
            next_step="Stop what listens there, or choose another with --host and --port.",
        ) from error
