"""What Cybersource says in words of each reason, as clients read it.

Source: the texts of the Simple Order API's reason codes, which the REST API's answers carry; those
of INVALID_ACCOUNT, EXPIRED_CARD, GENERAL_DECLINE, INVALID_DATA, MISSING_FIELD, NOT_VOIDABLE and
AUTH_ALREADY_REVERSED are asserted word by word by integrations' tests against the test host.
"""

REFUSED = {
    "MISSING_FIELD": "Declined - The request is missing one or more fields",
    "INVALID_DATA": "Declined - One or more fields in the request contains invalid data",
    "DUPLICATE_REQUEST": "Declined - A request with this transaction id was sent before.",
    "NOT_SUPPORTED": "The processor does not support this service.",
    "EXCEEDS_AUTH_AMOUNT": "Decline - The requested amount exceeds the originally authorized"
    " amount. Occurs, for example, if you try to capture an amount larger than the original"
    " authorization amount.",
    "AUTH_ALREADY_REVERSED": "Decline - The authorization has already been reversed.",
    "MISSING_AUTH": "Decline - The request ID is invalid. You requested a capture, but there is no"
    " corresponding, unused authorization record.",
    "TRANSACTION_ALREADY_SETTLED": "Decline - The transaction has already been settled.",
    "INVALID_AMOUNT": "Decline - The requested transaction amount must match the previous"
    " transaction amount.",
    "NOT_VOIDABLE": "Decline - The capture or credit is not voidable because the capture or credit"
    " information has already been submitted to your processor. Or, you requested a void for a type"
    " of transaction that cannot be voided.",
    "CAPTURE_ALREADY_VOIDED": "Decline - You requested a credit for a capture that was previously"
    " voided.",
}
"""Of the reasons of 400."""

_SOFT = "Soft Decline - The authorization request was approved by the issuing bank but declined by"
_DECLINED = {
    "AVS_FAILED": f"{_SOFT} CyberSource because it did not pass the Address Verification Service"
    " (AVS) check.",
    "CV_FAILED": f"{_SOFT} CyberSource because it did not pass the card verification number (CVN)"
    " check.",
    "CONTACT_PROCESSOR": "Decline - The issuing bank has questions about the request. You do not"
    " receive an authorization code programmatically, but you might receive one verbally by calling"
    " the processor.",
    "EXPIRED_CARD": "Decline - Expired card. You might also receive this if the expiration date you"
    " provided does not match the date the issuing bank has on file.",
    "PROCESSOR_DECLINED": "Decline - General decline of the card. No other information provided by"
    " the issuing bank.",
    "INSUFFICIENT_FUND": "Decline - Insufficient funds in the account.",
    "STOLEN_LOST_CARD": "Decline - Stolen or lost card.",
    "ISSUER_UNAVAILABLE": "Decline - Issuing bank unavailable.",
    "UNAUTHORIZED_CARD": "Decline - Inactive card or card not authorized for card-not-present"
    " transactions.",
    "CVN_NOT_MATCH": "Decline - card verification number (CVN) did not match.",
    "EXCEEDS_CREDIT_LIMIT": "Decline - The card has reached the credit limit.",
    "INVALID_CVN": "Decline - Invalid Card Verification Number (CVN).",
    "DECLINED_CHECK": "Decline - Generic Decline.",
    "BLACKLISTED_CUSTOMER": "Decline - The customer matched an entry on the processor's negative"
    " file.",
    "SUSPENDED_ACCOUNT": "Decline - customer's account is frozen",
    "INVALID_ACCOUNT": "Decline - Invalid account number",
    "GENERAL_DECLINE": "Decline - General decline by the processor.",
    "DECISION_PROFILE_REVIEW": "The order is marked for review by Decision Manager",
    "DECISION_PROFILE_REJECT": "The order has been rejected by Decision Manager",
    "SCORE_EXCEEDS_THRESHOLD": "Soft Decline - Fraud score exceeds threshold.",
    "CONSUMER_AUTHENTICATION_REQUIRED": "The cardholder is enrolled in Payer Authentication. Please"
    " authenticate the cardholder before continuing with the transaction.",
    "CONSUMER_AUTHENTICATION_FAILED": "Encountered a Payer Authentication problem. Payer could not"
    " be authenticated.",
    "CUSTOMER_WATCHLIST_MATCH": "The customer matched the Denied Parties List",
    "ADDRESS_COUNTRY_WATCHLIST_MATCH": "Export bill_country/ship_country match",
    "EMAIL_COUNTRY_WATCHLIST_MATCH": "Export email_country match",
    "IP_COUNTRY_WATCHLIST_MATCH": "Export hostname_country/ip_country match",
}


def declined(reason: str) -> str:
    """Of the reason of an answer that is no refusal."""
    return _DECLINED.get(reason) or f"Decline - {reason.replace('_', ' ').capitalize()}."
