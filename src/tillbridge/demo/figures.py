"""The demo's figures: what the house itself knows of the day."""

from dataclasses import dataclass

from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.runs.dead_letters import DeadLetter, dead_letters

SQL = load_statements("tillbridge.demo", "figures.sql")
LETTERS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """The house at one moment.

    Attributes:
        open_runs: runs that have not ended; `unknown` effects are among what they wait for.
        checkouts: attempts that are not answered.
        closed: the connections whose gate is not open, as text.
        done: effects by connection and kind of document.
        attempts: by state.
    """

    open_runs: int
    unknown: int
    dead_letters: int
    checkouts: int
    closed: str
    done: dict[tuple[str, str], int]
    attempts: dict[str, int]

    @property
    def at_rest(self) -> bool:
        return not self.open_runs and not self.checkouts


@dataclass(frozen=True, slots=True)
class Day:
    """The day when it is over.

    Attributes:
        evidence, fence, key: how many unknown effects ended so.
        repeats: deliveries that came again, by connection.
        unowned: unknown effects that nobody answers for.
        open_runs: what is still open, in words.
    """

    evidence: int
    fence: int
    key: int
    repeats: dict[str, int]
    unowned: int
    open_runs: list[str]
    letters: list[DeadLetter]


async def progress(database: Database) -> Progress:
    """How far the house is."""
    row = await database.fetch_row(SQL["progress"])
    assert row is not None, "a count answers one row"
    done = await database.fetch(SQL["done"])
    attempts = await database.fetch(SQL["attempts"])
    return Progress(
        **dict(row),
        done={(one["connection"], one["effect"]): one["count"] for one in done},
        attempts={one["state"]: one["count"] for one in attempts},
    )


async def day(database: Database) -> Day:
    """The day, looked back on."""
    endings = await database.fetch_row(SQL["endings"])
    assert endings is not None, "a count answers one row"
    repeats = await database.fetch(SQL["repeats"])
    still_open = await database.fetch(SQL["open_runs"])
    return Day(
        evidence=endings["evidence"],
        fence=endings["fence"],
        key=endings["key"],
        repeats={row["source"]: row["repeats"] for row in repeats},
        unowned=await database.fetch_value(SQL["unowned"]),
        open_runs=[
            f"run {row['id']} of {row['subject']} at {row['target']}: {row['flow'] or 'checkout'}"
            f" waits for {row['waiting_for'] or 'its turn'}"
            for row in still_open
        ],
        letters=await dead_letters(database, limit=LETTERS_MAX),
    )
