"""Bare commits: what the same PostgreSQL does when nothing else is asked of it."""

import asyncio
import time

import asyncpg

WRITERS = 10
LASTS_S = 3.0
_ROW = b"x" * 200


async def bare_commits_per_s(dsn: str) -> float:
    """Rows of 200 bytes, one a commit, by ten writers for three seconds."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS bare_commits (id bigserial, row bytea)")
    began = time.monotonic()
    counts = await asyncio.gather(*(_write(dsn, began + LASTS_S) for _ in range(WRITERS)))
    took_s = time.monotonic() - began
    await connection.execute("DROP TABLE bare_commits")
    await connection.close()
    return sum(counts) / took_s


async def _write(dsn: str, until: float) -> int:
    connection = await asyncpg.connect(dsn)
    count = 0
    while time.monotonic() < until:
        await connection.execute("INSERT INTO bare_commits (row) VALUES ($1)", _ROW)
        count += 1
    await connection.close()
    return count
