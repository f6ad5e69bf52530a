"""Routes under /_simulator/: log, state, faults, tokens and reviews, for another process."""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal

from aiohttp import web

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.capture_contexts import typed_in
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans
from tillbridge_simulators.cybersource.reviews import decide
from tillbridge_simulators.cybersource.tokens import TokenKind
from tillbridge_simulators.cybersource.triggers import pull
from tillbridge_simulators.faults import Fault, Faults, Rule

Mint = Callable[[str, TokenKind], str]


def control_routes(account: Account, faults: Faults, mint: Mint) -> list[web.RouteDef]:
    """GET log?after=N, GET state, POST faults, POST tokens, POST identifiers, POST reviews, POST
    triggers/NAME."""

    async def log(request: web.Request) -> web.Response:
        after = int(request.query.get("after", "0"))
        return web.json_response([asdict(entry) for entry in account.log.entries(after=after)])

    async def state(_: web.Request) -> web.Response:
        open_sum: dict[str, Decimal] = {}
        for one in account.state.authorizations.values():
            open_sum[one.currency] = open_sum.get(one.currency, Decimal(0)) + one.open_amount
        return web.json_response(
            {
                "holds": account.state.holds(),
                "live_holds": account.state.live_holds(),
                "open": {currency: str(amount) for currency, amount in open_sum.items()},
                "fences": [asdict(fence) for fence in account.state.fences.values()],
            }
        )

    async def set_faults(request: web.Request) -> web.Response:
        given = await request.json()
        faults.rules[:] = [
            Rule(**{**rule, "fault": Fault(**rule["fault"])}) for rule in given.get("rules", [])
        ]
        faults.down = bool(given.get("down", False))
        return web.json_response({"rules": len(faults.rules), "down": faults.down})

    async def trigger(request: web.Request) -> web.Response:
        try:
            said = pull(account, request.match_info["name"], dict(request.query))
        except ValueError as wrong:
            return web.json_response({"wrong": str(wrong)}, status=400)
        return web.json_response({"said": said})

    async def reviews(request: web.Request) -> web.Response:
        given = await request.json()
        decide(account, given["request_id"], accept=given["accept"])
        return web.json_response({})

    return [
        web.get("/_simulator/log", log),
        web.get("/_simulator/state", state),
        web.post("/_simulator/faults", set_faults),
        *_lending(account, mint),
        web.post("/_simulator/reviews", reviews),
        web.post("/_simulator/triggers/{name}", trigger),
    ]


def _lending(account: Account, mint: Mint) -> list[web.RouteDef]:
    """What may be paid with."""

    async def tokens(request: web.Request) -> web.Response:
        given = await request.json()
        outcome = given.get("outcome", "authorized")
        if context := given.get("context"):
            return web.json_response({"token": typed_in(account, context, outcome)})
        token = mint(outcome, given.get("kind", "transient"))
        return web.json_response({"token": token})

    async def identifiers(_: web.Request) -> web.Response:
        return web.json_response({"id": SandboxMeans(account).identifier()})

    return [
        web.post("/_simulator/tokens", tokens),
        web.post("/_simulator/identifiers", identifiers),
    ]
