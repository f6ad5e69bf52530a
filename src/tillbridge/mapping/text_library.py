"""The functions about texts: what they take, what they give, and an example that is true."""

from typing import Final

from tillbridge.mapping import text_functions as texts
from tillbridge.mapping.cut import truncate
from tillbridge.mapping.function import TEXT_PARAMETER, WHOLE, Function, Parameter
from tillbridge.mapping.pattern import compile_pattern
from tillbridge.mapping.value_type import BOOLEAN, INTEGER, TEXT, Sort, list_of

_WRITABLE: Final[tuple[Sort, ...]] = (
    "text", "integer", "decimal", "boolean", "date", "instant",
)  # fmt: skip

TEXT_FUNCTIONS: Final = (
    Function(
        "concat",
        (TEXT_PARAMETER,),
        TEXT,
        "Texts one after the other.",
        "concat('a', 'b', 'c') == 'abc'",
        texts.concat,
        repeats=True,
    ),
    Function("upper", (TEXT_PARAMETER,), TEXT, "In capitals.", "upper('aé') == 'AÉ'", texts.upper),
    Function(
        "lower", (TEXT_PARAMETER,), TEXT, "In small letters.", "'ABC'.lower() == 'abc'", texts.lower
    ),
    Function(
        "trim",
        (TEXT_PARAMETER,),
        TEXT,
        "Without the white space at both ends.",
        "trim(' a b ') == 'a b'",
        texts.trim,
    ),
    Function(
        "left",
        (TEXT_PARAMETER, Parameter("count", WHOLE)),
        TEXT,
        "The first so many characters; to make a text fit, truncate says what was lost.",
        "left('abcdef', 3) == 'abc'",
        texts.left,
    ),
    Function(
        "truncate",
        (TEXT_PARAMETER, Parameter("width", WHOLE)),
        TEXT,
        "At most so many characters, never a part of a letter; a cut is noted with what was lost.",
        "truncate('abcdef', 4) == 'abcd' && truncate('abc', 4) == 'abc'",
        truncate,
        notes=True,
    ),
    Function(
        "rest",
        (TEXT_PARAMETER, Parameter("width", WHOLE)),
        TEXT,
        "What truncate(text, width) leaves out, for another field to take.",
        "rest('abcdef', 4) == 'ef' && rest('abc', 4) == ''",
        texts.rest,
    ),
    Function(
        "right",
        (TEXT_PARAMETER, Parameter("count", WHOLE)),
        TEXT,
        "The last so many characters.",
        "right('abcdef', 2) == 'ef'",
        texts.right,
    ),
    Function(
        "replace",
        (TEXT_PARAMETER, Parameter("old"), Parameter("new")),
        TEXT,
        "With every old text replaced by the new one.",
        "replace('a-b-c', '-', '') == 'abc'",
        texts.replace,
    ),
    Function(
        "pad_left",
        (TEXT_PARAMETER, Parameter("width", WHOLE), Parameter("fill")),
        TEXT,
        "Filled up on the left to a width; a longer text stays as it is.",
        "pad_left('42', 5, '0') == '00042'",
        texts.pad_left,
    ),
    Function(
        "pad_right",
        (TEXT_PARAMETER, Parameter("width", WHOLE), Parameter("fill")),
        TEXT,
        "Filled up on the right to a width; a longer text stays as it is.",
        "pad_right('ab', 4, '.') == 'ab..'",
        texts.pad_right,
    ),
    Function(
        "split",
        (TEXT_PARAMETER, Parameter("separator")),
        list_of(TEXT),
        "The parts between the separators.",
        "split('1 High St, Hull', ', ')[1] == 'Hull'",
        texts.split,
    ),
    Function(
        "join",
        (Parameter("parts", ("list",), of="text"), Parameter("separator")),
        TEXT,
        "The texts of a list with the separator between them.",
        "join(['Ada', 'King'], ' ') == 'Ada King'",
        texts.join,
    ),
    Function(
        "join_given",
        (Parameter("parts", ("list",), of="text"), Parameter("separator")),
        TEXT,
        "The texts of a list that are not empty, with the separator between them.",
        "join_given(['Ada', '', 'King'], ' ') == 'Ada King'",
        texts.join_given,
    ),
    Function(
        "size",
        (Parameter("value", ("text", "list", "dictionary")),),
        INTEGER,
        "How many characters, items or names.",
        "size('Ünï') == 3",
        texts.size,
    ),
    Function(
        "contains",
        (TEXT_PARAMETER, Parameter("part")),
        BOOLEAN,
        "Whether the part stands somewhere in the text.",
        "'abc'.contains('b')",
        texts.contains,
    ),
    Function(
        "starts_with",
        (TEXT_PARAMETER, Parameter("start")),
        BOOLEAN,
        "Whether the text starts so.",
        "'abc'.starts_with('ab')",
        texts.starts_with,
    ),
    Function(
        "ends_with",
        (TEXT_PARAMETER, Parameter("end")),
        BOOLEAN,
        "Whether the text ends so.",
        "'abc'.ends_with('bc')",
        texts.ends_with,
    ),
    Function(
        "matches",
        (TEXT_PARAMETER, Parameter("pattern", literal=compile_pattern)),
        BOOLEAN,
        "Whether a regular expression matches anywhere in the text; ^ and $ tie it to the ends.",
        "'SO-1042'.matches('^SO-[0-9]+$')",
        texts.matches,
        works=True,
    ),
    Function(
        "text",
        (Parameter("value", _WRITABLE),),
        TEXT,
        "A number, true or false, a date or an instant written out.",
        "text(1.50) == '1.50' && text(true) == 'true'",
        texts.text_from,
    ),
    Function(
        "boolean",
        (TEXT_PARAMETER,),
        BOOLEAN,
        "True or false from those words; any other text is refused.",
        "boolean('true') && !boolean('false')",
        texts.boolean,
    ),
)
"""In the order of the reference page."""
