"""`tillbridge sandbox`: the simulated Cybersource alone, and what can be made to happen on it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any

import click

SERVER = "tillbridge_simulators.cybersource.sandbox"
"""Named, not imported: a simulator is no part of the product's own code."""
PORT = 8651
TIMEOUT_S = 10


@click.group(invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--tls", is_flag=True, help="With a certificate of its own.")
@click.option(
    "--tls-folder",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Keep the certificate's authority here, so that clients trust it once; means --tls.",
)
@click.option(
    "--merchant-id", default="", help="Whom a client says it is; tillbridge_test if not given."
)
@click.option("--key-id", default="", help="Of the shared secret that a client signs with.")
@click.option(
    "--secret-key", default="", help="That secret, in base64; of tests, never a real one."
)
@click.option(
    "--p12",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A file with the certificate that a client signs with.",
)
@click.option("--p12-password", default="", help="Of that file; the merchant id if not given.")
@click.option("--host", "hosts", multiple=True, help="A further name that clients call it by.")
@click.option(
    "--refunds-beyond",
    is_flag=True,
    help="Let more be refunded than was captured, as Cybersource's test host does.",
)
@click.option(
    "--batch-every",
    type=click.FloatRange(min=1),
    default=None,
    metavar="SECONDS",
    help="Close the batch that often; only `trigger batch` closes it if not given.",
)
@click.pass_context
def sandbox(
    ctx: click.Context, /, port: int, tls: bool, batch_every: float | None, **given: Any
) -> None:
    """Serve a Cybersource account that moves no money, until Ctrl-C.

    Its page says how to point the official client of each language at it.
    """
    if ctx.invoked_subcommand is not None:
        return
    server = import_module(SERVER)
    tls = tls or given["tls_folder"] is not None
    try:
        wanted = server.Wanted(tls=tls, batch_every_s=batch_every, **given)
        server.serve(port, wanted, click.echo)
    except ValueError as wrong:
        raise click.ClickException(
            f"These keys cannot be used ({wrong}). --secret-key is base64, --p12 a file whose"
            " password is --p12-password and that holds a certificate of --merchant-id."
        ) from None
    except OSError as taken:
        raise click.ClickException(
            f"Port {port} cannot be listened on ({taken.strerror}). Name another with --port."
        ) from None


@sandbox.command()
@click.argument("name")
@click.option("--payment", help="A payment's id.")
@click.option("--authentication", help="A payer authentication's id.")
@click.option("--invoice", help="An invoice's number.")
@click.option("--link", help="A payment link's number.")
@click.option("--amount", help="How much, such as 12.50; everything if not given.")
@click.option("--outcome", help="How the payment ends, such as processor_declined.")
@click.option(
    "--url", default=f"http://127.0.0.1:{PORT}", show_default=True, help="Where the sandbox is."
)
def trigger(name: str, url: str, **given: Any) -> None:
    """Make something happen: chargeback, review.accept, batch, invoice.paid ...

    The sandbox's page lists them all.
    """
    query = urllib.parse.urlencode({key: value for key, value in given.items() if value})
    request = urllib.request.Request(  # noqa: S310 (the person names the address)
        f"{url}/_simulator/triggers/{urllib.parse.quote(name)}?{query}", method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 (as above)
            click.echo(json.load(answer)["said"])
    except urllib.error.HTTPError as refused:
        raise click.ClickException(json.load(refused)["wrong"]) from None
    except OSError as unreachable:
        reason = getattr(unreachable, "reason", unreachable)
        raise click.ClickException(
            f"No sandbox answers at {url} ({reason}). Start one: tillbridge sandbox"
        ) from None
