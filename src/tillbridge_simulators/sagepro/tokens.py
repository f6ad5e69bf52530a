"""What the server answers: tokens. Source: MS-TDS, section 2.2.7."""

import struct
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from tillbridge_simulators.sagepro.column_types import ColumnType
from tillbridge_simulators.sagepro.projection import ResultColumn
from tillbridge_simulators.sagepro.sql_errors import SqlError

SERVER = "TILLSIM"
COLLATION = bytes.fromhex("0904d00034")
"""SQL_Latin1_General_CP1_CI_AS: locale 0x409, sort id 52, code page 1252."""
DONE, DONE_PROC, DONE_IN_PROC = 0xFD, 0xFE, 0xFF
_MORE, _ERROR, _COUNT, _ATTENTION = 0x01, 0x02, 0x10, 0x20
_LONG = 0xFFFF
_NO_VALUE_LONG = struct.pack("<Q", 0xFFFFFFFFFFFFFFFF)
_SHORT_MAX = 8000


def short_text(text: str) -> bytes:
    """Text whose length in characters fits one byte."""
    return bytes([len(text)]) + text.encode("utf-16-le")


def login_answer(database: str, packet_size: int) -> bytes:
    """LOGINACK with the changes of environment that come with it."""
    name = "Microsoft SQL Server".ljust(20)
    body = b"\x01\x74\x00\x00\x04" + short_text(name) + bytes([15, 0, 7, 0xD0])
    return (
        changed(1, database, "master")
        + environment(7, bytes([5]) + COLLATION + b"\x00")
        + changed(4, str(packet_size), "4096")
        + b"\xad"
        + struct.pack("<H", len(body))
        + body
        + done()
    )


def environment(kind: int, body: bytes) -> bytes:
    """ENVCHANGE."""
    return b"\xe3" + struct.pack("<HB", len(body) + 1, kind) + body


def changed(kind: int, new: str, old: str) -> bytes:
    """ENVCHANGE of a text value."""
    return environment(kind, short_text(new) + short_text(old))


def began(transaction: int) -> bytes:
    """ENVCHANGE 8: a transaction began."""
    return environment(8, b"\x08" + struct.pack("<Q", transaction) + b"\x00")


def ended(transaction: int, *, commit: bool) -> bytes:
    """ENVCHANGE 9 or 10: it ended."""
    return environment(9 if commit else 10, b"\x00\x08" + struct.pack("<Q", transaction))


def error(failure: SqlError) -> bytes:
    """ERROR."""
    message = failure.message.encode("utf-16-le")
    body = (
        struct.pack("<IBBH", failure.number, 1, failure.severity, len(message) // 2)
        + message
        + short_text(SERVER)
        + short_text("")
        + struct.pack("<I", 1)
    )
    return b"\xaa" + struct.pack("<H", len(body)) + body


def done(
    token: int = DONE, *, more: bool = False, failed: bool = False, count: int | None = None
) -> bytes:
    """DONE, DONEPROC or DONEINPROC."""
    status = more * _MORE | failed * _ERROR | (count is not None) * _COUNT
    return struct.pack("<BHHQ", token, status, 0xC1, count or 0)


def attention_done() -> bytes:
    """The answer to ATTENTION."""
    return struct.pack("<BHHQ", DONE, _ATTENTION, 0, 0)


def procedure_done(*, failed: bool = False) -> bytes:
    """The end of an RPC: the procedure's return status and DONEPROC."""
    return b"\x79" + struct.pack("<i", int(failed)) + done(DONE_PROC, failed=failed)


def result(columns: Sequence[ResultColumn], rows: Sequence[Sequence[object]]) -> bytes:
    """COLMETADATA and a ROW for each row."""
    head = b"\x81" + struct.pack("<H", len(columns))
    head += b"".join(
        struct.pack("<IH", 0, 0x09) + _type_info(column.type) + short_text(column.name)
        for column in columns
    )
    kinds = [column.type for column in columns]
    body = b"".join(
        b"\xd1" + b"".join(_value(kind, value) for kind, value in zip(kinds, row, strict=True))
        for row in rows
    )
    return head + body


def _type_info(kind: ColumnType) -> bytes:
    match kind.kind:
        case "int":
            return b"\x26\x04"
        case "bigint":
            return b"\x26\x08"
        case "bit":
            return b"\x68\x01"
        case "money":
            return b"\x6e\x08"
        case "numeric":
            return bytes([0x6C, 17, kind.precision, kind.scale])
        case "datetime":
            return b"\x6f\x08"
        case "float":
            return b"\x6d\x08"
    size = _LONG if kind.length is None else min(kind.length, _SHORT_MAX)
    code = {"nvarchar": 0xE7, "char": 0xAF}.get(kind.kind, 0xA7)
    if code == 0xE7 and size != _LONG:
        size *= 2
    return bytes([code]) + struct.pack("<H", size) + COLLATION


def _value(kind: ColumnType, value: object) -> bytes:
    if kind.textual:
        return _text(kind, value)
    if value is None:
        return b"\x00"
    match kind.kind:
        case "int":
            return b"\x04" + struct.pack("<i", int(str(value)))
        case "bigint":
            return b"\x08" + struct.pack("<q", int(str(value)))
        case "bit":
            return b"\x01" + bytes([int(str(value))])
        case "money":
            units = int(Decimal(str(value)).scaleb(4))
            return b"\x08" + struct.pack("<iI", units >> 32, units & 0xFFFFFFFF)
        case "numeric":
            return _exact(Decimal(str(value)), kind.scale)
        case "datetime":
            return _moment(str(value))
    return b"\x08" + struct.pack("<d", float(str(value)))


def _text(kind: ColumnType, value: object) -> bytes:
    long = kind.length is None
    if value is None:
        return _NO_VALUE_LONG if long else struct.pack("<H", _LONG)
    data = str(value).encode("utf-16-le" if kind.kind == "nvarchar" else "cp1252", "replace")
    if not long:
        return struct.pack("<H", len(data)) + data
    chunks = struct.pack("<I", len(data)) + data if data else b""
    return struct.pack("<Q", len(data)) + chunks + struct.pack("<I", 0)


def _exact(number: Decimal, scale: int) -> bytes:
    units = int(number.scaleb(scale))
    return bytes([17, int(units >= 0)]) + abs(units).to_bytes(16, "little")


def _moment(text: str) -> bytes:
    moment = datetime.fromisoformat(text)
    passed = moment - datetime(1900, 1, 1)
    ticks = (passed.seconds * 1000 + passed.microseconds // 1000) * 3 // 10
    return b"\x08" + struct.pack("<iI", passed.days, ticks)
