"""What may stand in tillbridge.yaml."""

from typing import Final

from tillbridge.mapping.form import (
    NAME_VALUE,
    TEXT_VALUE,
    Form,
    Key,
    group,
    language,
    named,
    whole,
)

TIMEOUT_MAX_S: Final = 3_600

CONNECTION: Final = Form(
    "connection",
    "One configured connector.",
    (
        Key("connector", NAME_VALUE, "which; `tillbridge connectors` lists them", required=True),
        Key("settings", named(TEXT_VALUE), "by name; a secret setting holds its secret's name"),
        Key("environments", named(named(TEXT_VALUE)), "settings that differ, by environment"),
        Key("pays_through", TEXT_VALUE, "of a shop: the payment connection of its checkouts"),
        Key("timeout", whole(1, TIMEOUT_MAX_S), "seconds until a call is unanswered", default="30"),
    ),
)
TILLBRIDGE: Final = Form(
    "tillbridge",
    "Connections by name.",
    (
        Key("title", TEXT_VALUE, "for people"),
        Key("environment", TEXT_VALUE, "whose settings hold when none is named"),
        Key("connections", named(group("connection")), "by name", required=True),
    ),
)
CONFIGURATION_LANGUAGE: Final = language(
    "tillbridge", "The connections of a Tillbridge folder", "tillbridge", (TILLBRIDGE, CONNECTION)
)
