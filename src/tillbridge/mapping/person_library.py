"""The functions about people: their names in parts, and their telephone numbers."""

from typing import Final

from tillbridge.mapping import person_functions as people
from tillbridge.mapping.function import TEXT_PARAMETER, Function, Parameter
from tillbridge.mapping.value_type import BOOLEAN, TEXT, ValueType

_NAME: Final = ValueType("record", fields=dict.fromkeys(people.NAME_PARTS, TEXT), keyed=True)
_COUNTRY: Final = Parameter("country")

PERSON_FUNCTIONS: Final = (
    Function(
        "name_parts",
        (TEXT_PARAMETER,),
        _NAME,
        "A person's name as title, first, middle, last, suffix, nickname and maiden. Every word is"
        " in one of them.",
        "name_parts('Dr. Juan Q. de la Vega III').last == 'de la Vega'",
        people.name_parts,
    ),
    Function(
        "phone",
        (TEXT_PARAMETER, _COUNTRY),
        TEXT,
        "A telephone number in the international form of machines; the country is for numbers"
        " without its code.",
        "phone('(020) 7946 0958', 'GB') == '+442079460958'",
        people.phone,
    ),
    Function(
        "phone_format",
        (TEXT_PARAMETER, _COUNTRY, Parameter("style", literal=people.check_style)),
        TEXT,
        "A telephone number as people write it: international or national.",
        "phone_format('+12015550123', '', 'national') == '(201) 555-0123'",
        people.phone_format,
    ),
    Function(
        "is_phone",
        (TEXT_PARAMETER, _COUNTRY),
        BOOLEAN,
        "Whether it is a telephone number.",
        "!is_phone('ask for Ada', 'GB')",
        people.is_phone,
    ),
)
"""In the order of the reference page."""
