"""What clients ask: SQL batches, sp_executesql calls, transaction requests.

Source: MS-TDS, sections 2.2.6.7 (SQLBatch), 2.2.6.6 (RPC), 2.2.6.9 (transaction manager), 2.2.5.5
(type information) and 2.2.5.2.3 (partially length-prefixed values).
"""

import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from tillbridge_simulators.sagepro.sql_errors import SqlError

SP_EXECUTESQL = 10
_BEGIN, _COMMIT, _ROLLBACK = 5, 7, 8
_TRANSACTION_REQUESTS = {_BEGIN: "BEGIN TRANSACTION", _COMMIT: "COMMIT", _ROLLBACK: "ROLLBACK"}
_NULL_LENGTH = 0xFFFF


@dataclass(frozen=True, slots=True)
class Request:
    """One request as text. `values` by parameter name without "@"; `procedure`: it is an RPC."""

    text: str
    values: dict[str, object]
    procedure: bool = False


def read_batch(data: bytes) -> Request:
    """A SQLBatch message."""
    (headers,) = struct.unpack_from("<I", data)
    return Request(data[headers:].decode("utf-16-le"), {})


def read_transaction(data: bytes) -> Request:
    """A transaction manager request as the statements that mean the same."""
    (headers,) = struct.unpack_from("<I", data)
    (kind,) = struct.unpack_from("<H", data, headers)
    if kind not in _TRANSACTION_REQUESTS:
        raise SqlError(8000, f"Transaction manager request {kind} is not supported.")
    text = _TRANSACTION_REQUESTS[kind]
    if kind != _BEGIN:
        name_length = data[headers + 2]
        starts_next = data[headers + 3 + name_length] & 1
        text += "; BEGIN TRANSACTION" if starts_next else ""
    return Request(text, {})


def read_procedure_call(data: bytes) -> Request:
    """An RPC message. Raises SqlError 2812 for any procedure but sp_executesql."""
    (headers,) = struct.unpack_from("<I", data)
    cursor = _Cursor(data, headers)
    length = cursor.take("<H")
    if length == _NULL_LENGTH:
        number = cursor.take("<H")
        name = "sp_executesql" if number == SP_EXECUTESQL else f"procedure {number}"
    else:
        name = cursor.raw(length * 2).decode("utf-16-le")
    if name.lower() != "sp_executesql":
        raise SqlError(2812, f"Could not find stored procedure '{name}'.")
    cursor.take("<H")
    given: list[tuple[str, object]] = []
    while not cursor.finished:
        parameter = cursor.raw(cursor.take("<B") * 2).decode("utf-16-le")
        cursor.take("<B")
        given.append((parameter.removeprefix("@"), cursor.value()))
    return Request(str(given[0][1]), dict(given[2:]), procedure=True)


class _Cursor:
    """Reads typed values one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    @property
    def finished(self) -> bool:
        return self._at >= len(self._data)

    def take(self, shape: str) -> int:
        (value,) = struct.unpack_from(shape, self._data, self._at)
        self._at += struct.calcsize(shape)
        return int(value)

    def raw(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        self._at += length
        return piece

    def value(self) -> object:
        """A TYPE_INFO and its value; instants as text, exact numbers as text."""
        kind = self.take("<B")
        if kind in (0xE7, 0xEF, 0xA7, 0xAF):
            return self._text("utf-16-le" if kind in (0xE7, 0xEF) else "cp1252")
        if kind in (0x6A, 0x6C):
            return self._decimal()
        if kind in (0x2A, 0x29):
            return self._scaled_moment()
        if kind == 0x28:
            return self._day()
        width = self.take("<B")
        length = self.take("<B")
        assert width, "a nullable type has a width"
        return self._sized(kind, length) if length else None

    def _text(self, codec: str) -> str | None:
        width = self.take("<H")
        self.raw(5)
        if width == _NULL_LENGTH:
            return self._long_text(codec)
        length = self.take("<H")
        return None if length == _NULL_LENGTH else self.raw(length).decode(codec)

    def _long_text(self, codec: str) -> str | None:
        if self.take("<Q") == 0xFFFFFFFFFFFFFFFF:
            return None
        parts: list[bytes] = []
        while length := self.take("<I"):
            parts.append(self.raw(length))
        return b"".join(parts).decode(codec)

    def _decimal(self) -> str | None:
        self.raw(2)
        scale = self.take("<B")
        length = self.take("<B")
        if not length:
            return None
        positive = self.take("<B")
        number = Decimal(int.from_bytes(self.raw(length - 1), "little")).scaleb(-scale)
        return f"{number if positive else -number:f}"

    def _scaled_moment(self) -> str | None:
        scale = self.take("<B")
        length = self.take("<B")
        if not length:
            return None
        ticks = int.from_bytes(self.raw(length - 3), "little")
        days = int.from_bytes(self.raw(3), "little")
        moment = datetime(1, 1, 1) + timedelta(days=days, microseconds=ticks * 10**6 // 10**scale)
        return moment.isoformat(sep=" ", timespec="milliseconds")

    def _day(self) -> str | None:
        length = self.take("<B")
        if not length:
            return None
        return (date(1, 1, 1) + timedelta(days=int.from_bytes(self.raw(3), "little"))).isoformat()

    def _sized(self, kind: int, length: int) -> object:
        piece = self.raw(length)
        if kind in (0x26, 0x68):
            return int.from_bytes(piece, "little", signed=kind == 0x26 and length > 1)
        if kind == 0x6D:
            (number,) = struct.unpack("<d" if length == 8 else "<f", piece)
            return repr(number)
        if kind == 0x6E:
            high, low = struct.unpack("<iI", piece)
            return f"{Decimal((high << 32) + low).scaleb(-4):f}"
        if kind == 0x6F:
            days, ticks = struct.unpack("<iI", piece)
            moment = datetime(1900, 1, 1) + timedelta(days=days, seconds=ticks / 300)
            return moment.isoformat(sep=" ", timespec="milliseconds")
        raise SqlError(8009, f"The parameter type 0x{kind:02X} is not supported.")
