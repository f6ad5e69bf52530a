"""Review: a person decides about a payment that is held and not yet trusted.

Decision Manager's cases are decided there and heard of by webhook or report. A failed address or
security code, and a processor that wants to be called, have no case anywhere: they are decided
here, with who and why in the audit.
"""

from tillbridge.access.audit import record
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import (
    AttemptState,
    Observation,
    Operation,
    Source,
    Verdict,
)
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.journeys.steer import reason_of
from tillbridge.payments.attempts import Attempt, newest

ELSEWHERE = "decision_manager"


async def decide(
    house: House, order_number: str, *, accept: bool, operator: str, why: str
) -> Attempt:
    """Accepts or rejects an order's payment; answers the attempt as it stands afterwards.

    An accepted one may be captured; a rejected one's hold is released and its sales order
    cancelled by the flows.

    Raises:
        Rejected: no payment of that order waits for a decision, or it is decided elsewhere.
    """
    why = reason_of(why)
    attempt = await newest(house.database, order_number)
    if attempt is None or attempt.state is not AttemptState.IN_REVIEW:
        raise Rejected(
            f"No payment of order {order_number} waits for a decision.",
            reason="no_review",
            next_step="See tillbridge reviews.",
        )
    if attempt.review == ELSEWHERE:
        raise Rejected(
            f"The payment of order {order_number} is a case in Decision Manager.",
            reason="decided_elsewhere",
            next_step="Decide it in the Business Center; Tillbridge hears of it.",
        )
    decision = Observation(
        operation=Operation.REVIEW,
        verdict=Verdict.APPROVED if accept else Verdict.DECLINED,
        source=Source.PERSON,
        order_number=order_number,
        request_id=attempt.authorization_id,
        parent_id=attempt.authorization_id,
        occurred_at=house.clock(),
        reason="" if accept else "REJECTED_BY_OPERATOR",
        review=attempt.review,
    )
    async with house.database.transaction() as tx:
        await take_in(house, tx, attempt.connection, [decision], ())
        action = "accept" if accept else "reject"
        await record(tx, operator, action, f"order {order_number}", why=why)
    return await newest(house.database, order_number) or attempt
