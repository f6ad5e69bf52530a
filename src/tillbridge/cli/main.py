"""The command `tillbridge`: one subcommand a noun."""

from pathlib import Path

import click

from tillbridge import VERSION
from tillbridge.assembly import Site
from tillbridge.cli.adopt import adopt, adoptions
from tillbridge.cli.alerts import alerts
from tillbridge.cli.api import api
from tillbridge.cli.approvals import approvals
from tillbridge.cli.archive import archive
from tillbridge.cli.audit import audit
from tillbridge.cli.backlog import backlog
from tillbridge.cli.certify import certify
from tillbridge.cli.check import check
from tillbridge.cli.connectors import connectors
from tillbridge.cli.dead_letters import dead_letters
from tillbridge.cli.demo import demo
from tillbridge.cli.errors import errors
from tillbridge.cli.explain import explain
from tillbridge.cli.failures import Commands
from tillbridge.cli.flows import flows
from tillbridge.cli.format import format_files
from tillbridge.cli.gates import gates
from tillbridge.cli.history import history
from tillbridge.cli.inbox import inbox
from tillbridge.cli.init import init
from tillbridge.cli.migrate import migrate
from tillbridge.cli.notices import notices
from tillbridge.cli.operators import operators
from tillbridge.cli.provision import provision
from tillbridge.cli.pulls import pulls
from tillbridge.cli.reports import reports
from tillbridge.cli.reviews import reviews
from tillbridge.cli.run import run
from tillbridge.cli.runs import runs
from tillbridge.cli.sandbox import sandbox
from tillbridge.cli.schema import schema
from tillbridge.cli.schemas import schemas
from tillbridge.cli.secrets import secrets
from tillbridge.cli.settlements import settlements
from tillbridge.cli.surroundings import Surroundings
from tillbridge.cli.template import template
from tillbridge.cli.test import test
from tillbridge.cli.trace import trace
from tillbridge.cli.unknowns import unknowns
from tillbridge.cli.up import up
from tillbridge.cli.webhooks import webhooks
from tillbridge.cli.worker import worker


@click.group(cls=Commands, context_settings={"max_content_width": 110})
@click.version_option(VERSION, prog_name="tillbridge")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="TILLBRIDGE_FOLDER",
    help="Your folder with tillbridge.yaml; the current one if not given.",
)
@click.option(
    "--environment",
    default="",
    envvar="TILLBRIDGE_ENVIRONMENT",
    help="Which values of tillbridge.yaml hold, such as qa; the one it names if not given.",
)
@click.option(
    "--database-url",
    default="",
    envvar="TILLBRIDGE_DATABASE_URL",
    help="A PostgreSQL server's address; the one that comes with the folder if not given.",
)
@click.option(
    "--factor",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    envvar="TILLBRIDGE_FACTOR",
    hidden=True,
    help="Every wait is divided by it (demo and campaigns).",
)
@click.pass_context
def main(
    ctx: click.Context, folder: Path, environment: str, database_url: str, factor: float
) -> None:
    """Carries money from the till to the books."""
    ctx.obj = Surroundings(Site(folder, environment, factor), database_url)


for command in (
    *(demo, init, template, check, format_files, schema, test, provision, up, webhooks),
    *(api, worker, migrate),
    *(flows, run, approvals, notices, alerts),
    *(runs, dead_letters, errors, reviews, unknowns, pulls, settlements, reports),
    *(history, archive, trace, explain),
    *(gates, backlog, inbox, adopt, adoptions),
    *(secrets, operators, audit, connectors, schemas, sandbox, certify),
):
    main.add_command(command)


if __name__ == "__main__":
    main()
