"""Sealing: secrets at rest are readable only with a key that is kept apart from them.

AES-256-GCM. Each sealed text is bound to its name, so that one secret cannot be put in another's
place, and says which key sealed it, so that a wrong key is told from a damaged text.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.settings import Secret

KEY_FILE = "seal.key"
KEY_VARIABLE = "TILLBRIDGE_SEAL_KEY"
KEY_BYTES = 32
NONCE_BYTES = 12
"""Random for each sealing; NIST SP 800-38D, 8.2.2 allows 2^32 of them under one key."""
MARK = "sealed:1"


class Seal:
    """One key that seals and unseals; it is never shown, logged or written but to its file."""

    def __init__(self, key: bytes) -> None:
        """`key` has 32 bytes; `open_seal` finds or makes it."""
        self._cipher = AESGCM(key)
        self.mark = hashlib.sha256(b"tillbridge seal" + key).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"Seal({self.mark})"

    def seal(self, name: str, secret: Secret) -> str:
        """The secret as text fit for a file or a table, bound to its name."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.value.encode(), name.encode())
        return f"{MARK}:{self.mark}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, name: str, sealed: str) -> Secret:
        """The secret of that name.

        Raises:
            Misconfigured: sealed with another key, under another name, or damaged.
        """
        mark, _, rest = sealed.removeprefix(f"{MARK}:").partition(":")
        if not sealed.startswith(f"{MARK}:") or not rest:
            raise _unreadable(name, "it is not a sealed secret")
        if mark != self.mark:
            raise _unreadable(name, f"it was sealed with key {mark}, and this is key {self.mark}")
        try:
            content = base64.urlsafe_b64decode(rest)
            nonce, body = content[:NONCE_BYTES], content[NONCE_BYTES:]
            return Secret(self._cipher.decrypt(nonce, body, name.encode()).decode())
        except (InvalidTag, ValueError) as error:
            raise _unreadable(name, "it is damaged, or belongs to another name") from error


def open_seal(folder: Path, environment: Mapping[str, str]) -> Seal:
    """The seal from TILLBRIDGE_SEAL_KEY, else from `seal.key` in the folder, made if missing.

    Raises:
        Misconfigured: the key is not 32 bytes in base64, or others may read its file.
    """
    given = environment.get(KEY_VARIABLE)
    if given:
        return Seal(_key(given, f"The variable {KEY_VARIABLE}"))
    path = folder / KEY_FILE
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise Misconfigured(
            f"{path} can be read by others.",
            reason="open_key",
            next_step=f"Run: chmod 600 {path}, and consider its secrets known.",
        )
    return Seal(_key(path.read_text(encoding="ascii", errors="replace"), str(path)))


def _make_key(path: Path) -> None:
    """Written beside its place and linked there whole: of two who start at once, one key wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _key(text: str, source: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"{source} does not hold a seal key: {KEY_BYTES} bytes in URL-safe base64.",
            reason="bad_key",
            next_step="Restore it from your safe; without it the sealed secrets are lost.",
        )
    return key


def _unreadable(name: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"The secret {name!r} cannot be read: {why}.",
        reason="wrong_seal",
        next_step=f"Restore the key that sealed it ({KEY_VARIABLE} or {KEY_FILE}),"
        " or enter the secret again.",
    )
