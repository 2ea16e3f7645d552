"""Money: integers of minor units (cents) inside the service, decimal strings in its API."""

from decimal import Decimal

MAX_UNIT_PRICE = 10_000_000_000
MAX_ADJUSTMENT = 1_000_000_000_000_000
"""Minor units. The total of 1,000 lines of 100,000 units at this price, with 20 adjustments, fits a bigint."""

_SHOWN_DIGITS = 20

# ISO 4217, list one: the active codes, by number of decimals.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)

DECIMALS: dict[str, int] = {
    code: decimals
    for decimals, codes in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS))
    for code in codes.split()
}
"""The number of decimals of each currency."""


def to_minor(amount: Decimal, currency: str) -> int:
    """Convert a price to minor units: 79.99 USD is 7999.

    Raises:
        ValueError: the price has more decimals than the currency, is negative, or is larger than `MAX_UNIT_PRICE`.
    """
    if amount < 0:
        raise ValueError(f"{_short(amount)} is negative; a price must be 0 or more")
    return _to_minor(amount, currency, MAX_UNIT_PRICE)


def to_signed_minor(amount: Decimal, currency: str) -> int:
    """Convert an adjustment to minor units: -5.00 USD is -500.

    Raises:
        ValueError: the amount has more decimals than the currency, or is more than `MAX_ADJUSTMENT` from 0.
    """
    return _to_minor(amount, currency, MAX_ADJUSTMENT)


def to_decimal(minor: int, currency: str) -> str:
    """Convert minor units to a decimal string: 7999 USD is "79.99"."""
    decimals = DECIMALS[currency]
    if decimals == 0:
        return str(minor)
    digits = f"{abs(minor):0{decimals + 1}d}"
    return f"{'-' if minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def _to_minor(amount: Decimal, currency: str, maximum: int) -> int:
    decimals = DECIMALS[currency]
    # Compare before scaling: 1E+999999999 would be expanded to all its digits.
    if amount.copy_abs() > Decimal(maximum).scaleb(-decimals):
        limit = f"{to_decimal(maximum, currency)}{'' if amount > 0 else ' below 0'}"
        raise ValueError(f"{_short(amount)} is too large; it must be at most {limit}")
    minor = int(amount.scaleb(decimals))
    # Compare with the amount, because scaling rounds to 28 digits.
    if Decimal(minor).scaleb(-decimals) != amount:
        raise ValueError(f"{_short(amount)} has too many decimals; an amount in {currency} has at most {decimals}")
    return minor


def _short(amount: Decimal) -> str:
    """Return an amount as text; one with many digits in scientific notation."""
    return (
        str(amount)
        if len(amount.as_tuple().digits) <= _SHOWN_DIGITS and -amount.adjusted() < _SHOWN_DIGITS
        else f"{amount:.3e}"
    )
