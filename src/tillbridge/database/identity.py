"""Who PostgreSQL runs as. It refuses to run as root; in containers and on small servers we are.

Three ways, the first that works is taken:

- not root: as ourselves;
- root, user namespaces allowed: in a namespace of its own where root has an ordinary number. The
  files stay root's and nothing has to be made readable, even under /root;
- root, no user namespaces: as an unprivileged user who is given the database's folder.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tillbridge.canonical.errors import Misconfigured

PROBE_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """How to start a PostgreSQL program.

    Attributes:
        prefix: goes before the program and its arguments; replaces itself by it (same pid).
        uid, gid: who owns the files it writes, seen from outside.
    """

    prefix: tuple[str, ...]
    uid: int
    gid: int


def identity_for(folder: Path, program: Path) -> Identity:
    """An identity under which `program` runs and can enter `folder`.

    Raises:
        Misconfigured: there is none; the message says what was tried.
    """
    if os.geteuid() != 0:
        return Identity((), os.geteuid(), os.getegid())
    for identity in (*user_namespace(), *other_user()):
        if runs(identity, folder, program):
            return identity
    raise Misconfigured(
        f"PostgreSQL refuses to run as root, and no other identity can enter {folder}"
        f" and run {program}: user namespaces are not permitted here, or the folders above"
        " are closed to other users.",
        reason="no_identity",
        next_step="Start tillbridge as an ordinary user, or keep its folder and installation"
        " where other users may enter (not under /root).",
    )


def user_namespace() -> Iterator[Identity]:
    """Root under an ordinary number, by `unshare` (util-linux 2.34 and later)."""
    unshare = shutil.which("unshare")
    if unshare:
        user = _ordinary_user()
        mask = (f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
        yield Identity((unshare, "--user", *mask, "--"), 0, 0)


def other_user() -> Iterator[Identity]:
    """The user `postgres` where there is one, else `nobody`, by `setpriv` (util-linux)."""
    setpriv = shutil.which("setpriv")
    if setpriv:
        user = _ordinary_user()
        ids = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        yield Identity((setpriv, *ids, "--"), user.pw_uid, user.pw_gid)


def runs(identity: Identity, folder: Path, program: Path) -> bool:
    """Whether the program starts under this identity and the folder can be entered."""
    return all(
        subprocess.run(  # noqa: S603 - fixed programs, no shell, our own paths
            [*identity.prefix, *command],
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        ).returncode
        == 0
        for command in (
            (str(program), "--version"),
            (str(program.with_name("initdb")), "--version"),  # needs the libraries beside it
            ("test", "-x", str(folder)),
        )
    )


def give(tree: Path, identity: Identity) -> None:
    """Makes the identity the owner of a folder and all in it, where it is not already."""
    if os.geteuid() != 0 or tree.stat().st_uid == identity.uid:
        return
    for root, _, files in os.walk(tree):
        os.chown(root, identity.uid, identity.gid)
        for name in files:
            os.chown(Path(root, name), identity.uid, identity.gid, follow_symlinks=False)


def _ordinary_user() -> pwd.struct_passwd:
    """A user with a name (initdb asks for it) who is not root."""
    named = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    if not named:
        raise Misconfigured(
            "PostgreSQL refuses to run as root, and this machine has no other user.",
            reason="no_identity",
            next_step="Add one, for example: useradd --system postgres.",
        )
    return named.get("postgres") or named.get("nobody") or next(iter(named.values()))
