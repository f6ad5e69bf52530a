"""The user's tillbridge.yaml: connections by name and environment.

    environment: production
    connections:
      webshop:
        connector: shop
        pays_through: cybersource
        settings: {id: webshop, signing_secret: webshop_signing, status_url: https://...}
      cybersource:
        connector: cybersource
        timeout: 60
        limits: {per_second: 20, checkout_share: 40}
        settings: {merchant_id: acme, key_id: ..., secret_key: cybersource_key}
        environments:
          qa: {base_url: https://apitest.cybersource.com}

There is no secret in it: where a setting takes one, the text names it, and its value is kept
sealed in the database (`tillbridge secrets set NAME`) or given as TILLBRIDGE_SECRET_NAME.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connections.forms import CONNECTION, LIMITS, TILLBRIDGE
from tillbridge.connector.connector import Connector
from tillbridge.connector.limits import Limits
from tillbridge.connector.settings import Secret, declared, parse_settings
from tillbridge.mapping.form import Filled, fill
from tillbridge.mapping.text import Entries, Node, any_entries, read_text, scalar_of, unknown

FILE = "tillbridge.yaml"
WINDOW_MAX_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Configured:
    """One connection as the text says it.

    Attributes:
        settings: by name, as text; secret settings hold the secret's name.
        pays_through: for a shop: the payment connection of its checkouts; "" for others.
        authorizes_with: for a shop: the mapping that fills its checkouts' authorizations; "" for
            the one that is built in.
        timeout_s: seconds until an unanswered call counts as unanswered.
        limits: what it may be asked: its connector's own, changed by `limits:`.
        checkout_percent: how much of that is kept for checkouts; 0 where none pays through it.
    """

    name: str
    connector: Connector
    settings: Mapping[str, str]
    pays_through: str
    timeout_s: float
    place: Place
    authorizes_with: str = ""
    limits: Limits = Limits()
    checkout_percent: int = 0

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The names of the secrets it needs."""
        secret = {item.name for item in declared(self.connector.settings) if item.secret}
        return tuple(value for name, value in self.settings.items() if name in secret and value)

    def without_optional_secrets(self) -> "Configured":
        """The same with every secret left out that may be left out."""
        optional = {
            item.name
            for item in declared(self.connector.settings)
            if item.secret and not item.required
        }
        kept = {name: value for name, value in self.settings.items() if name not in optional}
        return replace(self, settings=kept)

    def parse(self, secret_of: Callable[[str], Secret]) -> object:
        """Its settings as the connector wants them. Raises Misconfigured with the place."""
        secret = {item.name for item in declared(self.connector.settings) if item.secret}
        given = {
            name: secret_of(value) if name in secret and value else value
            for name, value in self.settings.items()
        }
        return parse_settings(self.connector.settings, given, self.place)


def read_configuration(
    text: str, environment: str, installed: Mapping[str, Connector]
) -> dict[str, Configured]:
    """The connections of one environment ("" for the one the file names).

    Raises:
        Misconfigured: with file, line and what to do.
    """
    root = fill(read_text(text, FILE), TILLBRIDGE).entries
    chosen = environment
    if not chosen and "environment" in root.nodes:
        chosen = scalar_of(root.nodes["environment"]).text
    found = {
        name: _connection(name, node, chosen, installed)
        for name, node in any_entries(root.nodes["connections"]).nodes.items()
    }
    for item in found.values():
        if item.pays_through and item.pays_through not in found:
            raise unknown("connection", item.pays_through, found, item.place)
    paying = {item.pays_through for item in found.values()}
    for name in set(found) - paying:  # no shopper waits for it
        found[name] = replace(found[name], checkout_percent=0)
    _check_one_shop_each(found)
    return found


def _check_one_shop_each(found: Mapping[str, Configured]) -> None:
    """Orders are told apart by their number, which two shops may both use."""
    shops: dict[str, Configured] = {}
    for item in found.values():
        if not item.pays_through:
            continue
        other = shops.setdefault(item.pays_through, item)
        if other is not item:
            raise Misconfigured(
                f"The shops {other.name!r} and {item.name!r} both pay through"
                f" {item.pays_through!r}: orders of the same number would be taken for one.",
                reason="shared_payments",
                place=item.place,
                next_step="Give each shop a payment connection of its own.",
            )


def _connection(
    name: str, node: Node, environment: str, installed: Mapping[str, Connector]
) -> Configured:
    form = fill(node, CONNECTION)
    entries = form.entries
    nothing = Entries({}, entries.place)
    limited = fill(form.node("limits") if form.has("limits") else nothing, LIMITS)
    wanted = scalar_of(entries.nodes["connector"])
    if wanted.text not in installed:
        raise unknown("connector", wanted.text, installed, wanted.place)
    settings: dict[str, str] = {}
    if "settings" in entries.nodes:
        for key, value in any_entries(entries.nodes["settings"]).nodes.items():
            settings[key] = scalar_of(value).text
    if "environments" in entries.nodes:
        by_environment = any_entries(entries.nodes["environments"]).nodes
        if environment in by_environment:
            for key, value in any_entries(by_environment[environment]).nodes.items():
                settings[key] = scalar_of(value).text
    return Configured(
        name=name,
        connector=installed[wanted.text],
        settings=settings,
        pays_through=_text(entries, "pays_through"),
        authorizes_with=_text(entries, "authorizes_with"),
        timeout_s=float(form.whole("timeout")),
        place=entries.place,
        limits=_limits(limited, installed[wanted.text].limits),
        checkout_percent=limited.whole("checkout_share"),
    )


def _limits(given: Filled, declared: Limits) -> Limits:
    """The connector's own limits, with what the text says instead."""
    counts = {
        key: given.whole(key)
        for key in ("per_second", "per_minute", "requests", "at_once")
        if given.has(key)
    }
    busy_s = float(given.whole("busy")) if given.has("busy") else declared.busy_s
    window_s = float(given.seconds("window")) if given.has("window") else declared.window_s
    if window_s > WINDOW_MAX_S:
        raise Misconfigured(
            f"A window of {window_s:,.0f} s is too long to be counted.",
            reason="bad_limits",
            place=given.node("window").place,
            next_step="Write one of at most 1h, with so many requests fewer.",
        )
    return replace(declared, busy_s=busy_s, window_s=window_s, **counts)


def _text(entries: Entries, key: str) -> str:
    node = entries.nodes.get(key)
    return scalar_of(node).text if node is not None else ""
