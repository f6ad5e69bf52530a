"""Answering: a request at a door is counted, timed and logged, whatever becomes of it."""

import logging
from time import perf_counter
from types import TracebackType

from starlette.requests import Request

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connector.correlation import follow
from tillbridge.journeys.house import House
from tillbridge.watch.measures import CHECKOUT_SECONDS, CHECKOUTS, DELIVERIES, DELIVERY_SECONDS
from tillbridge.watch.watch import TRACEPARENT

_LOG = logging.getLogger(__name__)
REFUSED = "refused"
UNKNOWN_DOOR = "unknown"
"""What an address without a door is counted as: no stranger makes labels."""


class Answering:
    """One request, from its first byte to its answer.

    Attributes:
        ended: how it ended, in one word.
        reason: why, where it did not go well; also one word.
        delivery: the delivery's own id.
    """

    def __init__(self, house: House, what: str, door: str = "") -> None:
        self.ended = REFUSED
        self.reason = ""
        self.delivery = ""
        self._house = house
        self._what = what
        self._door = door if not door or door in house.connections else UNKNOWN_DOOR
        self._began = perf_counter()

    def __enter__(self) -> "Answering":
        follow(self._house.watch)
        return self

    def begin(self) -> None:
        """The last byte is in."""
        self._began = perf_counter()

    def refused(self, error: TillbridgeError) -> TillbridgeError:
        """It ends with this error, which is answered."""
        self.reason = error.reason
        return error

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        seconds, meter = perf_counter() - self._began, self._house.watch.meter
        if self._door:
            meter.count(DELIVERIES, self._door, self.ended)
            meter.time(DELIVERY_SECONDS, seconds, self._door)
        else:
            meter.count(CHECKOUTS, self.ended)
            meter.time(CHECKOUT_SECONDS, seconds, self.ended)
        level = logging.INFO if self.ended == REFUSED else logging.DEBUG
        if _LOG.isEnabledFor(level):
            _LOG.log(
                level,
                "%s: %s",
                self._what,
                f"{self.ended} ({self.reason})" if self.reason else self.ended,
                extra={
                    "connection": self._door,
                    "delivery": self.delivery,
                    "outcome": self.ended,
                    "duration_s": round(seconds, 6),
                },
            )


def trace_of(request: Request) -> str:
    """The trace that a request says it belongs to; "" for none."""
    return request.headers.get(TRACEPARENT, "")
