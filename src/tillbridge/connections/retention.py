"""How long what has ended is kept where: `history:` in tillbridge.yaml, in days.

history:
  runs: 90
  database: 395
  archive: /mnt/books/tillbridge
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import FILE
from tillbridge.connections.forms import HISTORY, TILLBRIDGE
from tillbridge.mapping.form import Filled, fill, whole_of
from tillbridge.mapping.text import Entries, any_entries, read_text, scalar_of

_OWN = HISTORY.key("flows").value.of


@dataclass(frozen=True, slots=True)
class Retention:
    """Days, unless they count.

    Attributes:
        runs: from its end until a run leaves the working tables, with all it did.
        events, bodies, notices: the same for contents of events, raw deliveries, and what people
            were told.
        database: from a month's end until it is in files only.
        memory: how long a delivery's id is known. Keys of effects, events, attempts and what was
            observed of payments are known for good.
        flows: by flow, what holds instead of `runs`.
        flow_runs_max: so many ended runs of one flow stay in the working tables at most; 0: any.
        archive: the folder of archived months, from the user's folder on.
    """

    runs: int = 90
    events: int = 90
    bodies: int = 30
    notices: int = 30
    database: int = 395
    memory: int = 400
    flows: Mapping[str, int] = field(default_factory=dict)
    flow_runs_max: int = 0
    archive: str = ".tillbridge/archive"


def read_retention(text: str) -> Retention:
    """The `history:` of a tillbridge.yaml; what is not written has its default.

    Raises:
        Misconfigured: with file, line and what to do.
    """
    root = fill(read_text(text, FILE), TILLBRIDGE)
    form = fill(root.node("history") if root.has("history") else Entries({}, root.place), HISTORY)
    retention = Retention(
        runs=form.whole("runs"),
        events=form.whole("events"),
        bodies=form.whole("bodies"),
        notices=form.whole("notices"),
        database=form.whole("database"),
        memory=form.whole("memory"),
        flows=_flows(form),
        flow_runs_max=form.whole("flow_runs_max"),
        archive=_folder(form),
    )
    if retention.memory <= retention.bodies:
        raise Misconfigured(
            f"memory ({retention.memory}) is not longer than bodies ({retention.bodies}): a"
            " delivery would be taken for a new one while its body is still known.",
            reason="short_memory",
            place=form.place,
            next_step="Keep ids longer than contents: raise memory.",
        )
    return retention


def _folder(form: Filled) -> str:
    if form.has("archive"):
        return scalar_of(form.node("archive")).text
    return HISTORY.key("archive").default


def _flows(form: Filled) -> dict[str, int]:
    if not form.has("flows"):
        return {}
    assert _OWN is not None, "the form says what a flow's days are"
    return {
        name: whole_of(node, _OWN) for name, node in any_entries(form.node("flows")).nodes.items()
    }
