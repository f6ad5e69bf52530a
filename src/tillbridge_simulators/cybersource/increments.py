"""PATCH /pts/v2/payments/{id}: a hold is made larger, or the issuer says no and it stays as it was.

Source: REST API reference, "Increment an Authorization"; Payments Developer Guide, Incremental
Authorizations. An amount that is one of the trigger amounts ends as it says.
"""

from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import amount_at
from tillbridge_simulators.cybersource.followons import (
    follow_on_answer,
    new_movement,
    references_of,
    usable,
)
from tillbridge_simulators.cybersource.outcomes import OUTCOMES, TRIGGER_AMOUNTS

_PATH = "orderInformation.amountDetails"


def increment(ask: Ask) -> Answer:
    """Holds more of the same card. Raises Refusal for what is not held any more, or was a sale."""
    references = references_of(ask.document)
    amount, currency = amount_at(ask.document, _PATH, "additionalAmount")
    held = usable(ask.account, ask.id)
    if currency != held.currency:
        raise Refusal("INVALID_DATA", [f"{_PATH}.currency"])
    outcome = OUTCOMES[TRIGGER_AMOUNTS.get(amount, "authorized")]
    movement = new_movement(ask.account, "increment", references, held, amount)
    if outcome.status != "AUTHORIZED":
        movement.status, movement.failure = "DECLINED", outcome.reason or "GENERAL_DECLINE"
        movement.failed_s = movement.at_s
    else:
        held.amount += amount
        held.requested += amount
        held.increments += 1
    ask.account.record("increment", movement, movement.status)
    answer = follow_on_answer(movement, "payments")
    answer["reconciliationId"] = movement.parent_id[-12:]
    if movement.undone:
        reason = {"reason": movement.failure, "message": "The issuer does not hold more."}
        return Answer(201, answer | {"errorInformation": reason})
    details = {"authorizedAmount": str(held.amount), "currency": held.currency}
    return Answer(201, answer | {"orderInformation": {"amountDetails": details}})


OFFERS = (Offer("payments.increment_auth", "increment", increment),)
