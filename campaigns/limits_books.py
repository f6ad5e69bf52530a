"""The books of the limits campaign: an organization with Dataverse's limits, and writes for it.

Each write is one request: a payment transaction. It is asked for by an event, and written by
whichever of the workers comes first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Payment

FLOW: Final = """
flow: many-writes
title: One row for each payment
lane: dynamics
starts_on: [payment.authorized]
steps:
  - write: booked
    to: dynamics
    document: payment_transaction
    ordinal: payment.attempt_key
    fields:
      requestid: payment.authorization_id
      type: "'authorization'"
      status: "'approved'"
      amount: payment.authorized
      merchantreference: payment.order_number
"""
_MOMENT: Final = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Load:
    """How much is written, and what the organization takes of it.

    Attributes:
        writes: how many.
        requests, at_once: its limits; `requests` in any 300 s, which the factor divides.
        takes_s: how long it works on each, real seconds.
    """

    writes: int
    factor: float
    requests: int
    at_once: int
    takes_s: float
    seed: int = 7
    busy_s: float = 1_200.0
    window_s: float = 300.0

    @property
    def limit_per_s(self) -> float:
        """Requests a real second, on average, that the limit allows."""
        return self.requests * self.factor / self.window_s


def world_settings(load: Load) -> str:
    """The simulated organization, as tillbridge_simulators.world takes it."""
    return json.dumps(
        {
            "factor": load.factor,
            "seed": load.seed,
            "systems": ["dynamics365"],
            "tethered": False,
            "dynamics365": {
                "key_lag_s": 0,
                "requests_max": load.requests,
                "busy_max_s": load.busy_s,
                "at_once_max": load.at_once,
                "takes_s": load.takes_s * load.factor,
            },
        }
    )


def write_folder(folder: Path, address: Mapping[str, Any], load: Load) -> None:
    """A user's folder with that one connection and that one flow. Limits of the connector's own
    are not written, so that it is those that hold."""
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "many-writes.yaml").write_text(FLOW)
    settings = {
        "organization_url": address["url"],
        "authority_url": address["url"],
        "tenant": "contoso",
        "client_id": "tillbridge-app",
        "client_secret": "dynamics",
        "connections_max": 100,
    }
    limits = {} if load.requests == 6_000 else {"requests": load.requests, "at_once": load.at_once}
    books = {"connector": "dynamics365", "timeout": 60, "limits": limits, "settings": settings}
    if not limits:
        del books["limits"]
    text = json.dumps({"connections": {"dynamics": books}}, indent=2)
    (folder / "tillbridge.yaml").write_text(text)


def secrets() -> dict[str, str]:
    """The folder's secret as an environment variable."""
    return {"TILLBRIDGE_SECRET_DYNAMICS": "dynamics-simulator-secret"}


def event(number: int) -> Event:
    """A payment that is to be booked."""
    subject = f"L{number:06}"
    payment = Payment(
        connection="cybersource",
        order_number=subject,
        attempt_key=f"attempt-{subject}",
        state=AttemptState.AUTHORIZED,
        authorized=Money.of("12.34", "USD"),
        captured=Money.of("0.00", "USD"),
        authorization_id=f"R{number:06}",
    )
    return Event(
        id=f"paid-{subject}",
        source="cybersource",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject=subject,
        occurred_at=_MOMENT,
        data=EventData(payment=payment),
    )


def booked(log: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What the organization's own log says was written."""
    return [entry for entry in log if entry["kind"] == "payment_transaction"]
