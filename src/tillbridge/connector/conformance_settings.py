"""Checks of what a person sees of a connector: its name, its settings, its errors, its check."""

import dataclasses
import re
import socket
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any, NoReturn

import pytest

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.abilities import ChecksConnection, Closes, Probes
from tillbridge.connector.conformance_bench import Harness, new_call, not_applicable, standing
from tillbridge.connector.connector import Opening
from tillbridge.connector.installed import GROUP
from tillbridge.connector.settings import Secret, declared, parse_settings

_PLACE = Place(file="tillbridge.yaml", line=1)
_SOUNDS_SECRET = re.compile(r"secret|password|passphrase|private|api_key|shared_key|token$")


async def the_name_is_fit_for_an_address(harness: Harness) -> None:
    """Lower-case letters, digits and hyphens; it begins with a letter."""
    assert re.fullmatch(r"[a-z][a-z0-9-]*", harness.connector.name)
    assert harness.connector.title.strip()


async def the_entry_point_leads_to_it(harness: Harness) -> None:
    """The installed package offers the connector under its own name."""
    found = entry_points(group=GROUP, name=harness.connector.name)
    if not found:
        not_applicable("the package is not installed")
    [point] = found
    assert point.load() is harness.connector


async def the_settings_reference_is_complete(harness: Harness) -> None:
    """Every setting has a title and an explanation; the settings are a frozen dataclass."""
    shape = harness.connector.settings
    assert dataclasses.is_dataclass(shape)
    assert shape.__dataclass_params__.frozen, "settings are frozen"  # type: ignore[attr-defined]  # typeshed omits it
    for item in declared(shape):
        assert item.about.title and item.about.title != item.name, f"{item.name} has no title"
        assert item.about.explanation, f"{item.name} has no explanation"


async def what_sounds_secret_is_a_secret(harness: Harness) -> None:
    """A password in a plain text setting would be shown."""
    for item in declared(harness.connector.settings):
        if _SOUNDS_SECRET.search(item.name) and item.type not in ("bool", "int", "choice"):
            assert item.secret, f"{item.name} is not a Secret"


async def good_settings_are_read(harness: Harness) -> None:
    """The harness's own settings parse, and every required one is among them."""
    _parsed(harness)


async def a_missing_setting_is_named(harness: Harness) -> None:
    """Leaving out any required setting is Misconfigured, and the message names it."""
    for item in declared(harness.connector.settings):
        if item.required:
            given = {name: value for name, value in harness.settings.items() if name != item.name}
            with pytest.raises(Misconfigured, match=item.name):
                parse_settings(harness.connector.settings, given, _PLACE)


async def secrets_are_never_shown(harness: Harness) -> None:
    """Not in repr or str of the settings and the session, nor in errors about settings."""
    if not harness.secrets:
        not_applicable("the settings hold no secret")
    settings = _parsed(harness)
    async with harness.open() as bench:
        shown = [repr(settings), str(settings), repr(bench.session), str(bench.session)]
    with pytest.raises(Misconfigured) as caught:
        parse_settings(
            harness.connector.settings, {**harness.settings, "no such setting": 1}, _PLACE
        )
    shown.append(str(caught.value))
    for item in declared(harness.connector.settings):
        if item.secret:
            assert isinstance(getattr(settings, item.name), Secret)
    for secret in harness.secrets:
        assert not any(secret in text for text in shown), "a secret is shown"


async def opening_makes_no_call(harness: Harness) -> None:
    """A session opens and closes while the other side is away; so does the program."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _no_network)
        session = harness.connector.open(_parsed(harness), Opening("conformance", _now))
        if isinstance(session, Closes):
            await session.close()


async def the_connection_check_passes(harness: Harness) -> None:
    """With good settings every line of `tillbridge check` passes."""
    async with harness.open() as bench:
        if not isinstance(bench.session, ChecksConnection):
            not_applicable("the connector does not check its connection")
        lines = await bench.session.check(new_call("", harness.answer_s))
    failed = [line for line in lines if not line.passed]
    assert lines, "a check says something"
    assert not failed, f"failed with good settings: {failed}"


async def the_probe_is_harmless(harness: Harness) -> None:
    """A probe passes, and nothing was written by it."""
    async with harness.open() as bench:
        if not isinstance(bench.session, Probes):
            not_applicable("the connector has no probe")
        before = await standing(harness, bench)
        await bench.session.probe(new_call("", harness.answer_s))
        assert await standing(harness, bench) == before


CHECKS = (
    the_name_is_fit_for_an_address,
    the_entry_point_leads_to_it,
    the_settings_reference_is_complete,
    what_sounds_secret_is_a_secret,
    good_settings_are_read,
    a_missing_setting_is_named,
    secrets_are_never_shown,
    opening_makes_no_call,
    the_connection_check_passes,
    the_probe_is_harmless,
)


def _parsed(harness: Harness) -> Any:  # each connector has its own settings type
    return parse_settings(harness.connector.settings, harness.settings, _PLACE)


def _now() -> datetime:
    return datetime.now(UTC)


def _no_network(*_: object) -> NoReturn:
    raise AssertionError("a connection was opened")
