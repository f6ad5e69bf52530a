"""A user's connections pointed at simulators: the same names, settings and flows, other addresses.

Nothing that could reach a real system is left: addresses, identities and secrets are all replaced.
What a person has set about behaviour (locations, policies, time-outs) stays, unless the simulated
system does not know it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import Configured
from tillbridge.connector.settings import declared

Address: TypeAlias = Mapping[str, Any]
"""What a connection to one simulated system needs, as tillbridge_simulators.world prints it."""

SHOP_SECRET = "the simulated shop's signing secret, made up"  # noqa: S105 (it opens a simulator)
WEBHOOK_KEYS = "bf44c857-b182-bb05-e053-34b8d30a7a72:d2ViaG9vay1zaWduaW5nLWtleS1mb3ItdGVzdHM="
"""The digital signature key of the simulated Cybersource (its Subscription's defaults)."""
LOCK_WAIT_S = 120
"""Divided by the factor like every wait; transactions in Sage Pro take real time, which is not."""
LOCATIONS = ("MAIN", "WEB")
SYSTEMS: Final = {
    "cybersource": "cybersource",
    "dynamics365": "dynamics365",
    "sagepro": "sagepro",
    "shop": "shop",
}
"""By connector, the simulated system that stands for it."""
ONE_OF_EACH = ("cybersource", "shop")
STOOD_IN = "simulated"
"""The value of every secret of a connection that no simulator stands for."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """A folder's connections, pointed.

    Attributes:
        text: of a tillbridge.yaml.
        secrets: their values by the names that text uses.
        stood_in: the connections no simulator stands for; they must never make a call.
    """

    text: str
    secrets: Mapping[str, str]
    stood_in: tuple[str, ...]


def systems_of(configured: Mapping[str, Configured]) -> list[str]:
    """The simulated systems that these connections need.

    Raises:
        Misconfigured: two connections of a kind of which the simulated world has one.
    """
    for connector in ONE_OF_EACH:
        names = [one.name for one in configured.values() if one.connector.name == connector]
        if len(names) > 1:
            raise Misconfigured(
                f"The simulated world has one {connector}, and here are {' and '.join(names)}.",
                reason="too_many_systems",
                place=configured[names[1]].place,
                next_step="Test a folder with one of them.",
            )
    found = {SYSTEMS.get(one.connector.name) for one in configured.values()}
    return [name for name in SYSTEMS.values() if name in found]


def connection_of(configured: Mapping[str, Configured], system: str) -> str:
    """The first connection that a system stands for; "" when there is none."""
    fitting = (one.name for one in configured.values() if SYSTEMS.get(one.connector.name) == system)
    return next(fitting, "")


def point(
    configured: Mapping[str, Configured],
    addresses: Mapping[str, Address],
    changes: Mapping[str, Mapping[str, str]] | None = None,
) -> Pointed:
    """The connections of a folder over the simulated systems; `changes` by connector win."""
    secrets: dict[str, str] = {}
    lines = ["title: Over simulators", "connections:"]
    stood_in = []
    for name, item in configured.items():
        connector = item.connector.name
        system = SYSTEMS.get(connector)
        if system is None:
            settings = _stood_in(item, secrets)
            stood_in.append(name)
        else:
            settings = _pointed(item, addresses[system], secrets)
        settings |= (changes or {}).get(connector, {})
        lines += _connection(item, settings)
    return Pointed("\n".join(lines) + "\n", secrets, tuple(stood_in))


def _pointed(item: Configured, address: Address, secrets: dict[str, str]) -> dict[str, str]:
    dropped, pointed = _POINTED[item.connector.name]
    kept = {name: value for name, value in item.settings.items() if name not in dropped}
    for name in _secret_settings(item):
        kept.pop(name, None)
    settings, values = pointed(item, address)
    for name, value in values.items():
        secret = f"simulated_{item.name.replace('-', '_')}_{name}"
        settings[name] = secret
        secrets[secret] = value
    return kept | settings


def _stood_in(item: Configured, secrets: dict[str, str]) -> dict[str, str]:
    settings = dict(item.without_optional_secrets().settings)
    for name in _secret_settings(item):
        if name in settings:
            settings[name] = f"simulated_{item.name.replace('-', '_')}_{name}"
            secrets[settings[name]] = STOOD_IN
    return settings


def _secret_settings(item: Configured) -> Iterable[str]:
    return [one.name for one in declared(item.connector.settings) if one.secret]


def _connection(item: Configured, settings: Mapping[str, str]) -> list[str]:
    lines = [f"  {json.dumps(item.name)}:", f"    connector: {item.connector.name}"]
    if item.pays_through:
        lines.append(f"    pays_through: {json.dumps(item.pays_through)}")
    if item.authorizes_with:
        lines.append(f"    authorizes_with: {json.dumps(item.authorizes_with)}")
    lines += [f"    timeout: {item.timeout_s:.0f}", "    settings:"]
    lines += [f"      {name}: {json.dumps(str(value))}" for name, value in settings.items()]
    return lines


Settings: TypeAlias = tuple[dict[str, str], dict[str, str]]
"""Settings, and the values of secret settings."""


def _shop(item: Configured, address: Address) -> Settings:
    return (
        {"id": item.settings.get("id", item.name), "status_url": str(address["status_url"])},
        {"signing_secret": SHOP_SECRET},
    )


def _cybersource(_: Configured, address: Address) -> Settings:
    return (
        {
            "merchant_id": str(address["merchant_id"]),
            "key_id": str(address["key_id"]),
            "base_url": str(address["url"]),
        },
        {"secret_key": str(address["secret_key"]), "webhook_keys": WEBHOOK_KEYS},
    )


def _dynamics(_: Configured, address: Address) -> Settings:
    return (
        {
            "organization_url": str(address["url"]),
            "authority_url": str(address["url"]),
            "tenant": "contoso",
            "client_id": "tillbridge-app",
        },
        {"client_secret": "dynamics-simulator-secret"},
    )


def _sage(item: Configured, address: Address) -> Settings:
    location = item.settings.get("location", "")
    return (
        {
            "host": str(address["host"]),
            "port": str(address["port"]),
            "user": "tillbridge",
            "company_database": "PRO05",
            "company_id": "05",
            "location": location if location in LOCATIONS else LOCATIONS[0],
            "lock_wait_s": str(LOCK_WAIT_S),
        },
        {"password": "sandbox"},
    )


_POINTED: Final[Mapping[str, tuple[frozenset[str], Callable[[Configured, Address], Settings]]]] = {
    "shop": (frozenset(), _shop),
    "cybersource": (frozenset(), _cybersource),
    "dynamics365": (
        frozenset({"tls_ca", "hold_status", "guest_account", "price_list", "api_version"}),
        _dynamics,
    ),
    "sagepro": (
        frozenset(
            {
                *("authority_file", "system_database", "guest_customer", "hold_column"),
                *("hold_value", "released_value", "payment_id_column", "freight_item"),
                *("discount_item", "tax_item", "currency"),
            }
        ),
        _sage,
    ),
}
"""By connector: the settings that fit only a real system, and how it is pointed."""
