"""Everything an expression can call, in one table.

Checks, the reference page and the examples that run as tests are all drawn from it. `f(a, b)`
and `a.f(b)` are the same call. Each `*_library` declares the functions of one kind, and a
`*_functions` beside it says what they do.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.mapping.address_library import ADDRESS_FUNCTIONS
from tillbridge.mapping.amount_library import AMOUNT_FUNCTIONS
from tillbridge.mapping.function import Function, Parameter
from tillbridge.mapping.list_library import LIST_FUNCTIONS
from tillbridge.mapping.number_library import NUMBER_FUNCTIONS
from tillbridge.mapping.person_library import PERSON_FUNCTIONS
from tillbridge.mapping.text_library import TEXT_FUNCTIONS
from tillbridge.mapping.time_library import TIME_FUNCTIONS
from tillbridge.mapping.value_type import ANY, BOOLEAN

_LOOKING: Final = (
    Function(
        "has",
        (Parameter("field", ()),),
        BOOLEAN,
        "Whether a field is given: it is there, not null and not empty text.",
        "!has(order.custom.note)",
        None,
    ),
    Function(
        "default",
        (Parameter("field", ()), Parameter("otherwise", ())),
        ANY,
        "The field when it is given (see has), else the second value.",
        "default(order.custom.note, 'none') == 'none'",
        None,
    ),
)

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        *_LOOKING,
        *TEXT_FUNCTIONS,
        *NUMBER_FUNCTIONS,
        *AMOUNT_FUNCTIONS,
        *LIST_FUNCTIONS,
        *TIME_FUNCTIONS,
        *PERSON_FUNCTIONS,
        *ADDRESS_FUNCTIONS,
    )
}
