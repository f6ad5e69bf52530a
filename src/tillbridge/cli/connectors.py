"""`tillbridge connectors`: what can be connected, and what each wants to know."""

import click

from tillbridge.canonical.errors import Rejected
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import DeclaredSetting, declared

TYPES = {"str": "text", "int": "whole number", "decimal": "number", "bool": "yes or no"}


@click.group(cls=Commands, default="list")
def connectors() -> None:
    """See the installed connectors and their settings."""


@connectors.command("list")
def list_connectors() -> None:
    """List the installed connectors."""
    found = installed_connectors()
    table(("connector", "speaks to"), [(item.name, item.title) for item in found.values()])
    next_step("What one wants to know: tillbridge connectors show CONNECTOR")


@connectors.command("show")
@click.argument("name", metavar="CONNECTOR")
def show_connector(name: str) -> None:
    """Show the settings of one: its reference page."""
    found = installed_connectors()
    if name not in found:
        raise Rejected(
            f"There is no connector {name!r}.",
            reason="unknown_connector",
            next_step=f"Installed: {', '.join(found)}.",
        )
    settings = declared(found[name].settings)
    say(f"{found[name].title}. Its settings in tillbridge.yaml:")
    for item in settings:
        heading(f"{item.name} ({_kind(item)})")
        say(f"{item.about.title}.", item.about.explanation)
        if item.about.unverified:
            say("Not settled by the vendor's documents: verify it with your own account.")
    if any(item.secret for item in settings):
        next_step("A secret setting holds a name; its value: tillbridge secrets set NAME")


def _kind(item: DeclaredSetting) -> str:
    kind = " | ".join(item.options) if item.options else TYPES.get(item.type, item.type)
    if item.required:
        return f"{kind}, required"
    return f"{kind}, default {item.default}" if item.default else f"{kind}, optional"
