"""When people are told, and through which connections: `alerts:` in tillbridge.yaml.

alerts:
  tell: [chat, mail]
  oldest_waiting: 15m
  dead_letters: 1
"""

from dataclasses import dataclass, replace

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import FILE, Configured
from tillbridge.connections.forms import ALERTS, TILLBRIDGE
from tillbridge.mapping.form import Filled, fill
from tillbridge.mapping.text import Entries, Node, read_text, scalar_of, unknown

NOTIFICATION = "notification"
EVERY_MIN_S = 1.0
WATCHDOG_MIN_S = 5.0
SILENT_MIN_S = 30.0
"""However much the world is sped up: looking costs our own processor time."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """Thresholds, in seconds unless they count.

    Attributes:
        tell: connections that write the document `notification`; none: alerts are listed only.
        every_s: how often is looked.
        oldest_waiting_s: work that waits for us or a system has made no progress for so long.
        dead_letters: so many of one class are open; 0 for never.
        unknown_age_s: an effect is without an answer for so long.
        hold_life_s: how long an issuer keeps a hold.
        hold_expiry_s: so long before that end somebody is told.
        gate_closed_s: a connection takes no work for so long.
        pull_late_s: a payment system was not asked for so long what its webhooks lost.
        unplaced: so many operations there fit no payment of ours; 0 for never.
        watchdog: whether events that mean nothing are sent through every flow.
        watchdog_every_s: how often.
        flow_silent_s: none has come through for so long.
        quiet_s: a condition that is not found for so long has ended.
    """

    tell: tuple[str, ...] = ()
    every_s: float = 30.0
    oldest_waiting_s: float = 900.0
    dead_letters: int = 1
    unknown_age_s: float = 3_600.0
    hold_life_s: float = 7 * 86_400.0
    hold_expiry_s: float = 86_400.0
    gate_closed_s: float = 600.0
    pull_late_s: float = 3_600.0
    unplaced: int = 1
    watchdog: bool = True
    watchdog_every_s: float = 60.0
    flow_silent_s: float = 600.0
    quiet_s: float = 300.0

    def divided(self, factor: float) -> "Alerting":
        """The same with every wait divided."""
        return replace(
            self,
            every_s=max(self.every_s / factor, EVERY_MIN_S),
            oldest_waiting_s=self.oldest_waiting_s / factor,
            unknown_age_s=self.unknown_age_s / factor,
            hold_life_s=self.hold_life_s / factor,
            hold_expiry_s=self.hold_expiry_s / factor,
            gate_closed_s=self.gate_closed_s / factor,
            pull_late_s=self.pull_late_s / factor,
            watchdog_every_s=max(self.watchdog_every_s / factor, WATCHDOG_MIN_S),
            flow_silent_s=max(self.flow_silent_s / factor, SILENT_MIN_S),
            quiet_s=self.quiet_s / factor,
        )


def read_alerting(text: str, connections: dict[str, Configured]) -> Alerting:
    """The `alerts:` of a tillbridge.yaml; what is not written has its default.

    Raises:
        Misconfigured: with file, line and what to do.
    """
    root = fill(read_text(text, FILE), TILLBRIDGE)
    form = fill(root.node("alerts") if root.has("alerts") else _nothing(root), ALERTS)
    alerting = Alerting(
        tell=tuple(_channel(node, connections) for node in form.items("tell")),
        every_s=form.seconds("every"),
        oldest_waiting_s=form.seconds("oldest_waiting"),
        dead_letters=form.whole("dead_letters"),
        unknown_age_s=form.seconds("unknown_age"),
        hold_life_s=form.seconds("hold_life"),
        hold_expiry_s=form.seconds("hold_expiry"),
        gate_closed_s=form.seconds("gate_closed"),
        pull_late_s=form.seconds("pull_late"),
        unplaced=form.whole("unplaced"),
        watchdog=form.truth("watchdog"),
        watchdog_every_s=form.seconds("watchdog_every"),
        flow_silent_s=form.seconds("flow_silent"),
        quiet_s=form.seconds("quiet"),
    )
    if alerting.hold_expiry_s >= alerting.hold_life_s:
        raise Misconfigured(
            "hold_expiry is not shorter than hold_life: every hold would be an alert at once.",
            reason="bad_alerts",
            place=form.place,
            next_step="Write how long before a hold's end you want to know, such as 1d.",
        )
    return alerting


def _channel(node: Node, connections: dict[str, Configured]) -> str:
    name = scalar_of(node)
    if name.text not in connections:
        raise unknown("connection", name.text, connections, name.place)
    return name.text


def _nothing(root: Filled) -> Entries:
    return Entries({}, root.place)
