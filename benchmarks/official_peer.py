"""Cybersource's own Python client in an environment of its own, because it replaces urllib3."""

import fcntl
import subprocess
import venv
from pathlib import Path

VERSION = "0.0.80"
HOME = Path(__file__).parents[1] / ".tillbridge" / f"cybersource-client-{VERSION}"
_INSTALL_TIMEOUT_S = 300


class NotInstalledError(Exception):
    """The client cannot be installed here; the message says why."""


def install() -> Path:
    """The Python of that environment; made once, kept, and shared by whoever asks at once.

    Raises:
        NotInstalledError: no packages can be fetched here.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HOME / "installed").exists():
            venv.create(HOME, with_pip=True)
            _pip()
            (HOME / "installed").write_text(VERSION, encoding="utf-8")
    return HOME / "bin" / "python"


def _pip() -> None:
    command: list[str | Path] = [
        HOME / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "setuptools==81.0.0",  # the newest it allows; older ones do not know its dependencies
        f"cybersource-rest-client-python=={VERSION}",
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 (fixed words)
        command, capture_output=True, text=True, check=False, timeout=_INSTALL_TIMEOUT_S
    )
    if done.returncode:
        raise NotInstalledError(done.stderr[-300:])
