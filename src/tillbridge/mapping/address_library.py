"""The functions about addresses: what they take, what they give, and an example that is true."""

from typing import Final

from tillbridge.mapping import address_functions as addresses
from tillbridge.mapping.function import TEXT_PARAMETER, WHOLE, Function, Parameter
from tillbridge.mapping.value_type import TEXT, ValueType, list_of

_GIVEN: Final = Parameter("address", ("record", "dictionary"))
_PLACE: Final = ValueType("record", fields=dict.fromkeys(addresses.PLACE_PARTS, TEXT), keyed=True)
_ADDRESS: Final = ValueType(
    "record",
    fields=dict.fromkeys((*addresses.PARTS, *addresses.MORE_PARTS), TEXT),
    keyed=True,
)
_DOWNING: Final = "address_of('10 Downing St', '', 'London', '', 'sw1a2aa', 'United Kingdom')"

ADDRESS_FUNCTIONS: Final = (
    Function(
        "address",
        (_GIVEN,),
        _ADDRESS,
        "An address in one form: single spaces, the country and region as their ISO codes, the"
        " postal code as the country writes it. What the country does not know stays and is noted;"
        " region_name and country_name are there as well.",
        f"address({_DOWNING}).postal_code == 'SW1A 2AA' && address({_DOWNING}).country == 'GB'",
        addresses.address,
        notes=True,
    ),
    Function(
        "address_of",
        tuple(Parameter(name) for name in addresses.PLACE_PARTS),
        _PLACE,
        "An address from parts that have other names where they come from.",
        "address_of('1 High St', '', 'Hull', '', 'HU1 1AA', 'GB').city == 'Hull'",
        addresses.address_of,
    ),
    Function(
        "address_from",
        (TEXT_PARAMETER, Parameter("country")),
        _PLACE,
        "The parts of an address that is one text, by its commas or lines. Every word is in one of"
        " them. With '' the country stands last in the text.",
        "address_from('1 High St, Springfield, IL 62701', 'US').region == 'IL'",
        addresses.address_from,
    ),
    Function(
        "address_block",
        (_GIVEN,),
        list_of(TEXT),
        "The lines of an address as its country writes it, the country last. What its form has no"
        " place for has a line of its own.",
        "join(address_block(address_of('Hauptstr. 5', '', 'Berlin', '', '10115', 'DE')), '; ')"
        " == 'Hauptstr. 5; 10115 Berlin; GERMANY'",
        addresses.address_block,
    ),
    Function(
        "fit_lines",
        (
            Parameter("texts", ("list",), of="text"),
            Parameter("count", WHOLE),
            Parameter("width", WHOLE),
        ),
        list_of(TEXT),
        "Exactly so many lines of at most so many characters, parted between words. What does not"
        " fit is an error: nothing is cut.",
        "fit_lines(['Flat 2', 'The Old Mill House'], 3, 12) == ['Flat 2', 'The Old Mill', 'House']",
        addresses.fit_lines,
    ),
)
"""In the order of the reference page."""
