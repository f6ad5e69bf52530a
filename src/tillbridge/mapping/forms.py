"""What may stand in a mapping's file."""

from typing import Final

from tillbridge.mapping.form import ANYTHING, Value, named

RULES: Final[Value] = named(ANYTHING)
"""Rules by target field."""
