"""Currencies as ISO 4217 lists them, with the digits that their amounts have.

A code that is not among them is refused (API field reference, orderInformation.amountDetails.
currency: "Use the three-character ISO Standard Currency Codes").
"""

from decimal import Decimal
from typing import Final

_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
_TWO_DIGITS: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
    "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR "
    "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
    "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
    "ZMW ZWG "
)
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND "
QUANTA: Final = {
    **dict.fromkeys(_NO_DIGITS.split(), Decimal(1)),
    **dict.fromkeys(_TWO_DIGITS.split(), Decimal("0.01")),
    **dict.fromkeys(_THREE_DIGITS.split(), Decimal("0.001")),
}
"""The smallest amount of each currency: 0.01 for most, 1 for JPY, 0.001 for KWD."""
