"""What a person sets for a Cybersource connection."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class CybersourceSettings:
    """One merchant account. Sources of the vendor's facts: docs/systems/cybersource.md."""

    merchant_id: str = setting(
        "Merchant id", "The organization id that payments are made for (v-c-merchant-id)."
    )
    key_id: str = setting(
        "Key id",
        "Of the REST shared secret: Business Center, Payment Configuration, Key Management. With"
        " p12 it is read over: the certificate has its own.",
    )
    secret_key: Secret = setting(
        "Shared secret",
        "The key itself, in base64 as it was downloaded; with p12, the password of the file.",
    )
    base_url: str = setting(
        "Address",
        "https://apitest.cybersource.com to test, https://api.cybersource.com for real money.",
        default="https://apitest.cybersource.com",
    )
    authentication: Literal["jwt", "p12", "http_signature"] = setting(
        "Authentication",
        "jwt signs JSON Web Tokens, version 2, with the shared secret; p12 signs them with a"
        " certificate. http_signature is the older way, with the shared secret too, which"
        " Cybersource retires in September 2026.",
        default="jwt",
    )
    p12_file: str = setting(
        "Certificate",
        "The P12 file as it was downloaded, for p12.",
        default="",
    )
    portfolio_id: str = setting(
        "Portfolio of a meta key",
        "The organization id that the key belongs to, where it is a meta key of a portfolio;"
        " payments are made for merchant_id all the same.",
        default="",
    )
    key_expires_on: str = setting(
        "Key ends on",
        "The day (2029-01-31) on which the shared secret ends, as Key Management shows it; a"
        " certificate says its day itself.",
        default="",
    )
    key_warning_days: int = setting(
        "Key ends, warning",
        "So many days before a key or certificate ends, the check fails and people are told.",
        default=60,
    )
    encrypt_requests: bool = setting(
        "Encrypted requests",
        "yes encrypts the bodies of requests (message-level encryption) to Cybersource's"
        " certificate, which Cybersource is going to ask for. With jwt and p12 only.",
        default=False,
    )
    encryption_certificate: str = setting(
        "Certificate to encrypt to",
        "The PEM file with Cybersource's certificate; with p12, empty takes it from that file.",
        default="",
    )
    answer_key_id: str = setting(
        "Encrypted answers, key id",
        "The id of the key that answers are to be encrypted to, as Key Management shows it; empty"
        " leaves them as they are. With jwt and p12 only.",
        default="",
    )
    answer_key: Secret = setting(
        "Encrypted answers, private key",
        "The RSA private key (PEM) of answer_key_id.",
        default=Secret(""),
    )
    webhook_url: str = setting(
        "Address for webhooks",
        "This connection's door as Cybersource reaches it, such as"
        " https://books.example.com/doors/cybersource: the subscription and its keys are then kept"
        " by Tillbridge. Empty: a person keeps them in the Business Center.",
        default="",
    )
    webhook_keep_every_s: int = setting(
        "Looks at the subscription",
        "Every so many seconds the subscription of webhooks is looked at and mended.",
        default=600,
    )
    webhook_keys: Secret = setting(
        "Webhook signature keys",
        "keyId:key of each digital signature key that was made by hand, separated by spaces; the"
        " old and the new one while a key is being replaced. Not needed with an address for"
        " webhooks.",
        default=Secret(""),
    )
    webhook_age_max_s: int = setting(
        "Oldest webhook",
        "Seconds a webhook's signature stays good; Cybersource's own example takes an hour."
        " 0 takes any age: the same event is used once in any case.",
        default=3600,
    )
    webhook_signed_part: Literal["body", "payload"] = setting(
        "What webhooks sign",
        "body: the whole message (as sent, or decrypted). payload: only its payload field, as"
        " Cybersource's own plugins check it; the rest of the message is then not proven.",
        default="body",
        unverified=True,
    )
    mle_private_key: Secret = setting(
        "Webhook decryption key",
        "The RSA private key (PEM) for message-level encryption, which payment webhooks need, of"
        " a certificate that was registered by hand.",
        default=Secret(""),
    )
    fence: bool = setting(
        "Time-out reversals",
        "yes when the processor supports time-out reversals and voids: a lost answer is then"
        " settled by undoing. no waits for search to show what happened.",
        default=True,
        unverified=True,
    )
    fence_after_s: int = setting(
        "Time-out reversals not before",
        "Seconds after sending before a time-out reversal or void may follow.",
        default=60,
    )
    limits_before_acting: bool = setting(
        "Rate limits come first",
        "yes when a request that is answered 429 has certainly not been acted on: it is then sent"
        " again. no settles it like a lost answer.",
        default=False,
        unverified=True,
    )
    search_lag_s: int = setting(
        "Search lag",
        "Seconds until a transaction can be expected in search.",
        default=60,
        unverified=True,
    )
    absent_after_s: int = setting(
        "Proof of absence",
        "Seconds after sending when a transaction that search does not show certainly never"
        " happened; 0 for never.",
        default=86_400,
        unverified=True,
    )
    kept_absent_after_s: int = setting(
        "Proof of absence, billing",
        "Seconds after sending when a subscription, plan or link that its list does not show"
        " certainly was never made, and a change that is not shown never done; 0 for never.",
        default=3600,
        unverified=True,
    )
    pull_every_s: int = setting(
        "Looks for lost webhooks",
        "Every so many seconds search is asked for all that was done on the account, and what no"
        " webhook and no reply has told is taken in; 0 never asks.",
        default=300,
    )
    pull_overlap_s: int = setting(
        "Looks for lost webhooks, overlap",
        "Seconds that a look begins before the end of the last one, beyond the search lag.",
        default=300,
    )
    pull_reach_days: int = setting(
        "Looks for lost webhooks, how far back",
        "After a pause at most so many days are caught up with; search shows 13 months.",
        default=30,
    )
    pull_page: int = setting(
        "Looks for lost webhooks, page",
        "Transactions of one call, at most 2500.",
        default=500,
    )
    decision_reach_days: int = setting(
        "Decisions, how far back",
        "For so many days the Conversion Detail Report is asked for a decision whose webhook was"
        " lost; 0 never asks it.",
        default=30,
        unverified=True,
    )
    decision_lag_s: int = setting(
        "Decisions, how late",
        "Seconds until a decision can be expected in the Conversion Detail Report.",
        default=3600,
        unverified=True,
    )
    report_organization: str = setting(
        "Organization of reports",
        "The organization id under which the reports run; empty leaves it to the merchant id.",
        default="",
    )
    reports: str = setting(
        "Reports",
        "Which reports tillbridge provision subscribes to: requests, batches, exceptions, events,"
        " fundings, deposits. Each that is ready is read, whoever subscribed to it.",
        default="batches exceptions events fundings deposits",
    )
    reports_from: Literal["reports", "files"] = setting(
        "Reports, where from",
        "reports downloads those that are listed; files takes the same ones from the Secure File"
        " Share, where a key may not download.",
        default="reports",
    )
    report_details: str = setting(
        "Questions for details",
        "What is asked for by day besides reports: settlements, deposits, chargebacks, retrievals,"
        " clearings, batch_sums. What the processor does not tell is answered with nothing.",
        default="settlements deposits chargebacks retrievals",
    )
    report_every_s: int = setting(
        "Looks for reports",
        "Every so many seconds Cybersource is asked which reports are ready, and what they say of"
        " the money is taken in; 0 never asks.",
        default=3600,
    )
    report_overlap_s: int = setting(
        "Looks for reports, overlap",
        "Seconds that a look begins before the end of the last one: how late a report or one of"
        " its rows may show.",
        default=86_400,
        unverified=True,
    )
    report_reach_days: int = setting(
        "Looks for reports, how far back",
        "After a pause at most so many days are caught up with.",
        default=30,
    )
    address_check_policy: Literal["accept", "review", "reverse"] = setting(
        "Failed address or security code",
        "What to do with a hold whose address or security code check failed: accept it, let a"
        " person decide, or reverse it and decline.",
        default="review",
    )
    partial_authorizations: bool = setting(
        "Partial authorizations",
        "yes keeps a hold of a part where the issuer does not hold all (split tender): another card"
        " pays the rest, or the part is reversed. no: it is reversed at once and told as a decline,"
        " as it always is where the money is taken at checkout.",
        default=False,
    )
    rest_within_s: int = setting(
        "Partial authorizations, time for the rest",
        "Seconds after which every hold of an order is reversed of which only a part is paid.",
        default=1800,
    )
    sale: bool = setting(
        "Take the money at checkout",
        "yes captures in the same request that authorizes: a lost sale is money, a lost"
        " authorization only a hold. no takes it when goods leave.",
        default=False,
    )
    payment_type: Literal["card", "check"] = setting(
        "What is paid with",
        "card, or check for bank accounts (eCheck): they are debited at once, like a sale, and"
        " their lost answers are settled by search.",
        default="card",
    )
    check_code: str = setting(
        "Kind of check",
        "The SEC code of electronic checks: WEB, TEL, PPD or CCD.",
        default="WEB",
        unverified=True,
    )
    partial_captures: bool = setting(
        "Several captures",
        "yes when the processor allows several captures of one authorization. no: what ships later"
        " is authorized anew, where the card is stored.",
        default=False,
    )
    payer_authentication: Literal["off", "where_possible", "attempted", "required"] = setting(
        "Payer authentication (3-D Secure)",
        "off asks for an authorization at once. The others ask the card's issuer who the shopper is"
        " first, and never pay when the issuer refuses him: where_possible also pays when the"
        " issuer cannot say, attempted when he was stood in for, required only when he was"
        " authenticated.",
        default="off",
    )
    challenge_preference: Literal["", "01", "02", "03", "04"] = setting(
        "Payer authentication: challenge wanted",
        "What issuers are told (challengeCode): 01 no preference, 02 none, 03 wanted, 04 mandatory;"
        " empty leaves it to the account.",
        default="",
    )
    transient_tokens: Literal["as_given", "verified"] = setting(
        "Transient tokens",
        "verified takes a transient token only with the capture context it was made in, and proves"
        " both before it is used; as_given proves them where a context comes along.",
        default="as_given",
    )
    page_origins: str = setting(
        "Pages that take cards",
        "The origins (https://shop.example.com) of the pages for which capture contexts are made,"
        " separated by spaces; empty leaves them to the shop.",
        default="",
    )
    card_networks: str = setting(
        "Card networks",
        "Which cards the pages take, in Cybersource's words, separated by spaces.",
        default="VISA MASTERCARD AMEX DISCOVER",
    )
    unified_checkout_version: str = setting(
        "Unified Checkout, version",
        "The version of the page's library that is asked for.",
        default="0.23",
        unverified=True,
    )
    unified_checkout_service: Literal["up", "uc"] = setting(
        "Unified Checkout, service",
        "up asks for capture contexts (/up/v1/capture-contexts), uc for sessions (/uc/v1/sessions),"
        " which is newer.",
        default="up",
    )
    unified_checkout_payments: str = setting(
        "Unified Checkout, ways to pay",
        "In Cybersource's words, separated by spaces: PANENTRY, CLICKTOPAY, GOOGLEPAY, APPLEPAY.",
        default="PANENTRY",
    )
    stored_token: Literal["paymentInstrument", "customer", "instrumentIdentifier"] = setting(
        "Kind of stored token",
        "Which Token Management Service id the shop keeps and sends.",
        default="paymentInstrument",
    )
    trusted_authority: str = setting(
        "Private authority",
        "A file with the certificate of a private authority (a proxy's); empty trusts the public"
        " ones.",
        default="",
    )
    connections_max: int = setting(
        "Connections",
        "How many calls are under way at once. A slow gateway holds one for each shopper who waits:"
        " whoever finds none free waits longer.",
        default=400,
    )

    @property
    def splits_tender(self) -> bool:
        """Whether holds of a part are asked for and kept."""
        return self.partial_authorizations and not self.takes_at_once

    @property
    def takes_at_once(self) -> bool:
        """Whether a checkout takes the money, and not only holds it."""
        return self.sale or self.payment_type == "check"

    @property
    def fences(self) -> bool:
        """Whether a lost answer may be settled by undoing; for checks that is not documented."""
        return self.fence and self.payment_type == "card"


def ending_of(day: str) -> date | None:
    """The day a key ends; None where none is set. Raises Misconfigured for what is no day."""
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        raise Misconfigured(
            f"key_expires_on: {day!r} is not a day.",
            reason="bad_setting",
            next_step="Write it as 2029-01-31.",
        ) from None


def secret_bytes(secret: Secret, title: str) -> bytes:
    """A base64 secret's bytes. Raises Misconfigured without showing it."""
    try:
        decoded = base64.b64decode(secret.value, validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise Misconfigured(
            f"The {title} is not base64.",
            reason="bad_secret",
            next_step="Copy it again from the Business Center.",
        )
    return decoded


def webhook_keys(secret: Secret) -> dict[str, bytes]:
    """Signature keys by their ids. Raises Misconfigured for text that is not keyId:key pairs."""
    keys: dict[str, bytes] = {}
    for pair in secret.value.split():
        key_id, colon, key = pair.partition(":")
        if not (key_id and colon):
            raise Misconfigured(
                "The webhook signature keys are not keyId:key pairs.",
                reason="bad_secret",
                next_step="Write each as its id, a colon and its key.",
            )
        keys[key_id] = secret_bytes(Secret(key), f"webhook signature key {key_id}")
    return keys
