"""Billing agreements: mandates and standing instructions, each in its own file.

Source: REST API reference, Billing Agreements; what is not about a bank account or a wallet is a
standing instruction of a card. Unverified: that an id nobody knows is refused as INVALID_DATA.
"""

from typing import Final

from tillbridge_simulators.cybersource import instructions, mandates
from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at

_ACTIONS: Final = "processingInformation.actionList"
_KNOWN: Final = frozenset(
    {
        *("CONSUMER_AUTHENTICATION", "WATCHLIST_SCREENING", "DECISION_SKIP"),
        *(mandates.CREATE, mandates.IMPORT, mandates.REFRESH),
        *(*mandates.UPDATES, *mandates.CANCELS),
    }
)


def register(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    actions = _actions(ask)
    if mandates.is_mandate(ask.document, actions):
        return Answer(201, mandates.register(ask, actions))
    return Answer(201, instructions.register(ask))


def modify(ask: Ask) -> Answer:
    """PATCH {id}: changed, ended, or asked about, as the actions say. Raises Refusal."""
    actions = _actions(ask)
    kept = ask.account.state.agreements.find(ask.id)
    if kept is None:
        session = ask.account.state.wallets.find(ask.id)
        if session is None or mandates.CREATE not in actions:
            raise Refusal("INVALID_DATA", ["id"])
        return Answer(201, mandates.agree(ask, session))
    if kept["kind"] == "instruction":
        return Answer(201, instructions.change(ask, kept, actions))
    return Answer(201, mandates.change(ask, kept, actions))


def intimate(ask: Ask) -> Answer:
    """POST {id}/intimations: only of a standing instruction. Raises Refusal."""
    kept = ask.account.state.agreements.find(ask.id)
    if kept is None or kept["kind"] != "instruction":
        raise Refusal("INVALID_DATA", ["id"])
    return Answer(201, instructions.intimate(ask, kept))


def _actions(ask: Ask) -> tuple[str, ...]:
    given = tuple(at(ask.document, _ACTIONS) or ())
    if not _KNOWN.issuperset(given):
        raise Refusal("INVALID_DATA", [_ACTIONS])
    return given


OFFERS = (
    Offer("billing_agreements.billing_agreements_registration", "agreement", register),
    Offer("billing_agreements.billing_agreements_de_registration", "agreement_change", modify),
    Offer("billing_agreements.billing_agreements_intimation", "intimation", intimate),
)
