"""How addresses, keys and literals are written.

Source: learn.microsoft.com, "Use an alternate key to reference a record": key values with any of
/ < > * % & : \\ ? + do not work in an address.
"""

import re
from urllib.parse import quote

from tillbridge.canonical.errors import Place, Rejected

_PLAIN = re.compile(r"[0-9A-Za-z_.\-]*")
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z_.\-]")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def plain_key(text: str, field: str, length_max: int) -> str:
    """Text as a key value that every address can carry; one text has one key.

    Characters other than 0-9 A-Z a-z _ . - are written as ~ and their UTF-8 bytes in
    hexadecimal: "a/b" is "a~2Fb".

    Raises:
        Rejected: it has more characters than the key's column.
    """
    if not _PLAIN.fullmatch(text):
        text = _NOT_PLAIN.sub(_escape, text)
    if len(text) > length_max:
        raise Rejected(
            f"{text!r} is too long for a key of {length_max} characters.",
            reason="key_too_long",
            place=Place(field=field),
        )
    return text


def by_key(set_name: str, column: str, value: str) -> str:
    """`set(column='value')`, for a value that `plain_key` made or an effect key."""
    return f"{set_name}({column}='{value}')"


def by_id(set_name: str, row_id: str) -> str:
    """`set(guid)`. Raises Rejected for anything that is not a GUID."""
    if not _GUID.fullmatch(row_id):
        raise Rejected(f"{row_id!r} is not the id of a row.", reason="bad_id")
    return f"{set_name}({row_id.lower()})"


def quoted(text: str) -> str:
    """A text literal in a filter, percent-encoded for an address."""
    doubled = text.replace("'", "''")
    return quote(f"'{doubled}'", safe="'")


def _escape(match: "re.Match[str]") -> str:
    return "".join(f"~{byte:02X}" for byte in match[0].encode())
