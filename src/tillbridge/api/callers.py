"""Callers: who asks. Every route that shows data or moves money takes one of these.

    Authorization: Bearer tillbridge_...

A viewer may look; an operator may steer.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tillbridge.access.operators import Operator, authenticate
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database
from tillbridge.journeys.house import House

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="operator token",
    description="An operator's token: tillbridge operators add NAME --role viewer|operator.",
)


def house_of(request: Request) -> House:
    """The house as operators use it: on a pool of its own, so that looking starves no checkout."""
    house = request.app.state.desk
    assert isinstance(house, House), "the house is opened before the first request"
    return house


def database_of(request: Request) -> Database:
    """The operators' pool."""
    return house_of(request).database


async def looking(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> Operator:
    """Who looks. Raises Rejected(reason="no_token")."""
    caller = None
    if credentials is not None:
        async with database_of(request).connection() as connection:
            caller = await authenticate(connection, credentials.credentials)
    if caller is None:
        raise Rejected(
            "This needs an operator's token.",
            reason="no_token",
            next_step="Send the header Authorization: Bearer <token>;"
            " tillbridge operators add gives one.",
        )
    return caller


async def steering(caller: Annotated[Operator, Depends(looking)]) -> Operator:
    """Who steers. Raises Rejected(reason="not_allowed") for a viewer."""
    if not caller.may_steer:
        raise Rejected(
            f"{caller.name!r} may look, not steer.",
            reason="not_allowed",
            next_step="Ask somebody with the role operator.",
        )
    return caller


Looking = Annotated[Operator, Depends(looking)]
Steering = Annotated[Operator, Depends(steering)]
AHouse = Annotated[House, Depends(house_of)]
ADatabase = Annotated[Database, Depends(database_of)]
