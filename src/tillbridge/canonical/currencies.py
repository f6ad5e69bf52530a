"""ISO 4217 currencies and how many decimals each has.

Source: ISO 4217:2015 list one (active codes and minor units), amendments to 2025. Funds codes
and precious metals without minor units are left out: nobody pays with them.
"""

from tillbridge.canonical.errors import Rejected

_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD"
    " CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD"
    " GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD"
    " MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP"
    " PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS"
    " TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

EXPONENTS: dict[str, int] = {
    code: exponent
    for exponent, codes in ((2, _TWO), (0, _NONE), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}


def exponent_of(currency: str) -> int:
    """How many decimals an amount in this currency has.

    Raises:
        Rejected: the code is not an active ISO 4217 code (codes are upper case).
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise Rejected(
            f"{currency!r} is not an ISO 4217 currency code.",
            reason="unknown_currency",
            next_step="Use a three-letter upper-case code such as USD.",
        ) from None
