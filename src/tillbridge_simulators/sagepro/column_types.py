"""SQL Server column types, and how a value becomes one."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from tillbridge_simulators.sagepro.sql_errors import SqlError, not_convertible, overflow, truncated

_SHAPE = re.compile(r"(\w+)(?:\s*\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?")
_ALIASES = {
    "decimal": "numeric",
    "nchar": "char",
    "smallint": "int",
    "tinyint": "int",
    "integer": "int",
}
_TEXT = {"char", "varchar", "nvarchar", "text", "image"}
_KNOWN = {*_TEXT, "money", "numeric", "int", "bigint", "bit", "datetime", "float"}
_MONEY_LIMIT = Decimal("922337203685477.5807")
_MOMENTS = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y%m%d %H:%M:%S",
)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One type.

    `length` is None for text without a limit; `text` is how it is declared; `binary` text
    compares with case.
    """

    kind: str
    length: int | None = None
    precision: int = 0
    scale: int = 0
    text: str = ""
    binary: bool = False

    @property
    def textual(self) -> bool:
        return self.kind in _TEXT

    @property
    def exact(self) -> bool:
        return self.kind in ("money", "numeric")


@lru_cache(maxsize=512)
def column_type(declared: str) -> ColumnType:
    """A type from its declaration: "char(10)", "numeric(12,3)", "money", "int identity"."""
    match = _SHAPE.match(declared.strip().lower())
    assert match is not None, f"a type is declared, not {declared!r}"
    word, first, second = match.groups()
    kind = _ALIASES.get(word, word)
    if kind not in _KNOWN and kind not in ("datetime2", "date"):
        raise SqlError(243, f"Type {kind} is not a defined system type.")
    if kind in ("datetime2", "date"):
        return ColumnType("datetime", text="datetime")
    if kind == "numeric":
        return ColumnType(kind, None, int(first or 18), int(second or 0), declared)
    if kind == "money":
        return ColumnType(kind, None, 19, 4, "money")
    if kind in _TEXT:
        unlimited = kind in ("text", "image") or first == "max"
        return ColumnType(kind, None if unlimited else int(first or 1), text=declared)
    return ColumnType(kind, text=kind)


def fit(value: object, declared: str, column: str) -> object:
    """A value as the column keeps it; raises SqlError where SQL Server refuses it.

    Text columns keep code page 1252: a character that is not in it becomes "?", silently, as on
    the real server.
    """
    if value is None:
        return None
    wanted = column_type(declared)
    if wanted.textual:
        text = in_code_page(str(value))
        if wanted.length is not None and len(text.rstrip(" ")) > wanted.length:
            raise truncated(column, text)
        return _padded(text, wanted)
    return _converted(value, wanted)


def cast(value: object, declared: str) -> object:
    """CAST: text that is too long is cut, as T-SQL does for explicit casts."""
    if value is None:
        return None
    wanted = column_type(declared)
    if wanted.textual:
        text = str(value)
        return _padded(text if wanted.length is None else text[: wanted.length], wanted)
    return _converted(value, wanted)


def in_code_page(text: str) -> str:
    """Text as a column of collation SQL_Latin1_General_CP1 would hold it."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _padded(text: str, wanted: ColumnType) -> str:
    if wanted.kind == "char" and wanted.length is not None:
        return text[: wanted.length].ljust(wanted.length)
    return text if wanted.length is None else text[: wanted.length]


def _converted(value: object, wanted: ColumnType) -> object:
    if wanted.kind == "datetime":
        return _moment(value)
    try:
        number = Decimal(str(value).strip() or "0")
    except InvalidOperation:
        raise not_convertible(value, wanted.kind) from None
    if wanted.exact:
        return _exact(number, wanted)
    if wanted.kind == "bit":
        return int(number != 0)
    if wanted.kind == "float":
        return str(number)
    whole = int(number)
    if wanted.kind == "int" and not -(2**31) <= whole < 2**31:
        raise overflow("int")
    return whole


def _exact(number: Decimal, wanted: ColumnType) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-wanted.scale), ROUND_HALF_UP)
    limit = _MONEY_LIMIT if wanted.kind == "money" else None
    digits = len(str(abs(int(rounded)))) if abs(rounded) >= 1 else 0
    if (limit is not None and abs(rounded) > limit) or digits > wanted.precision - wanted.scale:
        raise overflow(wanted.kind)
    return f"{rounded:f}"


def _moment(value: object) -> str:
    text = str(value).strip()
    if text in ("", "0"):
        return "1900-01-01 00:00:00.000"
    for shape in _MOMENTS:
        try:
            moment = datetime.strptime(text, shape)
        except ValueError:
            continue
        return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    raise not_convertible(value, "datetime")
