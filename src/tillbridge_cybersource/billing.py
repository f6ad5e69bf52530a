"""Everything but payments that Cybersource keeps for the account, put together for the session."""

from tillbridge.connector.abilities import Poll, Read, Write
from tillbridge.connector.connector import Opening
from tillbridge_cybersource.account_updates import PATH as UPDATES
from tillbridge_cybersource.account_updates import AccountUpdates
from tillbridge_cybersource.cases import PATH as CASES
from tillbridge_cybersource.cases import Cases
from tillbridge_cybersource.currency_offers import PATH as OFFERS
from tillbridge_cybersource.currency_offers import CurrencyOffers
from tillbridge_cybersource.decisions import Decisions
from tillbridge_cybersource.defined_fields import DefinedFields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.invoices import PATH as INVOICES
from tillbridge_cybersource.invoices import Invoices
from tillbridge_cybersource.kept import Kept
from tillbridge_cybersource.mandates import PATH as AGREEMENTS
from tillbridge_cybersource.mandates import Mandates
from tillbridge_cybersource.payment_links import PATH as LINKS
from tillbridge_cybersource.payment_links import PaymentLinks
from tillbridge_cybersource.plans import PATH as PLANS
from tillbridge_cybersource.plans import Plans
from tillbridge_cybersource.registrations import PATH as REGISTRATIONS
from tillbridge_cybersource.registrations import Registrations
from tillbridge_cybersource.risk import Risk
from tillbridge_cybersource.risk_insights import PATH as INSIGHTS
from tillbridge_cybersource.risk_insights import RiskInsights
from tillbridge_cybersource.saved_searches import PATH as SEARCHES
from tillbridge_cybersource.saved_searches import SavedSearches
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.subscriptions import PATH as SUBSCRIPTIONS
from tillbridge_cybersource.subscriptions import Subscriptions
from tillbridge_cybersource.taxes import PATH as TAXES
from tillbridge_cybersource.taxes import Taxes
from tillbridge_cybersource.terminals import PATH as TERMINALS
from tillbridge_cybersource.terminals import Terminals
from tillbridge_cybersource.users import Users
from tillbridge_cybersource.wallet_tokens import PATH as WALLET_TOKENS
from tillbridge_cybersource.wallet_tokens import WalletTokens


class Billing:
    """By kind: what can be written, read and polled.

    Attributes:
        writes, reads, polls: as a session offers them.
    """

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        def kept(kind: str, path: str, rows: str = "", total: str = "totalCount") -> Kept:
            return Kept(exchange, settings, opening, kind, path, rows, total)

        invoices = Invoices(kept("invoice", INVOICES, "invoices", "totalInvoices"))
        links = PaymentLinks(kept("payment_link", LINKS, "links", "totalLinks"))
        plans = Plans(kept("plan", PLANS, "plans"))
        subscriptions = Subscriptions(kept("subscription", SUBSCRIPTIONS, "subscriptions"))
        cases = Cases(kept("case", CASES), Decisions(exchange, settings, opening))
        risk = Risk(kept("risk", CASES))
        fields = DefinedFields(kept("defined_field", INVOICES))
        taxes = Taxes(kept("tax", TAXES))
        searches = SavedSearches(kept("search", SEARCHES))
        updates = AccountUpdates(kept("account_update", UPDATES))
        offers = CurrencyOffers(kept("currency_offer", OFFERS))
        mandates = Mandates(kept("mandate", AGREEMENTS))
        users = Users(exchange, settings)
        terminals = Terminals(kept("terminal", TERMINALS))
        registrations = Registrations(kept("merchant_registration", REGISTRATIONS))
        insights = RiskInsights(kept("risk_insights", INSIGHTS))
        wallet_tokens = WalletTokens(kept("wallet_token", WALLET_TOKENS))
        nouns = (invoices, links, plans, subscriptions)
        both = (fields, taxes, updates, mandates, insights, wallet_tokens, registrations)
        written = (*nouns, cases, terminals, *both)
        self.writes: dict[str, Write] = {
            write.shape.kind: write for noun in written for write in noun.writes
        }
        self.reads: dict[str, Read] = {
            read.kind: read
            for noun in (*nouns, risk, searches, offers, users, *both)
            for read in noun.reads
        }
        polls = (noun.poll for noun in (*nouns, users, terminals))
        self.polls: dict[str, Poll] = {poll.kind: poll for poll in polls}
