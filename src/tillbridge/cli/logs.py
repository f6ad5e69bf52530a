"""What long-running commands write about themselves: one line an entry, nothing secret in it.

TILLBRIDGE_LOG_FORMAT  text (default) or json
TILLBRIDGE_LOG_LEVEL   debug: a line for each delivery, checkout, turn and outgoing call;
                       info (default): what was refused or went wrong; warning; error
"""

import logging
import os
from collections.abc import Mapping

from tillbridge.canonical.errors import Misconfigured
from tillbridge.watch.log_line import Line, Secrecy

FORMAT = "TILLBRIDGE_LOG_FORMAT"
LEVEL = "TILLBRIDGE_LOG_LEVEL"
FORMATS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")


def write_logs(role: str, environment: Mapping[str, str] = os.environ) -> None:
    """Sends log entries to the error stream. Raises Misconfigured for a wrong setting."""
    form = _one_of(environment, FORMAT, FORMATS, "text")
    level = _one_of(environment, LEVEL, LEVELS, "info").upper()
    stream = logging.StreamHandler()
    stream.setFormatter(Line(role, json=form == "json", secrecy=Secrecy()))
    logging.basicConfig(level=logging.WARNING, handlers=[stream], force=True)
    logging.getLogger("tillbridge").setLevel(level)
    logging.getLogger("asyncpg").setLevel(logging.ERROR)  # a lost database is told by who needs it


def _one_of(
    environment: Mapping[str, str], name: str, options: tuple[str, ...], default: str
) -> str:
    given = environment.get(name, default).lower()
    if given not in options:
        raise Misconfigured(
            f"{name} is {given!r}.",
            reason="bad_setting",
            next_step=f"Set it to one of {', '.join(options)}.",
        )
    return given
