"""The columns of reports, by the names they have there.

Sources: Reporting User Guide, "CSV Reports" and its Appendix C (the underscored names of classic
reports, in their order); Reporting Developer Guide, "Report Fields" (groups and names; "field names
in this group are prepended with the text Request"), and the official samples ("Request.RequestID").
How a CSV joins group and name in its column row is not documented: here by an underscore.
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

    @property
    def heading(self) -> str:
        """As the column row of a CSV names it."""
        return f"{self.group}_{self.name}"


REQUEST_ID = Column("Request", "RequestID", "request_id")
TRANSACTION_DATE = Column("Request", "TransactionDate", "transaction_date")
MERCHANT_ID = Column("Request", "MerchantID", "merchant_id")
MERCHANT_REFERENCE = Column("Request", "MerchantReferenceNumber", "merchant_ref_number")
REFERENCE = Column("Request", "TransactionRefNumber", "trans_ref_no")
METHOD = Column("PaymentMethod", "CardType", "payment_method")
SUFFIX = Column("PaymentMethod", "AccountSuffix", "account_suffix")
CURRENCY = Column("PaymentData", "CurrencyCode", "currency")
AMOUNT = Column("PaymentData", "Amount", "amount")
PROCESSOR = Column("PaymentData", "PaymentProcessor", "payment_processor")
APPLICATION = Column("Application", "Name", "transaction_type")
APPLICATIONS = Column("Application", "Name", "ics_applications")
RCODES = Column("Application", "Rcode", "ics_rcode")
RFLAGS = Column("Application", "Rflag", "ics_rflag")
BATCH_ID = Column("Batch", "BatchID", "batch_id")
BATCH_DATE = Column("Batch", "BatchDate", "batch_date")
EVENT = Column("Event", "Event", "event_type")
EVENT_DATE = Column("Event", "EventDate", "event_date")
EVENT_CURRENCY = Column("Event", "CurrencyCode", "merchant_currency_code")
EVENT_AMOUNT = Column("Event", "Amount", "merchant_amount")
PROCESSOR_MESSAGE = Column("Event", "ProcessorMessage", "processor_message")
EXCEPTION_ACTION = Column("Exception", "Action", "exception_action")
EXCEPTION_CATEGORY = Column("Exception", "ExceptionCategory", "exception_category")
EXCEPTION_TYPE = Column("Exception", "ExceptionType", "exception_type")
EXCEPTION_MESSAGE = Column("Exception", "ExceptionMessage", "exception_message")
EXCEPTION_AMOUNT = Column("Exception", "ExceptionAmount", "exception_amount")
EXCEPTION_CURRENCY = Column("Exception", "ExceptionAmountCurrency", "exception_currency")
RESPONSE_CODE = Column("Exception", "ProcessorResponseCode", "processor_response_code")
REASON_CODE = Column("Exception", "ReasonCode", "reason_code")
FUNDING_ID = Column("Funding", "FundingIdentificationNumber", "funding_id")
FUNDING_DATE = Column("Funding", "FundingDate", "funding_date")
FUNDING_AMOUNT = Column("Funding", "FundingAmount", "funding_amount")
FUNDING_CURRENCY = Column("Funding", "FundingCurrency", "funding_currency")
FUNDING_FEE = Column("Funding", "FeeAmount", "fee_amount")
FUNDING_FEE_CURRENCY = Column("Funding", "FeeCurrency", "fee_currency")
FUNDING_STATUS = Column("Funding", "Status", "funding_status")
DEPOSIT_ID = Column("Deposit", "Identifier", "deposit_id")
DEPOSIT_AMOUNT = Column("Deposit", "Amount", "deposit_amount")
DEPOSIT_CURRENCY = Column("Deposit", "Currency", "deposit_currency")
DEPOSIT_TIME = Column("Deposit", "Time", "deposit_time")
DEPOSIT_STATUS = Column("Deposit", "Status", "deposit_status")
