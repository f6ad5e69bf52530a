"""What can be made to happen on the account, by name: `tillbridge sandbox trigger NAME`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from tillbridge_simulators.cybersource import (
    invoices,
    payment_links,
    subscriptions,
    wallet_tokens,
)
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.authentications import challenge
from tillbridge_simulators.cybersource.batch_summaries import change_account
from tillbridge_simulators.cybersource.batches import close_batch
from tillbridge_simulators.cybersource.devices import add_device
from tillbridge_simulators.cybersource.disputes import dispute
from tillbridge_simulators.cybersource.failures import fail_capture
from tillbridge_simulators.cybersource.fundings import fund
from tillbridge_simulators.cybersource.mandates import sign
from tillbridge_simulators.cybersource.outcomes import OUTCOMES
from tillbridge_simulators.cybersource.report_subscriptions import make_due
from tillbridge_simulators.cybersource.reviews import decide
from tillbridge_simulators.cybersource.tokens import MintedToken
from tillbridge_simulators.cybersource.users import put_user

Given: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that can happen.

    Attributes:
        says: one sentence for people.
        needs, takes: the names it must and may be given.
        act: does it and says what happened. Raises KeyError, ValueError.
    """

    says: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    act: Callable[[Account, Given], str]


def _amount(given: Given) -> Decimal | None:
    text = given.get("amount", "")
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount") from None


def _decide(account: Account, given: Given, *, accept: bool) -> str:
    decide(account, given["payment"], accept=accept)
    return f"The case of {given['payment']} is {'accepted' if accept else 'rejected'}."


def _challenge(account: Account, given: Given, *, passed: bool) -> str:
    challenge(account, given["authentication"], passed=passed)
    return f"The challenge of {given['authentication']} is {'passed' if passed else 'failed'}."


def _sign(account: Account, given: Given, *, signed: bool) -> str:
    sign(account, given["agreement"], signed=signed)
    return f"The mandate {given['agreement']} is {'signed' if signed else 'not signed'}."


def _put_user(account: Account, given: Given) -> str:
    status = given.get("status", "active")
    put_user(account, given["user"], status, given.get("role", ""))
    return f"The user {given['user']} is {status}."


def _add_device(account: Account, given: Given) -> str:
    return f"The terminal {add_device(account, given['serial'])} is the merchant's."


def _chargeback(account: Account, given: Given) -> str:
    made = dispute(account, given["payment"], "chargeback", _amount(given))
    return f"{made.amount} {made.currency} of order {made.code} are charged back."


def _retrieval(account: Account, given: Given) -> str:
    made = dispute(account, given["payment"], "retrieval", _amount(given))
    return f"The issuer asks for a copy about order {made.code}."


def _pay_invoice(account: Account, given: Given) -> str:
    row = account.state.invoicing.invoices.copy(given["invoice"])
    due = Decimal(row["orderInformation"]["amountDetails"]["balanceAmount"])
    outcome = given.get("outcome", "authorized")
    id_ = invoices.pay(account, given["invoice"], _amount(given) or due, outcome)
    return f"Payment {id_} for invoice {given['invoice']}: {outcome}."


def _cancel_invoice(account: Account, given: Given) -> str:
    invoices.withdraw(account, given["invoice"])
    return f"The invoice {given['invoice']} is cancelled."


def _store_customer(account: Account, given: Given) -> str:
    outcome = given.get("outcome", "authorized")
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is not an outcome; known: {', '.join(OUTCOMES)}")
    stands_for = MintedToken("tms", outcome, "001", "1111", None)
    account.tokens.put(given["customer"], stands_for)
    return f"The customer {given['customer']} has a stored card."


def _store_wallet(account: Account, given: Given) -> str:
    wallet_tokens.store(account, given["token"])
    return f"A wallet keeps a way to pay as {given['token']}."


def _pay_link(account: Account, given: Given) -> str:
    amount = _amount(given)
    if amount is None:
        raise ValueError("an amount is needed")
    id_ = payment_links.pay(account, given["link"], amount, given.get("outcome", "authorized"))
    return f"Payment {id_} by link {given['link']}."


def _batch(account: Account, _: Given) -> str:
    return f"{close_batch(account)} captures, refunds and credits left with the batch."


def _fail_capture(account: Account, given: Given) -> str:
    failed = fail_capture(account, given["payment"])
    return f"The capture {failed.id} of order {failed.code} failed; only a report tells."


def _fund(account: Account, _: Given) -> str:
    return f"{fund(account)} payouts left for the bank."


def _change_bank(account: Account, given: Given) -> str:
    changed = change_account(account, given["payment"])
    return f"The bank says that the account of order {changed.code} has changed."


def _reports(account: Account, _: Given) -> str:
    return f"{make_due(account, now=True)} reports were made."


def _renewals(account: Account, given: Given) -> str:
    on = given.get("on", "")
    billed = subscriptions.bill_all(account, date.fromisoformat(on) if on else None)
    return f"{billed} cycles were billed."


TRIGGERS: Mapping[str, Trigger] = {
    "batch": Trigger("The open batch closes.", (), (), _batch),
    "reports": Trigger(
        "Subscribed reports are made now, of all since the last ones.", (), (), _reports
    ),
    "capture.failed": Trigger(
        "The processor turns the last capture of a payment down; only the exception report tells.",
        ("payment",),
        (),
        _fail_capture,
    ),
    "funded": Trigger("Every closed batch is paid out now.", (), (), _fund),
    "bank.changed": Trigger(
        "The bank says that the account a payment came from has changed.",
        ("payment",),
        (),
        _change_bank,
    ),
    "renewals": Trigger("Subscriptions that are due are billed.", (), ("on",), _renewals),
    "review.accept": Trigger(
        "Decision Manager's case of a payment is accepted.",
        ("payment",),
        (),
        lambda account, given: _decide(account, given, accept=True),
    ),
    "review.reject": Trigger(
        "Decision Manager's case of a payment is rejected; its hold stays.",
        ("payment",),
        (),
        lambda account, given: _decide(account, given, accept=False),
    ),
    "challenge.passed": Trigger(
        "The cardholder does what the issuer asks of him.",
        ("authentication",),
        (),
        lambda account, given: _challenge(account, given, passed=True),
    ),
    "challenge.failed": Trigger(
        "The cardholder does not do what the issuer asks of him.",
        ("authentication",),
        (),
        lambda account, given: _challenge(account, given, passed=False),
    ),
    "mandate.signed": Trigger(
        "The payer signs a mandate that waits for it.",
        ("agreement",),
        (),
        lambda account, given: _sign(account, given, signed=True),
    ),
    "mandate.refused": Trigger(
        "The payer of a mandate is not authenticated: it fails.",
        ("agreement",),
        (),
        lambda account, given: _sign(account, given, signed=False),
    ),
    "user.changed": Trigger(
        "Somebody may sign in to the Business Center, may no more, or may do something else.",
        ("user",),
        ("status", "role"),
        _put_user,
    ),
    "device.added": Trigger(
        "The merchant is given a terminal with this serial number.",
        ("serial",),
        (),
        _add_device,
    ),
    "chargeback": Trigger(
        "The cardholder's bank takes a captured payment back.",
        ("payment",),
        ("amount",),
        _chargeback,
    ),
    "retrieval": Trigger(
        "The cardholder's bank asks for a copy of a payment.",
        ("payment",),
        ("amount",),
        _retrieval,
    ),
    "invoice.paid": Trigger(
        "Somebody pays an invoice by its link.",
        ("invoice",),
        ("amount", "outcome"),
        _pay_invoice,
    ),
    "invoice.cancelled": Trigger(
        "Somebody cancels an invoice in the Business Center.",
        ("invoice",),
        (),
        _cancel_invoice,
    ),
    "customer.stored": Trigger(
        "A customer has a stored card, as one of its ends.",
        ("customer",),
        ("outcome",),
        _store_customer,
    ),
    "wallet.stored": Trigger(
        "A shopper lets a wallet keep a way to pay, under the id you say.",
        ("token",),
        (),
        _store_wallet,
    ),
    "link.paid": Trigger(
        "Somebody pays by a payment link.", ("link", "amount"), ("outcome",), _pay_link
    ),
}


def pull(account: Account, name: str, given: Given) -> str:
    """Makes it happen; one sentence on what did.

    Raises:
        ValueError: there is no such trigger, something is missing or unknown, or it cannot be.
    """
    trigger = TRIGGERS.get(name)
    if trigger is None:
        raise ValueError(f"There is no trigger {name!r}; there are {', '.join(TRIGGERS)}.")
    missing = [one for one in trigger.needs if not given.get(one)]
    unknown = sorted(set(given) - {*trigger.needs, *trigger.takes})
    if missing or unknown:
        wrong = [f"needs --{one}" for one in missing] + [f"takes no --{one}" for one in unknown]
        raise ValueError(f"{name} {' and '.join(wrong)}.")
    try:
        return trigger.act(account, given)
    except KeyError:
        about = ", ".join(f"{key} {value}" for key, value in given.items())
        raise ValueError(f"{name}: there is no {about} for which that can be.") from None
