"""The connectors that are installed: ours and strangers' come through the same door."""

from importlib.metadata import entry_points

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.connector import Connector

GROUP = "tillbridge.connectors"


def installed_connectors() -> dict[str, Connector]:
    """Every connector by name, in alphabetical order.

    Raises:
        Misconfigured: an entry point does not lead to a Connector, or two claim one name.
    """
    found: dict[str, Connector] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        value = point.load()
        if not isinstance(value, Connector) or value.name != point.name:
            raise Misconfigured(
                f"The entry point {point.name!r} ({point.value}) is not a Connector of that name.",
                next_step="Correct or uninstall that package.",
            )
        if value.name in found:
            raise Misconfigured(
                f"Two installed packages offer the connector {value.name!r}.",
                next_step="Uninstall one of them.",
            )
        found[value.name] = value
    return found
