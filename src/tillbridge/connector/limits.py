"""Limits: how much another system takes, as its maker states it or a person has set it."""

from dataclasses import dataclass

WINDOW_MIN_S = 1.0
"""However much the world is sped up: a shorter window holds less than a slice of it."""
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    """At most so much in any `seconds` seconds; 0 stands for no limit.

    Attributes:
        busy_s: seconds of the other side's working time.
    """

    seconds: float
    requests: int = 0
    busy_s: float = 0.0

    def divided(self, factor: float) -> "Span":
        """The same with its time divided, and never shorter than `WINDOW_MIN_S`."""
        longer = max(1.0, WINDOW_MIN_S * factor / self.seconds)
        return Span(
            self.seconds * longer / factor,
            int(self.requests * longer),
            self.busy_s * longer / factor,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may be asked, by all processes together; 0 stands for no limit.

    Attributes:
        per_second, per_minute: requests.
        requests, busy_s: requests, and seconds of the other side's working time of all of them
            together, in any `window_s` seconds.
        at_once: requests in flight.
    """

    per_second: int = 0
    per_minute: int = 0
    requests: int = 0
    busy_s: float = 0.0
    window_s: float = 300.0
    at_once: int = 0

    def spans(self, factor: float) -> tuple[Span, ...]:
        """The spans that are counted, times divided, the longest first; the minute always, so that
        the pace is known. Of two that are equally long the narrower holds."""
        stated = [Span(MINUTE_S, self.per_minute)]
        if self.requests or self.busy_s:
            stated.append(Span(self.window_s, self.requests, self.busy_s))
        if self.per_second:
            stated.append(Span(1.0, self.per_second))
        found: dict[float, Span] = {}
        for span in (one.divided(factor) for one in stated):
            other = found.get(span.seconds, span)
            found[span.seconds] = Span(
                span.seconds,
                _least(span.requests, other.requests),
                max(span.busy_s, other.busy_s),
            )
        return tuple(sorted(found.values(), key=lambda span: -span.seconds))


def _least(one: int, other: int) -> int:
    return min(one, other) if one and other else max(one, other)
