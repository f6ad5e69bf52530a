"""A past: runs that have ended, with all that was kept of them, made by PostgreSQL itself.

Each is one order: its event, its lane, a run of six steps, two effects with their references, the
payment's attempt and what was observed of it, as the flow of benchmarks/stub.py leaves them. It is
a year long, whatever its size. One in 2,000 was given up (a dead letter, since resolved).
"""

import asyncio
import hashlib

import asyncpg

from benchmarks.stub import event
from tillbridge.canonical.codec import encode

BATCH = 100_000
NUMBER = "THE-NUMBER"
"""Where the order's number stands in the sample."""
_MOMENT = (
    "now() - make_interval(secs => ($3::bigint - i) * 31536000.0 / $3::bigint) - interval '1 hour'"
)
_SUBJECT = "'past-' || lpad(i::text, 9, '0')"
_ENVELOPE = (
    'convert_to(\'{"id":"paid-\' || i || \'","source":"stub","data":{"order":{"number":\''
    " || i || ',\"lines\":\"' || repeat('a line of text ', 12) || '\"}}}', 'UTF8')"
)
_EACH = "FROM generate_series($1::bigint, $2::bigint) AS i"

_TABLES = (
    (
        f"INSERT INTO subjects (subject, arrivals) SELECT {_SUBJECT}, 3",
        f"INSERT INTO lanes (subject, target, lease, sequence) SELECT {_SUBJECT}, 'stub', 1, 1",
        "INSERT INTO events (source, event_id, kind, subject, occurred_at, kept_at, envelope)"
        f" SELECT 'stub', 'paid-past-' || i, 'payment.authorized', {_SUBJECT}, {_MOMENT},"
        f" {_MOMENT}, {_ENVELOPE}",
        "INSERT INTO runs (subject, target, sequence, journey, flow, flow_version, event_number,"
        " input, state, started_at, ended_at, ending)"
        f" SELECT {_SUBJECT}, 'stub', 1, 'deliver', 'six-steps', repeat('a', 64), i, {_ENVELOPE},"
        f" CASE WHEN i % 2000 = 0 THEN 'dead' ELSE 'done' END, {_MOMENT}, {_MOMENT}, ''",
        "INSERT INTO attempts (wire_key, connection, shop, attempt_key, order_number,"
        ' request_sha256, state, amount, currency, captured, authorization_id, "order",'
        " started_at, authorized_at)"
        f" SELECT 'W' || i, 'stub', 'webshop', 'try-' || i, {_SUBJECT}, '', 'captured', 104.71,"
        f" 'USD', 104.71, md5('authorized ' || i),"
        f" convert_to(replace($4::text, '{NUMBER}', {_SUBJECT}), 'UTF8'), {_MOMENT}, {_MOMENT}",
        "INSERT INTO observations (connection, request_id, operation, verdict, source,"
        " order_number, wire_key, echo_key, parent_id, amount, currency, reason, occurred_at,"
        " observed_at, meaning)"
        f" SELECT 'stub', md5('authorized ' || i), 'authorization', 'approved', 'reply',"
        f" {_SUBJECT}, 'W' || i, 'W' || i, '', 104.71, 'USD', '', {_MOMENT}, {_MOMENT}, 'moved'",
    ),
    (
        "INSERT INTO steps (run_id, name, kind, outcome, done_at)"
        f" SELECT i, name, kind, repeat('answered ', 12)::bytea, {_MOMENT}",
        "INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step,"
        " lease, request, intended_at, resolve_after, ended_at, resolved_by, outcome)"
        f" SELECT md5(effect || i), 'stub', {_SUBJECT}, effect, '1', 'done', i, effect, 1,"
        f" repeat('asked ', 30)::bytea, {_MOMENT}, {_MOMENT}, {_MOMENT}, 'reply',"
        " repeat('answered ', 12)::bytea",
        "INSERT INTO external_references (subject, system, kind, id, recorded_at)"
        f" SELECT {_SUBJECT}, 'stub', effect, md5('id of ' || effect || i), {_MOMENT}",
        "INSERT INTO notices (key, flow, subject, level, title, content, noticed_at)"
        f" SELECT 'N' || step || i, 'six-steps', {_SUBJECT}, 'note', 'Taken ' || i, '', {_MOMENT}",
        "INSERT INTO dead_letters (run_id, class, reason, message, whose_turn, resolved_at)"
        " SELECT i, 'rejected_by_rule', 'refused', 'The stub said no.', 'shop', now()",
    ),
)
_MORE = {
    "steps": " CROSS JOIN (VALUES ('taken', 'local'), ('customer', 'read'), ('stock', 'read'),"
    " ('told', 'local')) AS step (name, kind)",
    "effects": " CROSS JOIN (VALUES ('sales_order'), ('payment')) AS made (effect)",
    "external_references": " CROSS JOIN (VALUES ('sales_order'), ('payment')) AS made (effect)",
    "notices": " CROSS JOIN (VALUES ('taken'), ('told')) AS made (step)",
    "dead_letters": " WHERE i % 2000 = 0",
}


async def store(dsn: str, count: int, first: int = 1, last: int | None = None) -> None:
    """The runs from `first` to `last` of a year of so many, into a database that has none of them;
    then PostgreSQL looks at what there is."""
    numbers = range(first, (last or count) + 1)
    await asyncio.gather(*(_fill(dsn, statements, count, numbers) for statements in _TABLES))
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.close()


def subject(number: int) -> str:
    """The order number of a stored run, from 1 on."""
    return f"past-{number:09}"


def reference(number: int, effect: str = "sales_order") -> str:
    """The id another system gave to what that run wrote there."""
    return hashlib.md5(f"id of {effect}{number}".encode(), usedforsecurity=False).hexdigest()


def request_id(number: int) -> str:
    """What the payment system calls its authorization."""
    return hashlib.md5(f"authorized {number}".encode(), usedforsecurity=False).hexdigest()


def effect_key(number: int, effect: str = "payment") -> str:
    """The key of one of its effects."""
    return hashlib.md5(f"{effect}{number}".encode(), usedforsecurity=False).hexdigest()


def _order() -> str:
    """An order as an attempt keeps it."""
    return encode(event(NUMBER).data.order).decode()


async def _fill(dsn: str, statements: tuple[str, ...], count: int, numbers: range) -> None:
    connection = await asyncpg.connect(dsn)
    for start in range(0, len(numbers), BATCH):
        batch = numbers[start : start + BATCH]
        for statement in statements:
            table = statement.split()[2]
            text = f"{statement} {_EACH}{_MORE.get(table, '')}"
            named = next(number for number in (4, 3, 2) if f"${number}" in text)
            values = [batch[0], batch[-1], count, _order()][:named]
            await connection.execute(text, *values, timeout=3600)
    await connection.close()
