import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database import identity
from tillbridge.database.cluster import Cluster, program
from tillbridge.database.embedded import EmbeddedPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="identities are changed by root only")
in_the_open = pytest.mark.skipif(
    any(not parent.stat().st_mode & 0o001 for parent in program("postgres").resolve().parents),
    reason="this installation stands in a folder that is closed to other users",
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder other users may enter (pytest's own are closed to them)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose seccomp rules forbid user namespaces."""
    monkeypatch.setattr(identity, "user_namespace", lambda: iter(()))


@as_root
def test_root_runs_it_in_a_namespace_under_a_closed_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = identity.identity_for(tmp_path, program("postgres"))
    assert found.prefix
    assert found.uid == 0


@as_root
@in_the_open
@pytest.mark.usefixtures("no_namespaces")
async def test_without_namespaces_another_user_owns_the_cluster(open_folder: Path) -> None:
    async with EmbeddedPostgres(open_folder) as postgres:
        connection = await asyncpg.connect(postgres.dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    assert Cluster(open_folder).files.stat().st_uid != 0


@as_root
@in_the_open
async def test_a_cluster_moves_from_one_identity_to_the_other(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedPostgres(open_folder):
        pass
    with monkeypatch.context() as forbidden:
        forbidden.setattr(identity, "user_namespace", lambda: iter(()))
        async with EmbeddedPostgres(open_folder):
            pass
    async with EmbeddedPostgres(open_folder) as postgres:
        assert postgres.dsn
    assert Cluster(open_folder).files.stat().st_uid == 0


@as_root
@pytest.mark.usefixtures("no_namespaces")
def test_a_folder_nobody_else_can_enter_is_said_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(Misconfigured, match="no other identity can enter"):
        identity.identity_for(tmp_path, program("postgres"))


def test_an_ordinary_user_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert identity.identity_for(tmp_path, program("postgres")).prefix == ()
