"""Integer money: micro-units of a currency, divided by largest remainder so that parts sum up.

This is the floor on which every amount of the house stands. It knows no ledger, no music and no
database. Invariant: the parts of an allocation always sum to the total, and no input order,
no clock and no floating point number has a say in who gets the last micro-unit.
"""

from collections.abc import Sequence

MICROS_PER_UNIT = 1_000_000
"""One euro is 1,000,000 micro-units; a ledger amount is an int of these."""

_WHOLE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD JOD KWD OMR TND"
_HUNDREDTHS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD"
    " CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP"
    " MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD SAR SBD"
    " SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU UZS WST XCD XCG"
    " YER ZAR ZMW"
)
_MINOR_EXPONENT = {
    **dict.fromkeys(_WHOLE.split(), 0),
    **dict.fromkeys(_HUNDREDTHS.split(), 2),
    **dict.fromkeys(_THOUSANDTHS.split(), 3),
}
"""Decimals of the minor unit in which amounts go to and come from the provider.

Not those of ISO 4217: ISK and UGX have no parts any more and are still counted in hundredths, MGA
has and is counted whole. Source: docs.stripe.com/currencies, its lists of zero-decimal and
three-decimal currencies and of special cases.
"""
_SMALLEST_MINOR = {
    **dict.fromkeys(("HUF", "ISK", "TWD", "UGX"), 100),
    **dict.fromkeys(_THOUSANDTHS.split(), 10),
}
"""Of how many minor units what is paid must be a multiple, where that is not one (same source)."""


def allocate(total: int, weights: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Divide `total` by `weights` into integer parts that sum to it exactly.

    Largest remainder: each key's quota is total x weight / sum of weights as an exact rational; it
    gets the floor, and the units left over go one each to the largest fractions, ties to the
    smaller key in code point order. A negative total is the negated allocation of its absolute
    value, so a reversal cancels its original. Source: licensing money design, vectors in the tests.

    weights: (key, weight) with distinct keys and weights >= 0; returned in the order given.
    Raises TypeError for anything but int (bool included), ValueError for a repeated key, a negative
    weight, or a total other than zero that nobody can take (no positive weight).
    """
    _check_int("total", total)
    for key, weight in weights:
        _check_int(f"weight of {key}", weight)
        if weight < 0:
            raise ValueError(f"weight of {key} is negative")
    if len({key for key, _ in weights}) != len(weights):
        raise ValueError("a key stands twice among the weights")
    whole = sum(weight for _, weight in weights)
    if whole == 0:
        if total:
            raise ValueError("nobody to take the total: no positive weight")
        return {key: 0 for key, _ in weights}
    return _divide(total, weights, whole)


def _divide(total: int, weights: Sequence[tuple[str, int]], whole: int) -> dict[str, int]:
    amount = abs(total)
    parts = {key: amount * weight // whole for key, weight in weights}
    left = amount - sum(parts.values())
    by_fraction = sorted(weights, key=lambda item: (-(amount * item[1] % whole), item[0]))
    for key, _ in by_fraction[:left]:
        parts[key] += 1
    return {key: -part for key, part in parts.items()} if total < 0 else parts


def _check_int(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")


def check_currency(code: str) -> str:
    """The ISO 4217 code itself; raises ValueError when it is not three capital letters."""
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"not a currency code: {code!r}")
    return code


def payable_minor(amount_micros: int, currency: str) -> tuple[int, int]:
    """What can be paid of a balance, and what stays: (minor units, rest in micro-units).

    Rounds toward zero, once, so that nobody is paid a fraction that is not there; the rest has the
    sign of the balance. Minor units are cents for EUR, whole yen for JPY, thousandths for KWD, of
    which ten are the least. Raises ValueError for a currency of which nobody knows the minor unit.
    """
    least = smallest_minor(currency)
    steps, rest = divmod(abs(amount_micros), minor_micros(least, currency))
    minor = steps * least
    return (-minor, -rest) if amount_micros < 0 else (minor, rest)


def smallest_minor(currency: str) -> int:
    """The least that can be paid of a currency, in its minor units; amounts are multiples of it."""
    return _SMALLEST_MINOR.get(currency, 1)


def minor_micros(minor: int, currency: str) -> int:
    """Minor units (cents for EUR, whole yen for JPY) as micro-units, exactly.

    Raises ValueError for a currency of which nobody knows the minor unit.
    """
    step: int = MICROS_PER_UNIT // 10 ** _exponent(currency)
    return minor * step


def amount_text(amount_micros: int) -> str:
    """A decimal with all six places and a point, for CSV and JSON: -1234567 is "-1.234567"."""
    units, micros = divmod(abs(amount_micros), MICROS_PER_UNIT)
    sign = "-" if amount_micros < 0 else ""
    return f"{sign}{units}.{micros:06d}"


def minor_text(minor: int, currency: str) -> str:
    """Minor units with the places that the currency has: 3000 EUR is "30.00", 3000 JPY "3000".

    Raises ValueError for a currency of which nobody knows the minor unit.
    """
    places = _exponent(currency)
    units, rest = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{units}.{rest:0{places}d}" if places else f"{sign}{units}"


def _exponent(currency: str) -> int:
    try:
        return _MINOR_EXPONENT[check_currency(currency)]
    except KeyError:
        raise ValueError(f"nobody knows here what a minor unit of {currency} is") from None
