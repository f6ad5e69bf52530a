"""What steps answer, as types: what later steps can read by a step's name."""

from typing import Final

from tillbridge.mapping.value_type import INTEGER, TEXT, ValueType, dictionary_of, list_of

ANSWER: Final = ValueType(
    "record",
    fields={"references": dictionary_of(TEXT), "fields": dictionary_of(TEXT)},
    keyed=True,
)
"""What a write, read or notify step answers."""

ANSWERED: Final = ValueType(
    "record",
    fields={
        "answer": ValueType("text", options=("approved", "refused")),
        "by": TEXT,
        "why": TEXT,
    },
    keyed=True,
)
"""What a person answered."""

CALLED: Final = ValueType(
    "record",
    fields={
        "outcome": ValueType("text", options=("started", "done", "cancelled")),
        "fields": dictionary_of(TEXT),
    },
    keyed=True,
)
"""How a called flow ended; "started" when its ending is not waited for."""

FAILURE: Final = "failure"
FAILED: Final = ValueType(
    "record", fields={"step": TEXT, "reason": TEXT, "message": TEXT}, keyed=True
)
"""Why a step failed, under the name `failure` in the steps that follow the failure."""

TAKEN: Final = ValueType(
    "record",
    fields={
        "count": INTEGER,
        "failed": INTEGER,
        "failures": list_of(ValueType("record", fields={"key": TEXT, "message": TEXT}, keyed=True)),
    },
    keyed=True,
)
"""What an `each` answers: how many items it took, and which failed."""
