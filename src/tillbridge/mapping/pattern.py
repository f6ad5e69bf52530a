"""Regular expressions that take time linear in the text, whatever the pattern.

A pattern becomes a machine of states that all move together (Thompson's construction), so there
is no backtracking and no pattern that explodes. Read: characters, `.`, `[a-z]`, `[^a-z]`, `\\d`
`\\w` `\\s` and `\\D` `\\W` `\\S` (ASCII), `( )`, `|`, `* + ?`, `{n}` `{n,}` `{n,m}`, `^` and `$`.

Source: Ken Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968; the meaning of
the signs is RE2's (github.com/google/re2, Syntax), which CEL's `matches` names.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from tillbridge.canonical.errors import Misconfigured

LENGTH_MAX = 500
STATES_MAX = 500
NESTING_MAX = 30
REPEAT_MAX = 200

_CLASSES = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 10), (12, 13), (32, 32)),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_TOP = 0x10FFFF


@dataclass(slots=True)
class _State:
    """One state: it moves on one character of `ranges`, or freely along `free`."""

    ranges: tuple[tuple[int, int], ...] | None = None
    next: int = -1
    free: list[int] = field(default_factory=list)
    asserts: str = ""


class Pattern:
    """A compiled pattern; `found_in` asks whether any part of a text matches."""

    def __init__(self, states: list[_State], start: int, end: int) -> None:
        self._states = states
        self._start = start
        self._end = end

    @property
    def size(self) -> int:
        """How many states one character can touch."""
        return len(self._states)

    def found_in(self, text: str) -> bool:
        """True when the pattern matches somewhere in the text; ^ and $ tie it to the ends."""
        size = len(text)
        reached = self._closure([self._start], first=True, last=size == 0)
        for at, character in enumerate(text):
            if self._end in reached:
                return True
            code = ord(character)
            moved = [self._start]
            for number in reached:
                state = self._states[number]
                if state.ranges is not None and _within(code, state.ranges):
                    moved.append(state.next)
            reached = self._closure(moved, first=False, last=at == size - 1)
        return self._end in reached

    def _closure(self, numbers: list[int], *, first: bool, last: bool) -> set[int]:
        found: set[int] = set()
        waiting = numbers
        while waiting:
            number = waiting.pop()
            if number in found:
                continue
            state = self._states[number]
            if (state.asserts == "^" and not first) or (state.asserts == "$" and not last):
                continue
            found.add(number)
            waiting.extend(state.free)
        return found


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """A pattern from its text. Raises Misconfigured when it is not one, or too large."""
    if len(text) > LENGTH_MAX:
        raise _bad(text[:40], f"it has more than {LENGTH_MAX} characters")
    return _Compiler(text).whole()


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _bad(text: str, why: str) -> Misconfigured:
    return Misconfigured(f"The pattern {text!r} is not read: {why}.", reason="bad_pattern")


def _complement(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    found = []
    low = 0
    for start, end in sorted(ranges):
        if start > low:
            found.append((low, start - 1))
        low = max(low, end + 1)
    if low <= _TOP:
        found.append((low, _TOP))
    return tuple(found)


class _Compiler:
    """Recursive descent over the pattern; a piece is a pair of states, entry and exit."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nesting = 0
        self._states: list[_State] = []

    def whole(self) -> Pattern:
        start, end = self._alternatives()
        if self._at < len(self._text):
            raise _bad(self._text, f"{self._text[self._at]!r} has nothing to close")
        return Pattern(self._states, start, end)

    def _alternatives(self) -> tuple[int, int]:
        pieces = [self._sequence()]
        while self._take("|"):
            pieces.append(self._sequence())
        if len(pieces) == 1:
            return pieces[0]
        start, end = self._state(), self._state()
        for entry, leave in pieces:
            self._states[start].free.append(entry)
            self._states[leave].free.append(end)
        return start, end

    def _sequence(self) -> tuple[int, int]:
        start = end = self._state()
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            entry, leave = self._repeated()
            self._states[end].free.append(entry)
            end = leave
        return start, end

    def _repeated(self) -> tuple[int, int]:
        begin = self._at
        piece = self._atom()
        finish = self._at
        low, high = self._counts()
        if (low, high) == (1, 1):
            return piece
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise _bad(self._text, "a repetition is repeated")
        resume = self._at
        start = end = self._state()
        for number in range(max(low, high if high is not None else low + 1)):
            if number:
                self._at = begin
                piece = self._atom()
                assert self._at == finish, "the same text reads the same"
            entry, leave = piece
            fresh = self._state()
            self._states[end].free.append(entry)
            self._states[leave].free.append(fresh)
            if number >= low:
                self._states[end].free.append(fresh)
            if high is None and number >= low:
                self._states[leave].free.append(entry)
            end = fresh
        self._at = resume
        return start, end

    def _counts(self) -> tuple[int, int | None]:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if not self._take("{"):
            return 1, 1
        low = self._count()
        high: int | None = low
        if self._take(","):
            high = None if self._peek() == "}" else self._count()
        if not self._take("}") or (high is not None and high < low):
            raise _bad(self._text, "a repetition is written {n}, {n,} or {n,m}")
        return low, high

    def _count(self) -> int:
        begin = self._at
        while self._peek().isascii() and self._peek().isdigit():
            self._at += 1
        digits = self._text[begin : self._at]
        if not digits or len(digits) > 3 or int(digits) > REPEAT_MAX:
            raise _bad(self._text, f"a repetition counts from 0 to {REPEAT_MAX}")
        return int(digits)

    def _atom(self) -> tuple[int, int]:
        sign = self._peek()
        self._at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._moving(self._class())
        if sign == ".":
            return self._moving(_complement(((10, 10),)))
        if sign in ("^", "$"):
            return self._asserting(sign)
        if sign == "\\":
            return self._moving(self._escape())
        if sign in "*+?{":
            raise _bad(self._text, f"{sign!r} has nothing to repeat")
        return self._moving(((ord(sign), ord(sign)),))

    def _group(self) -> tuple[int, int]:
        if self._peek() == "?":
            if self._text[self._at : self._at + 2] != "?:":
                raise _bad(self._text, "of the forms (?...) only (?:...) is read")
            self._at += 2
        self._nesting += 1
        if self._nesting > NESTING_MAX:
            raise _bad(self._text, "its parentheses are nested too deep")
        piece = self._alternatives()
        self._nesting -= 1
        if not self._take(")"):
            raise _bad(self._text, "a parenthesis is not closed")
        return piece

    def _class(self) -> tuple[tuple[int, int], ...]:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]":
            first = self._class_member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._class_member()
                if len(first) > 1 or len(last) > 1 or last[0][0] < first[0][0]:
                    raise _bad(self._text, "a range is written from the lower to the higher sign")
                first = ((first[0][0], last[0][0]),)
            ranges.extend(first)
        self._at += 1
        if not ranges:
            raise _bad(self._text, "a class [] is empty")
        return _complement(tuple(ranges)) if negated else tuple(ranges)

    def _class_member(self) -> tuple[tuple[int, int], ...]:
        sign = self._peek()
        if not sign:
            raise _bad(self._text, "a class [ is not closed")
        self._at += 1
        if sign == "\\":
            return self._escape()
        if sign == "[":
            raise _bad(self._text, "a [ in a class is written \\[")
        return ((ord(sign), ord(sign)),)

    def _escape(self) -> tuple[tuple[int, int], ...]:
        sign = self._peek()
        self._at += 1
        if sign.lower() in _CLASSES and sign:
            ranges = _CLASSES[sign.lower()]
            return ranges if sign.islower() else _complement(ranges)
        if not sign or (sign.isalnum() and sign not in _CONTROLS):
            raise _bad(self._text, f"\\{sign} is not an escape it knows")
        code = ord(_CONTROLS.get(sign, sign))
        return ((code, code),)

    def _moving(self, ranges: tuple[tuple[int, int], ...]) -> tuple[int, int]:
        start, end = self._state(), self._state()
        self._states[start].ranges = ranges
        self._states[start].next = end
        return start, end

    def _asserting(self, sign: str) -> tuple[int, int]:
        start, end = self._state(), self._state()
        self._states[start].asserts = sign
        self._states[start].free.append(end)
        return start, end

    def _state(self) -> int:
        if len(self._states) >= STATES_MAX:
            raise _bad(self._text, f"it needs more than {STATES_MAX:,} states")
        self._states.append(_State())
        return len(self._states) - 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, sign: str) -> bool:
        if self._peek() == sign:
            self._at += 1
            return True
        return False
