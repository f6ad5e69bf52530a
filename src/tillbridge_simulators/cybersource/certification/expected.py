"""What is expected of an answer: what our own account answers to the same question."""

import json
from urllib.parse import quote, urlencode

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.certification.script import Put, Question, Told
from tillbridge_simulators.cybersource.multipart import SentFile
from tillbridge_simulators.cybersource.offers import OFFERS
from tillbridge_simulators.cybersource.recorded import recorded


def answered_by(account: Account) -> Put:
    """Asks the account without a wire in between."""
    offers = {offer.key: offer for offer in OFFERS}

    def put(question: Question) -> Told:
        if question.by_stranger:
            return Told(401)
        query = {name: question.parameters[name] for name in _in_query(question)}
        ids = {name: one for name, one in question.parameters.items() if name not in query}
        offer, document = offers[question.key], question.document or {}
        files = document.items() if offer.takes == "files" else ()
        sent = [SentFile(name, text.encode()) for name, text in files]
        rows = [document] if offer.takes == "list" else []
        try:
            answer = offer.act(_fitting(offer, Ask(account, ids, query, document, sent, rows)))
        except Refusal as refusal:
            answer = refusal.answer(account.now())
        if answer.raw is not None:
            return Told(answer.status, read(answer.raw))
        return Told(answer.status, json.loads(json.dumps(dict(answer.body))))

    return put


def request_of(question: Question) -> tuple[str, str]:
    """Its method and target: path and query."""
    method, path = _filled(question)
    query = {name: question.parameters[name] for name in _in_query(question)}
    return method, f"{path}?{urlencode(query)}" if query else path


def read(body: bytes) -> object:
    """JSON, or text where it is none, or None for nothing."""
    try:
        return json.loads(body) if body.strip() else None
    except ValueError:
        return body.decode(errors="replace")


def _fitting(offer: Offer, ask: Ask) -> Ask:
    """Itself. Raises Refusal for a body that the recorded model does not know so."""
    index = recorded()
    model = index.operations[offer.key].body.strip("[]")
    if flaws := index.flaws(model, ask.document):
        raise Refusal("INVALID_DATA", flaws)
    return ask


def _filled(question: Question) -> tuple[str, str]:
    operation = recorded().operations[question.key]
    path = operation.path
    for name, value in question.parameters.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return operation.method, path


def _in_query(question: Question) -> list[str]:
    path = recorded().operations[question.key].path
    return [name for name in question.parameters if f"{{{name}}}" not in path]
