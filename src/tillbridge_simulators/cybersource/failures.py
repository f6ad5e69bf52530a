"""Captures that were accepted and failed later, of which only the exception report tells.

Source: Reporting User Guide, "Transaction Exception Detail": failures that happen after a follow-on
transaction was submitted. Neither search nor a webhook tells of them here.
"""

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.state import Movement


def fail_capture(
    account: Account, payment_id: str, message: str = "The processor declined the capture."
) -> Movement:
    """The last capture of a payment fails now; what it took is held again.

    Raises:
        KeyError: there is no such payment.
        ValueError: nothing of it is captured, or some of it was refunded.
    """
    authorization = account.state.authorizations[payment_id]
    captures = [
        one
        for one in account.state.movements.values()
        if one.kind == "capture"
        and one.parent_id == payment_id
        and not (one.undone or one.refunded)
    ]
    if not captures:
        raise ValueError(f"no capture of {payment_id} can fail")
    failed = captures[-1]
    failed.failed_s, failed.failure = account.now(), message
    authorization.captured -= failed.amount
    authorization.state = "held"
    account.log.add(
        "capture_failed", order=failed.code, request_id=failed.id, amount=str(failed.amount)
    )
    return failed
