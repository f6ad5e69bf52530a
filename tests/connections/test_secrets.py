"""Secrets by name: set and used, never read back."""

from pathlib import Path

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.sealing import Seal, open_seal
from tillbridge.connections.secrets import Secrets, drop_secret, known_secrets, set_secret
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database

VALUE = "sk-live-0123456789"


def seal_of(folder: Path) -> Seal:
    return open_seal(folder, {})


async def put(database: Database, seal: Seal, name: str = "dynamics", value: str = VALUE) -> None:
    async with database.transaction() as tx:
        await set_secret(tx, seal, name, Secret(value), "ada")


async def test_a_secret_that_was_set_can_be_used(database: Database, tmp_path: Path) -> None:
    seal = seal_of(tmp_path)
    await put(database, seal)

    secrets = await Secrets.load(database, seal, {})

    assert secrets("dynamics").value == VALUE


@pytest.mark.complaint("I38")
async def test_the_database_does_not_hold_it_in_the_clear(
    database: Database, tmp_path: Path
) -> None:
    await put(database, seal_of(tmp_path))

    rows = await database.fetch("SELECT sealed_secrets::text AS row FROM sealed_secrets")

    assert rows
    assert not [row for row in rows if VALUE in row["row"]]


async def test_setting_it_again_replaces_it(database: Database, tmp_path: Path) -> None:
    seal = seal_of(tmp_path)
    await put(database, seal)
    await put(database, seal, value="another")

    assert (await Secrets.load(database, seal, {}))("dynamics").value == "another"
    assert [known.name for known in await known_secrets(database)] == ["dynamics"]


async def test_people_see_names_and_who_set_them_only(database: Database, tmp_path: Path) -> None:
    await put(database, seal_of(tmp_path))

    (known,) = await known_secrets(database)

    assert (known.name, known.set_by) == ("dynamics", "ada")
    assert VALUE not in repr(known)


async def test_a_dropped_secret_is_gone(database: Database, tmp_path: Path) -> None:
    seal = seal_of(tmp_path)
    await put(database, seal)

    async with database.transaction() as tx:
        assert await drop_secret(tx, "dynamics")
        assert not await drop_secret(tx, "dynamics")

    with pytest.raises(Misconfigured, match="is not set"):
        (await Secrets.load(database, seal, {}))("dynamics")


async def test_the_environment_goes_first(database: Database, tmp_path: Path) -> None:
    seal = seal_of(tmp_path)
    await put(database, seal, "web-shop")
    environment = {"TILLBRIDGE_SECRET_WEB_SHOP": "from outside"}

    secrets = await Secrets.load(database, seal, environment)

    assert secrets("web-shop").value == "from outside"


async def test_a_missing_secret_says_how_to_set_it() -> None:
    with pytest.raises(Misconfigured) as missing:
        Secrets({}, {})("cybersource")

    assert missing.value.next_step == "Run: tillbridge secrets set cybersource"


async def test_another_key_reads_nothing_and_shows_nothing(
    database: Database, tmp_path: Path
) -> None:
    await put(database, seal_of(tmp_path / "one"))

    with pytest.raises(Misconfigured) as wrong:
        await Secrets.load(database, seal_of(tmp_path / "two"), {})

    assert wrong.value.reason == "wrong_seal"
    assert VALUE not in str(wrong.value)


@pytest.mark.complaint("I34b")
def test_a_secret_is_dots_wherever_it_is_shown() -> None:
    secrets = Secrets({"dynamics": Secret(VALUE)}, {})

    shown = f"{secrets('dynamics')!r} {secrets('dynamics')} {vars(secrets)}"

    assert VALUE not in shown


def test_what_was_answered_is_known_to_those_who_keep_it_out_of_log_lines() -> None:
    secrets = Secrets({"dynamics": Secret(VALUE), "unused": Secret("another")}, {})
    secrets("dynamics")
    assert [secret.value for secret in secrets.used()] == [VALUE]
