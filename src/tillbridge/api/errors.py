"""Error policies over HTTP: what follows errors, by class, as it holds at each connection."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import AHouse, Looking
from tillbridge.connections.error_policies import ErrorPolicy

router = APIRouter(prefix="/errors", tags=["errors"])


@dataclass(frozen=True, slots=True)
class Policies:
    """The standard table, and by connection the rows that tillbridge.yaml says otherwise.

    Waits are in seconds.
    """

    standard: list[ErrorPolicy]
    connections: dict[str, list[ErrorPolicy]]


@router.get("", response_model=Policies)
async def list_error_policies(house: AHouse, _caller: Looking) -> Response:
    """Whether an error of a class is tried again, how often and how long, who is told, and what
    that person does."""
    policies = house.policies
    own = {name: list(table.values()) for name, table in policies.of_connections.items()}
    return json_answer(200, Policies(list(policies.table()), own))
