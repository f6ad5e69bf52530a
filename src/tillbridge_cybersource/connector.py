"""Cybersource as a connector: authorizations, captures, reversals, voids, and what happened."""

from collections.abc import Mapping, Sequence
from typing import Any

from tillbridge.canonical.authentications import Returned
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.canonical.payments import Observation, Operation, Token, Verdict
from tillbridge.connector.abilities import Call, CheckLine, Poll, Pull, Read, Write
from tillbridge.connector.authentication import Authentication
from tillbridge.connector.capture import CaptureContext, ContextRequest
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.documents import Fields
from tillbridge.connector.key_life import KeyLife
from tillbridge.connector.settlement_sources import SettlementSource
from tillbridge.connector.webhooks import WebhookKeeping
from tillbridge_cybersource.account_changes import account_changes
from tillbridge_cybersource.account_checks import AccountChecks
from tillbridge_cybersource.adoptions import Payments
from tillbridge_cybersource.authorizations import Authorizations
from tillbridge_cybersource.bare_calls import BareCalls
from tillbridge_cybersource.billing import Billing
from tillbridge_cybersource.capture_contexts import CaptureContexts
from tillbridge_cybersource.captures import Captures
from tillbridge_cybersource.credits import Credits
from tillbridge_cybersource.decisions import Decisions
from tillbridge_cybersource.dispute_counts import DisputeCounts
from tillbridge_cybersource.emv_tags import EmvTags
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.increments import Increments
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.payer_authentication import PayerAuthentication
from tillbridge_cybersource.pulls import Pulls
from tillbridge_cybersource.refunds import Refunds
from tillbridge_cybersource.report_definitions import ReportDefinitions
from tillbridge_cybersource.report_downloads import ReportDownloads
from tillbridge_cybersource.report_files import ReportFiles
from tillbridge_cybersource.report_orders import ReportOrders
from tillbridge_cybersource.report_subscriptions import ReportSubscriptions
from tillbridge_cybersource.reports import Reports
from tillbridge_cybersource.reversals import Reversals
from tillbridge_cybersource.search import Search
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.settlement_details import SettlementDetails
from tillbridge_cybersource.statuses import Policy
from tillbridge_cybersource.transaction_batches import TransactionBatches
from tillbridge_cybersource.vault import Vault
from tillbridge_cybersource.voids import Voids
from tillbridge_cybersource.wallets import Wallets
from tillbridge_cybersource.webhook_keys import EgressKeys, WebhookKeys
from tillbridge_cybersource.webhook_subscriptions import TITLE as SUBSCRIPTION
from tillbridge_cybersource.webhook_subscriptions import WebhookSubscriptions
from tillbridge_cybersource.webhooks import Webhooks

CLOCK_SKEW_MAX_S = 60
"""A token lives two minutes; a clock further off than half of that is worth a person's look."""

ID_FIELDS = frozenset(
    {
        "id",  # of transactions, customers, payment instruments, instrument identifiers, tokens
        "requestId",
        "rootId",
        "searchId",
        "transactionId",  # ours under clientReferenceInformation; the network's elsewhere
        "networkTransactionId",
        "reconciliationId",
        "transactionTraceId",
        "notificationId",
        "webhookId",
        "subscriptionId",
        "jti",
        "transientToken",
        "transientTokenJwt",
        "fingerprintSessionId",
        "href",  # links end in ids
        "encData",  # an encrypted message
        *("customer_token", "instrument_token", "identifier_token", "address_token"),
        *("default_instrument", "default_address", "network_token", "previous_transaction", "ids"),
        *("network_transaction", "wallet_token"),
    }
)
"""Source: REST API reference, request and reply fields; Webhooks Implementation Guide."""


class CybersourceSession:
    """One open merchant account.

    It satisfies ChecksConnection, WritesDocuments (authorization, capture, reversal, void,
    refund, credit, increment), CapturesHolds, SplitsTender, ObservesPayments, PullsPayments,
    PollsChanges, KeepsWebhooks, Probes, VerifiesDeliveries, TranslatesDeliveries,
    AuthenticatesShoppers, MakesCaptureContexts, VerifiesTokens, HoldsKeys, SettlesPayments,
    OrdersReports and Closes.
    """

    def __init__(self, settings: CybersourceSettings, opening: Opening) -> None:
        """Raises Misconfigured for secrets that cannot be what they should be."""
        policy = Policy(settings.address_check_policy, settings.splits_tender)
        self._settings = settings
        self._exchange = Exchange(settings, opening)
        self._search = Search(self._exchange, policy, settings.stored_token)
        self._pulls = Pulls(self._search, settings, opening)
        self._decisions = Decisions(self._exchange, settings, opening)
        self._payments = Payments(self._search)
        self._webhook_keys = WebhookKeys(settings, opening.keyring)
        self._payer_authentication = PayerAuthentication(self._exchange, settings)
        self._capture_contexts = CaptureContexts(self._exchange, settings)
        self._webhooks = Webhooks(settings, policy, self._webhook_keys)
        egress_keys = EgressKeys(self._exchange, settings, opening)
        self._subscriptions = WebhookSubscriptions(self._exchange, egress_keys, settings, opening)
        operations = Operations(self._exchange, self._search, settings, policy, opening)
        self._billing = Billing(self._exchange, settings, opening)
        self._reports = Reports(self._exchange, settings, opening)
        self.report_definitions = ReportDefinitions(self._exchange, settings)
        given = (self._exchange, self.report_definitions, settings)
        self.report_subscriptions = ReportSubscriptions(*given)
        self.report_orders = ReportOrders(*given)
        self.report_downloads = ReportDownloads(self._exchange, self.report_orders, settings)
        made_by = (self.report_orders, self.report_subscriptions)
        self._files = ReportFiles(self._exchange, *made_by, settings, opening)
        self._details = SettlementDetails(self._exchange, settings, opening)
        self._dispute_counts = DisputeCounts(self._exchange, self._details, settings)
        self._batches = TransactionBatches(self._exchange, settings, opening)
        self._account_changes = account_changes(self._exchange, settings, opening)
        self._vault = Vault(self._exchange, settings, opening)
        self._account_checks = AccountChecks(self._exchange, settings)
        self._wallets = Wallets(operations)
        self._emv_tags = EmvTags(self._exchange)
        self._writes = self._billing.writes | {
            write.shape.kind: write
            for write in (
                Authorizations(operations).write,
                Captures(operations).write,
                Reversals(operations).write,
                Voids(operations).write,
                Refunds(operations).write,
                Credits(operations).write,
                Increments(operations).write,
                *self._vault.writes,
            )
        }

    @property
    def writes(self) -> Mapping[str, Write]:
        return self._writes

    @property
    def polls(self) -> Mapping[str, Poll]:
        listed = (self._pulls, self._reports, self._files, self._batches)
        own = {poll.kind: poll for poll in (self._account_changes, *(one.poll for one in listed))}
        return own | self._details.polls | self._billing.polls

    @property
    def reads(self) -> Mapping[str, Read]:
        single = (self._capture_contexts.details, self._dispute_counts.read)
        cards = (self._vault, self._account_checks, self._emv_tags)
        nouns = (*cards, self._wallets, self._batches)
        every = (*single, *(read for noun in nouns for read in noun.reads))
        own = {read.kind: read for read in every}
        return own | self._billing.reads

    @property
    def captures_once(self) -> bool:
        return not self._settings.partial_captures

    @property
    def rest_within_s(self) -> float:
        return self._settings.rest_within_s

    @property
    def pull(self) -> Pull | None:
        return self._pulls.pull

    @property
    def settlement_sources(self) -> Sequence[SettlementSource]:
        if not self._settings.report_every_s:
            return ()
        files = self._files.poll if self._settings.reports_from == "files" else None
        return (self._reports.source(files), *self._details.sources)

    async def payment(self, call: Call, payment_id: str) -> Sequence[Observation]:
        """A payment by its id, whoever made it, and what followed on it."""
        return await self._payments.payment(call, payment_id)

    @property
    def webhooks(self) -> WebhookKeeping | None:
        return self._subscriptions.keeping

    async def observe(self, call: Call, order_number: str) -> Sequence[Observation]:
        """Every operation that search shows for the order, and what was decided, oldest first."""
        hits = await self._search.hits(call, order_number)
        found = [one for hit in hits if (one := self._payments.seen(hit, hits))]
        for one in tuple(found):
            if self._settings.decision_reach_days and _is_in_review(one):
                found += await self._decisions.about(call, one)
        return sorted(found, key=lambda one: one.occurred_at)

    async def check(self, call: Call) -> Sequence[CheckLine]:
        """Signs in by a search that finds nothing, compares clocks, and reviews the settings."""
        title = f"Signed search at {self._settings.base_url}"
        try:
            answer = await self._search.probe(call)
        except TillbridgeError as error:
            lines = [
                CheckLine(title, passed=False, detail=error.message, next_step=error.next_step)
            ]
        else:
            lines = [CheckLine(title, passed=True), _check_clock(answer, call)]
            if self._settings.decision_reach_days:
                lines.append(await self._check_decisions(call))
        keys = self._exchange.keys.check(call.now)
        return [*lines, *keys, *await self._check_webhooks(call)]

    async def provision(self, call: Call) -> Sequence[CheckLine]:
        """Subscribes to the reports that are wanted and not made yet."""
        if not self._settings.report_every_s:
            return ()
        return await self.report_subscriptions.ensure(call)

    @property
    def bare(self) -> BareCalls:
        return BareCalls(self._exchange, self._settings)

    @property
    def key_lives(self) -> Sequence[KeyLife]:
        return self._exchange.keys.lives

    async def probe(self, call: Call) -> None:
        """Raises Transient while Cybersource cannot be asked; credentials are not its concern."""
        try:
            await self._search.probe(call)
        except Transient:
            raise
        except TillbridgeError:
            return

    def verify(self, delivery: Delivery) -> None:
        self._webhooks.verify(delivery)

    def translate(self, delivery: Delivery) -> Translation:
        return self._webhooks.translate(delivery)

    @property
    def authenticates(self) -> bool:
        return self._payer_authentication.is_wanted

    async def authenticate(
        self, call: Call, fields: Fields, returned: Returned | None, kept: Mapping[str, str]
    ) -> Authentication:
        return await self._payer_authentication.authenticate(call, fields, returned, kept)

    async def capture_context(self, call: Call, request: ContextRequest) -> CaptureContext:
        return await self._capture_contexts.make(call, request)

    @property
    def wants_contexts(self) -> bool:
        return self._capture_contexts.wants_contexts

    async def verify_token(self, call: Call, token: Token) -> None:
        await self._capture_contexts.verify(call, token)

    async def close(self) -> None:
        await self._exchange.close()

    async def _check_decisions(self, call: Call) -> CheckLine:
        title = "Decisions can be read (Conversion Detail Report)"
        try:
            await self._decisions.probe(call)
        except TillbridgeError as error:
            next_step = "Let the key read reports, or set decision_reach_days to 0."
            return CheckLine(title, passed=False, detail=error.message, next_step=next_step)
        return CheckLine(title, passed=True)

    async def _check_webhooks(self, call: Call) -> list[CheckLine]:
        title = "Webhook keys"
        missing = self._webhook_keys.missing
        keys = CheckLine(title, passed=True)
        if missing:
            keys = CheckLine(
                title,
                passed=False,
                detail=f"Not there: {', '.join(missing)}; webhooks are refused or cannot be read.",
                next_step="Set webhook_url and run tillbridge provision, or create the keys in the"
                " Business Center, or rely on replies and search.",
            )
        if self.webhooks is None:
            return [keys]
        try:
            return [keys, await self._subscriptions.look(call)]
        except TillbridgeError as error:
            return [keys, CheckLine(SUBSCRIPTION, False, error.message, error.next_step)]


def _is_in_review(observation: Observation) -> bool:
    held = observation.operation in (Operation.AUTHORIZATION, Operation.SALE)
    return held and observation.verdict is Verdict.IN_REVIEW


def _check_clock(answer: Answer, call: Call) -> CheckLine:
    title = "This machine's clock agrees with Cybersource's"
    if answer.server_s is None:
        return CheckLine(title, passed=True, detail="Cybersource did not say its time.")
    skew_s = call.now.timestamp() - answer.server_s
    return CheckLine(
        title,
        passed=abs(skew_s) <= CLOCK_SKEW_MAX_S,
        detail=f"{skew_s:+.0f} seconds apart.",
        next_step="" if abs(skew_s) <= CLOCK_SKEW_MAX_S else "Set this machine's clock by NTP.",
    )


def _open(settings: Any, opening: Opening) -> CybersourceSession:
    assert isinstance(settings, CybersourceSettings), "opened with its own settings"
    return CybersourceSession(settings, opening)


CONNECTOR = Connector("cybersource", "Cybersource", CybersourceSettings, _open, id_fields=ID_FIELDS)
