"""What search and reports call the services of follow-on requests.

Source: Simple Order API and SCMP field names (ics_bill ...).
"""

from typing import Final

SERVICES: Final = {
    "capture": "ics_bill",
    "reversal": "ics_auth_reversal",
    "void": "ics_void",
    "refund": "ics_credit",
    "credit": "ics_credit",
    "increment": "ics_incremental_auth",
}
CHECK_SERVICES: Final = {
    "capture": "ics_ecp_debit",
    "refund": "ics_ecp_credit",
    "credit": "ics_ecp_credit",
    "void": "ics_void",
    "reversal": "ics_void",
}
