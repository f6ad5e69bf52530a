"""Routes under /_simulator/: the files with keys that Business Center lets a merchant download."""

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from tillbridge_simulators.cybersource.credentials import Credentials

P12_PATH = "/_simulator/merchant.p12"
PORTFOLIO_P12_PATH = "/_simulator/portfolio.p12"
MLE_PATH = "/_simulator/mle.pem"
ANSWER_KEY_PATH = "/_simulator/answer-keys"


def key_file_routes(credentials: Credentials) -> list[web.RouteDef]:
    """GET merchant.p12 (a new certificate; its password is the merchant id, as the official client
    takes it to be), GET portfolio.p12 (the same of the portfolio, for a meta key), GET mle.pem
    (what requests are encrypted to), POST answer-keys (a key that answers are encrypted to)."""

    async def p12(_: web.Request) -> web.Response:
        made = credentials.issue_p12(credentials.merchant_id)
        return web.Response(body=made, content_type="application/x-pkcs12")

    async def portfolio_p12(_: web.Request) -> web.Response:
        if not credentials.portfolio_id:
            raise web.HTTPNotFound
        made = credentials.issue_p12(credentials.merchant_id, by_portfolio=True)
        return web.Response(body=made, content_type="application/x-pkcs12")

    async def mle(_: web.Request) -> web.Response:
        made = credentials.mle_certificate().public_bytes(Encoding.PEM)
        return web.Response(body=made, content_type="application/x-pem-file")

    async def answer_keys(_: web.Request) -> web.Response:
        key_id, private = credentials.issue_answer_key()
        return web.json_response({"id": key_id, "private_key": private.decode()})

    return [
        web.get(P12_PATH, p12),
        web.get(PORTFOLIO_P12_PATH, portfolio_p12),
        web.get(MLE_PATH, mle),
        web.post(ANSWER_KEY_PATH, answer_keys),
    ]
