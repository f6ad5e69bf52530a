"""Every event of the catalogue means something in canonical words; others are kept and shown."""

from typing import Any

import pytest
from tests.cybersource.test_webhooks import delivery, session

from tillbridge_cybersource.webhook_events import WANTED
from tillbridge_simulators.cybersource.event_catalogue import PRODUCTS, UNDOCUMENTED

REPLY = {
    "id": "7000000000000000000000",
    "submitTimeUtc": "2026-01-02T03:04:05Z",
    "clientReferenceInformation": {"code": "1042"},
    "orderInformation": {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}},
}
STATUSES = {
    "accepted": "AUTHORIZED",
    "reviewed": "AUTHORIZED_PENDING_REVIEW",
    "rejected": "DECLINED",
    "partiallyApproved": "PARTIAL_AUTHORIZED",
}
MEANS: dict[str, str] = {
    "payments.authorization.status.accepted": "authorization approved",
    "payments.authorization.status.reviewed": "authorization in_review",
    "payments.authorization.status.rejected": "authorization declined",
    "payments.authorization.status.partiallyApproved": "authorization held_declined",
    "payments.capture.status.accepted": "capture approved",
    "payments.capture.status.updated": "capture approved",
    "payments.refund.status.accepted": "refund approved",
    "payments.refund.status.updated": "refund approved",
    "payments.credit.status.accepted": "credit approved",
    "payments.credit.status.updated": "credit approved",
    "payments.void.status.accepted": "void approved",
    "payments.void.status.rejected": "void declined",
    "payments.reversal.status.accepted": "reversal approved",
    "payments.reversal.status.rejected": "reversal declined",
    "payments.payments.accepted": "sale approved",
    "payments.payments.failed": "sale failed",
    "payments.credits.accepted": "credit approved",
    "payments.credits.failed": "credit failed",
    "payments.voids.accepted": "void approved",
    "payments.voids.failed": "void failed",
    "payments.payments.updated": "authorization approved",
    "uc.orders.transactionresults": "authorization approved",
    "risk.casemanagement.decision.accept": "review approved",
    "risk.casemanagement.decision.reject": "review declined",
    "risk.casemanagement.addnote": "case.noted",
    "risk.profile.decision.reject": "payment.screened",
    "risk.profile.decision.review": "payment.screened",
    "risk.profile.decision.monitor": "payment.screened",
    "invoicing.customer.invoice.send": "invoice.sent",
    "invoicing.customer.invoice.cancel": "invoice.cancelled",
    "invoicing.customer.invoice.paid": "invoice.paid",
    "invoicing.customer.invoice.partial-payment": "invoice.partly_paid",
    "invoicing.customer.invoice.reminder": "invoice.reminded",
    "invoicing.customer.invoice.overdue-reminder": "invoice.overdue",
    "payByLink.customer.payment": "link.paid",
    "payByLink.merchant.payment": "link.paid",
    "rbs.subscriptions.charge.created": "subscription.renewed",
    "rbs.subscriptions.charge.failed": "subscription.renewal_failed",
    "rbs.subscriptions.charge.pre-notified": "subscription.renewal_due",
    "rbs.subscriptions.created": "subscription.created",
    "rbs.subscriptions.suspended": "subscription.suspended",
    "rbs.subscriptions.reactivated": "subscription.activated",
    "rbs.subscriptions.cancelled": "subscription.cancelled",
    "tms.networktoken.provisioned": "token.provisioned",
    "tms.networktoken.updated": "token.updated",
    "tms.networktoken.binding": "token.bound",
    "tms.token.created": "token.created",
    "tms.token.updated": "token.updated",
}


def meaning(event_type: str, payload: Any = None) -> str:
    status = STATUSES.get(event_type.rpartition(".")[2], "AUTHORIZED")
    told = delivery(event_type, payload or {"data": REPLY | {"status": status}})
    translation = session().translate(told)
    seen = [f"{one.operation} {one.verdict}" for one in translation.observations]
    return " ".join([*seen, *(str(event.kind) for event in translation.events)])


@pytest.mark.parametrize("event_type", sorted(MEANS))
def test_an_event_means_what_the_table_says(event_type: str) -> None:
    assert meaning(event_type) == MEANS[event_type]


def test_the_table_has_what_the_account_offers_and_what_is_subscribed_to() -> None:
    offered = {event for events in PRODUCTS.values() for event in events}
    assert offered == set(MEANS)
    assert {event for events in WANTED.values() for event in events} == set(MEANS)
    assert offered > UNDOCUMENTED


def test_what_stands_nowhere_is_kept_back_with_its_name() -> None:
    for event_type in ("terminalManagement.status.update", "payments.payments.dreamt", ""):
        translation = session().translate(delivery(event_type, {"data": REPLY}))
        assert not (translation.observations or translation.events)
        assert repr(event_type) in translation.kept_back
        assert translation.delivery_id


def test_a_note_is_about_its_case_and_no_card_number_stays_in_it() -> None:
    payload = {"data": REPLY | {"comments": "He read 4111 1111 1111 1111 to me."}}
    told = delivery("risk.casemanagement.addnote", payload)
    (event,) = session().translate(told).events
    assert event.data.news is not None
    assert (event.subject, event.data.news.about) == ("1042", REPLY["id"])
    assert "4111" not in event.data.news.said
