"""A log line says what it is about, in JSON or text, and holds nothing secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.cli.logs import write_logs
from tillbridge.connector.correlation import Unwatched, follow
from tillbridge.watch.log_line import COVERED, hide

CARD = "4111 1111 1111 1111"
SECRET = "a-made-up-signing-secret-0001"
LOG = logging.getLogger("tillbridge.tests.line")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Takes what log lines are written, and gives the loggers back as they were."""
    root, own = logging.getLogger(), logging.getLogger("tillbridge")
    before = (root.handlers[:], root.level, own.level, own.propagate)
    own.propagate = True  # a rehearsal in this process may have asked for quiet
    written = io.StringIO()
    yield written
    root.handlers[:], level, own_level, own.propagate = before
    root.setLevel(level)
    own.setLevel(own_level)
    follow(Unwatched())


def begin(stream: io.StringIO, **settings: str) -> None:
    write_logs("worker", {f"TILLBRIDGE_LOG_{name}": value for name, value in settings.items()})
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_json_says_order_run_and_what_else_is_known(stream: io.StringIO) -> None:
    begin(stream, FORMAT="json")
    follow(Unwatched(), "1042", 17)
    LOG.warning("%s went wrong", "it", extra={"connection": "dynamics", "duration_s": 0.25})

    (line,) = lines(stream)
    assert line["process"].startswith("worker ")
    assert line["at"].endswith("+00:00")
    assert {name: line[name] for name in line if name not in ("process", "at")} == {
        "level": "warning",
        "logger": "tillbridge.tests.line",
        "message": "it went wrong",
        "order": "1042",
        "run": 17,
        "connection": "dynamics",
        "duration_s": 0.25,
    }


def test_a_line_of_text_says_order_and_run(stream: io.StringIO) -> None:
    begin(stream)
    follow(Unwatched(), "1042", 17)
    LOG.info("it went well")
    assert stream.getvalue().endswith("tillbridge.tests.line order=1042 run=17: it went well\n")


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "told",
    [
        CARD,
        SECRET,
        "Authorization: Bearer c2VjcmV0LXZhbHVl",
        "tillbridge_8fJ2kQ0pLmN4",
        "eyJhbGciOiJSUzI1NiJ9.eyJmbHgiOnt9fQ.c2lnbmF0dXJl",
    ],
    ids=["card", "secret", "bearer", "operator token", "json web token"],
)
@pytest.mark.complaint("I34b")
def test_no_line_holds_a_secret_a_token_or_a_card_number(
    stream: io.StringIO, form: str, told: str
) -> None:
    begin(stream, FORMAT=form, LEVEL="debug")
    hide([SECRET])
    follow(Unwatched(), f"order of {told}")
    try:
        int(told)
    except ValueError:
        LOG.exception("here it is: %s", told, extra={"connection": told})

    written = stream.getvalue()
    sensitive = told.removeprefix("Authorization: Bearer ")
    assert sensitive not in written
    assert COVERED in written or "****" in written or told == CARD
    if form == "json":
        assert set(lines(stream)[0]) >= {"exception", "connection", "order"}


def test_a_line_stays_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    begin(stream, FORMAT="json")
    LOG.warning('two\nlines, "quoted" and \x00')
    assert lines(stream)[0]["message"] == 'two\nlines, "quoted" and \x00'


def test_the_level_decides_what_is_written(stream: io.StringIO) -> None:
    begin(stream, LEVEL="warning")
    LOG.info("nothing special")
    LOG.warning("look here")
    assert "nothing special" not in stream.getvalue()
    assert "look here" in stream.getvalue()


def test_a_wrong_level_is_refused_with_the_right_ones() -> None:
    with pytest.raises(Misconfigured, match="TILLBRIDGE_LOG_LEVEL") as error:
        write_logs("worker", {"TILLBRIDGE_LOG_LEVEL": "loud"})
    assert "debug, info, warning, error" in error.value.next_step


def test_the_parts_of_a_list_of_secrets_are_covered_each(stream: io.StringIO) -> None:
    begin(stream)
    hide([f"key-1:{SECRET}, key-2:another-made-up-secret"])
    LOG.warning("it was %s", SECRET)
    assert SECRET not in stream.getvalue()
