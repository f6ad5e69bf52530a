"""What may stand under `errors:` of a connection in tillbridge.yaml."""

from typing import Final, Literal, TypeAlias, get_args

from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.mapping.form import DURATION_VALUE, TEXT_VALUE, Form, Key, group, whole, words

Person: TypeAlias = Literal["shop", "operator", "engineer", "accountant"]
"""Whose turn a dead letter is."""

ERROR_POLICY: Final = Form(
    "error policy",
    "What follows an error of one class; what is not written stays as it is by default.",
    (
        Key("tries", whole(1, 1_000), "how often a step is taken, before a person has it"),
        Key("wait", DURATION_VALUE, "between the first two tries; doubled each time"),
        Key("longest_wait", DURATION_VALUE, "no wait is longer"),
        Key("give_up_after", DURATION_VALUE, "so long after the first failure a person has it"),
        Key("tell", words(*get_args(Person)), "whose turn it is then"),
        Key("next_step", TEXT_VALUE, "what that person does, in a sentence"),
    ),
    example="""errors:
  transient: {tries: 20, longest_wait: 10m}
  connection: {give_up_after: 3d}
""",
)
ERRORS: Final = Form(
    "errors",
    "What follows errors at this connection, by class.",
    tuple(
        Key(error_class, group("error policy"), "see the [classes](errors.md)")
        for error_class in ErrorClass
    ),
)
