"""What people have to know of, by command."""

from tests.cli.conftest import Tell

from tillbridge.alerts.alerts import Condition, keep_alerts
from tillbridge.assembly import now
from tillbridge.database.database import Database


async def test_alerts_are_listed_and_taken_up(tell: Tell, database: Database) -> None:
    assert (await tell("alerts")).stdout.startswith("No alerts:")
    at = now()
    holds = Condition(
        "gate_closed", "till", "urgent", "till takes no work", "See tillbridge gates."
    )
    await keep_alerts(database, [holds], at, at)
    listed = await tell("alerts")
    assert "till takes no work" in listed.stdout
    assert "tillbridge alerts acknowledge" in listed.stdout
    taken = await tell("alerts", "acknowledge", "1", "--why", "on it")
    assert taken.exit_code == 0, taken.output
    assert "Alert 1 is yours" in taken.stdout
    again = await tell("alerts", "acknowledge", "1", "--why", "on it")
    assert (again.exit_code, "is with" in again.stderr) == (1, True)
