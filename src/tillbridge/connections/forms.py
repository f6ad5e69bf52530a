"""What may stand in tillbridge.yaml."""

from typing import Final

from tillbridge.connections.error_forms import ERROR_POLICY, ERRORS
from tillbridge.mapping.form import (
    DURATION_VALUE,
    NAME_VALUE,
    TEXT_VALUE,
    TRUTH_VALUE,
    Form,
    Key,
    group,
    language,
    list_of,
    named,
    whole,
)

TIMEOUT_MAX_S: Final = 3_600
REQUESTS_MAX: Final = 1_000_000
BUSY_MAX_S: Final = 1_000_000

CONNECTION: Final = Form(
    "connection",
    "One configured connector.",
    (
        Key("connector", NAME_VALUE, "which; `tillbridge connectors` lists them", required=True),
        Key("settings", named(TEXT_VALUE), "by name; a secret setting holds its secret's name"),
        Key("environments", named(named(TEXT_VALUE)), "settings that differ, by environment"),
        Key("pays_through", TEXT_VALUE, "of a shop: the payment connection of its checkouts"),
        Key(
            "authorizes_with", TEXT_VALUE, "of a shop: the mapping of its checkouts' authorizations"
        ),
        Key("limits", group("limits"), "how much it may be asked, where it differs"),
        Key("timeout", whole(1, TIMEOUT_MAX_S), "seconds until a call is unanswered", default="30"),
        Key("errors", group("errors"), "what follows errors, where it differs"),
    ),
)
LIMITS: Final = Form(
    "limits",
    "How much a connection may be asked, by all processes together; 0 for no limit. What is not"
    " written is as the connector declares it.",
    (
        Key("per_second", whole(0, REQUESTS_MAX), "requests in any second"),
        Key("per_minute", whole(0, REQUESTS_MAX), "requests in any minute"),
        Key("requests", whole(0, REQUESTS_MAX), "requests in any `window`"),
        Key("busy", whole(0, BUSY_MAX_S), "seconds of its working time in any `window`"),
        Key("window", DURATION_VALUE, "how long the window is, up to an hour"),
        Key("at_once", whole(0, 10_000), "requests in flight"),
        Key("checkout_share", whole(0, 90), "percent of all that only checkouts use", default="20"),
    ),
)
ALERTS: Final = Form(
    "alerts",
    "When people are told, and through what.",
    (
        Key("tell", list_of(NAME_VALUE), "connections that write the document notification"),
        Key("every", DURATION_VALUE, "how often is looked", default="30s"),
        Key("oldest_waiting", DURATION_VALUE, "work made no progress for so long", default="15m"),
        Key("dead_letters", whole(0, 1_000_000), "so many of a class; 0: never", default="1"),
        Key("unknown_age", DURATION_VALUE, "a call is without an answer for so long", default="1h"),
        Key("hold_life", DURATION_VALUE, "how long an issuer keeps a hold", default="7d"),
        Key("hold_expiry", DURATION_VALUE, "told so long before a hold's end", default="1d"),
        Key("gate_closed", DURATION_VALUE, "a connection takes no work for so long", default="10m"),
        Key("pull_late", DURATION_VALUE, "lost webhooks not looked for so long", default="1h"),
        Key("unplaced", whole(0, 1_000_000), "finds of no payment of ours; 0: never", default="1"),
        Key("watchdog", TRUTH_VALUE, "whether events are sent to watch flows", default="true"),
        Key("watchdog_every", DURATION_VALUE, "how often they are", default="1m"),
        Key("flow_silent", DURATION_VALUE, "none came through for so long", default="10m"),
        Key("quiet", DURATION_VALUE, "not found for so long, it has ended", default="5m"),
    ),
)
DAYS_MAX: Final = 36_500
_DAYS = whole(1, DAYS_MAX)
HISTORY: Final = Form(
    "history",
    "How long what has ended is kept where, in days.",
    (
        Key("runs", _DAYS, "until ended runs leave the working tables", default="90"),
        Key("events", _DAYS, "until contents of events do", default="90"),
        Key("bodies", _DAYS, "until raw deliveries do", default="30"),
        Key("notices", _DAYS, "until notices and alerts that are over do", default="30"),
        Key("flows", named(_DAYS), "by flow, what holds instead of runs"),
        Key("flow_runs_max", whole(0, 10**10), "ended runs of one flow; 0: any", default="0"),
        Key("database", _DAYS, "from a month's end until it is in files only", default="395"),
        Key("archive", TEXT_VALUE, "the folder of these files", default=".tillbridge/archive"),
        Key("memory", whole(180, DAYS_MAX), "until a delivery's id is forgotten", default="400"),
    ),
)
TILLBRIDGE: Final = Form(
    "tillbridge",
    "Connections by name.",
    (
        Key("title", TEXT_VALUE, "for people"),
        Key("environment", TEXT_VALUE, "whose settings hold when none is named"),
        Key("connections", named(group("connection")), "by name", required=True),
        Key("alerts", group("alerts"), "when people are told, and through what"),
        Key("history", group("history"), "how long what has ended is kept where"),
    ),
)
CONFIGURATION_LANGUAGE: Final = language(
    "tillbridge",
    "The connections of a Tillbridge folder",
    "tillbridge",
    (TILLBRIDGE, CONNECTION, LIMITS, ALERTS, HISTORY, ERRORS, ERROR_POLICY),
)
