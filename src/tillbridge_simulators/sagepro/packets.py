"""TDS packets: the frames that requests and answers travel in.

Source: MS-TDS, sections 2.2.3 (packets) and 2.2.4 (packet data), protocol version 7.4.
"""

import asyncio
import struct
from dataclasses import dataclass

SQL_BATCH, RPC, REPLY, ATTENTION, TRANSACTION, LOGIN7, PRELOGIN = 1, 3, 4, 6, 14, 16, 18
END_OF_MESSAGE = 0x01
_HEADER = struct.Struct(">BBHHBB")


@dataclass(frozen=True, slots=True)
class Message:
    """One complete request: its type and the data of all its packets."""

    kind: int
    data: bytes


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next request. Raises IncompleteReadError when the other side is gone."""
    parts: list[bytes] = []
    while True:
        kind, status, length, _, _, _ = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        parts.append(await reader.readexactly(length - _HEADER.size))
        if status & END_OF_MESSAGE:
            return Message(kind, b"".join(parts))


def framed(data: bytes, size: int) -> bytes:
    """An answer in packets of at most `size` bytes."""
    room = size - _HEADER.size
    chunks = [data[at : at + room] for at in range(0, len(data), room)] or [b""]
    framed_chunks = [
        _HEADER.pack(REPLY, int(last), len(chunk) + _HEADER.size, 1, number & 0xFF, 0) + chunk
        for number, (chunk, last) in enumerate(
            ((chunk, at == len(chunks) - 1) for at, chunk in enumerate(chunks)), 1
        )
    ]
    return b"".join(framed_chunks)
