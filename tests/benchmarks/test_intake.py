"""The intake benchmark in its short form, and what its senders do with trouble."""

import asyncio
from collections import Counter

from benchmarks.senders import Shot, post, send_all
from benchmarks.shipments import shipments
from tests.benchmarks.bench import last_line

KEYS = [
    *("offered_per_s", "accepted_per_s", "p50_ms", "p99_ms", "bare_commits_per_s"),
    *("burst_sent", "burst_kept", "cpu_ms_per_delivery", "fsync", "factor", "ok"),
]


async def test_every_delivery_is_kept_once_and_repeats_are_told_apart() -> None:
    result, table = await last_line("intake", "--lasts-s", "1")
    assert list(result) == KEYS
    assert result["burst_kept"] == result["burst_sent"] > 250
    assert "repeat" in table
    assert result["ok"]


def test_one_delivery_in_fifty_is_sent_twice() -> None:
    sent = list(shipments(7, 3000, "some"))
    often = Counter(one.id for one in sent)
    assert 30 <= sum(one.is_repeat for one in sent) <= 90
    assert len(often) == sum(not one.is_repeat for one in sent)


async def test_the_wait_for_a_free_connection_counts_and_a_broken_one_is_no_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        if b"/break" not in head:
            await asyncio.sleep(0.05)
            body = b'{"verdict":"accepted"}'
            writer.write(b"HTTP/1.1 202 OK\r\nContent-Length: 22\r\n\r\n" + body)
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    shots = [Shot(0.0, post("/doors/a", {}, b"{}")), Shot(0.0, post("/break", {}, b"{}"))]
    answers = await send_all(host, port, shots, connections=1)
    server.close()
    assert answers.verdicts == {b"accepted": 1}
    assert answers.waits_s[0] >= 0.05
    assert answers.others == {0: 1}
