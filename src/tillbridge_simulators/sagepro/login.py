"""PRELOGIN and LOGIN7. Source: MS-TDS, sections 2.2.6.5 and 2.2.6.4."""

import struct
from dataclasses import dataclass

_NOT_ENCRYPTED = 2


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in where."""

    user: str
    password: str
    database: str
    packet_size: int


def prelogin_answer() -> bytes:
    """Our version (15.0) and that we do not encrypt."""
    options = ((0, struct.pack(">LH", 0x0F000000, 0)), (1, bytes([_NOT_ENCRYPTED])), (4, b"\x00"))
    offset = len(options) * 5 + 1
    head = b""
    for token, value in options:
        head += struct.pack(">BHH", token, offset, len(value))
        offset += len(value)
    return head + b"\xff" + b"".join(value for _, value in options)


def read_login(data: bytes) -> Login:
    """A LOGIN7 message."""

    def text(at: int) -> bytes:
        offset, length = struct.unpack_from("<HH", data, at)
        return data[offset : offset + length * 2]

    (packet_size,) = struct.unpack_from("<I", data, 8)
    return Login(
        user=text(40).decode("utf-16-le"),
        password=_clear(text(44)),
        database=text(68).decode("utf-16-le"),
        packet_size=packet_size,
    )


def _clear(scrambled: bytes) -> str:
    """Undoes LOGIN7's scrambling: XOR 0xA5, then the two halves of each byte change places."""
    clear = bytes(((byte ^ 0xA5) >> 4 | ((byte ^ 0xA5) << 4) & 0xF0) for byte in scrambled)
    return clear.decode("utf-16-le")
