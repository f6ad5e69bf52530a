import re
from pathlib import Path

import asyncpg
import pytest

import tillbridge
from tillbridge.database.statements import load_statements

ROOMS = Path(tillbridge.__file__).parent
FILES = sorted(file for file in ROOMS.rglob("*.sql") if file.parent.name != "migrations")


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
async def test_every_statement_fits_the_schema(dsn: str, file: Path) -> None:
    """PostgreSQL prepares each one: a wrong table, column or type is found without running it."""
    package = ".".join(("tillbridge", *file.parent.relative_to(ROOMS).parts))
    connection = await asyncpg.connect(dsn)
    misfits = {}
    for name, statement in load_statements(package, file.name).items():
        try:
            await connection.prepare(statement)
        except asyncpg.PostgresError as error:
            misfits[name] = str(error)
    await connection.close()
    assert not misfits


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_statement_is_used(file: Path) -> None:
    code = "\n".join(source.read_text() for source in file.parent.glob("*.py"))
    names = re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
    assert not [name for name in names if f'"{name}"' not in code]
