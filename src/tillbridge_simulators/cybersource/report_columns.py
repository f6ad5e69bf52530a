"""The columns of reports, by the names they have there.

Sources: Reporting User Guide, "CSV Reports" and its Appendix C (the underscored names of classic
reports, in their order); Reporting User Guide, "Report Fields and Descriptions" and the pages of
the single reports (RequestID, TransactionDate, ExceptionCategory ...), and the official samples
("Request.RequestID"). How a CSV spells the second kind in its column row is not documented.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its group and name ("Request", "RequestID"), and its classic name."""

    group: str
    name: str
    classic: str

    @property
    def id(self) -> str:
        """As a request names it: "Request.RequestID"."""
        return f"{self.group}.{self.name}"


REQUEST_ID = Column("Request", "RequestID", "request_id")
TRANSACTION_DATE = Column("Request", "TransactionDate", "transaction_date")
MERCHANT_ID = Column("Request", "MerchantID", "merchant_id")
MERCHANT_REFERENCE = Column("Request", "MerchantReferenceNumber", "merchant_ref_number")
REFERENCE = Column("Request", "TransactionReferenceNumber", "trans_ref_no")
METHOD = Column("PaymentMethod", "PaymentMethod", "payment_method")
SUFFIX = Column("PaymentMethod", "AccountSuffix", "account_suffix")
CURRENCY = Column("PaymentData", "CurrencyCode", "currency")
AMOUNT = Column("PaymentData", "Amount", "amount")
PROCESSOR = Column("PaymentData", "PaymentProcessor", "payment_processor")
APPLICATION = Column("Application", "Application", "transaction_type")
APPLICATIONS = Column("Application", "Name", "ics_applications")
RCODES = Column("Application", "RCode", "ics_rcode")
RFLAGS = Column("Application", "RFlag", "ics_rflag")
BATCH_ID = Column("Batch", "BatchID", "batch_id")
BATCH_DATE = Column("Batch", "BatchDate", "batch_date")
EVENT_TYPE = Column("Event", "EventType", "event_type")
EVENT_DATE = Column("Event", "EventDate", "event_date")
PAYMENT_TYPE = Column("Event", "PaymentType", "payment_type")
MERCHANT_CURRENCY = Column("Event", "MerchantCurrencyCode", "merchant_currency_code")
MERCHANT_AMOUNT = Column("Event", "MerchantAmount", "merchant_amount")
CONSUMER_CURRENCY = Column("Event", "ConsumerCurrencyCode", "consumer_currency_code")
CONSUMER_AMOUNT = Column("Event", "ConsumerAmount", "consumer_amount")
FEE_CURRENCY = Column("Event", "FeeCurrencyCode", "fee_currency_code")
FEE_AMOUNT = Column("Event", "FeeAmount", "fee_amount")
PROCESSOR_MESSAGE = Column("Event", "ProcessorMessage", "processor_message")
EXCEPTION_ACTION = Column("Exception", "Action", "exception_action")
EXCEPTION_CATEGORY = Column("Exception", "ExceptionCategory", "exception_category")
EXCEPTION_TYPE = Column("Exception", "ExceptionType", "exception_type")
EXCEPTION_MESSAGE = Column("Exception", "ExceptionMessage", "exception_message")
RESPONSE_CODE = Column("Exception", "ProcessorResponseCode", "processor_response_code")
REASON_CODE = Column("Exception", "ReasonCode", "reason_code")
FUNDING_ID = Column("Funding", "FundingID", "funding_id")
FUNDING_DATE = Column("Funding", "FundingDate", "funding_date")
FUNDING_TYPE = Column("Funding", "FundingType", "funding_type")
DEPOSIT_AMOUNT = Column("Deposit", "DepositAmount", "deposit_amount")
DEPOSIT_DATE = Column("Deposit", "DepositDate", "deposit_date")
