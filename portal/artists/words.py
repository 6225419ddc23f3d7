"""How numbers are said on pages: money, shares, lengths, keys. Pure; no rows, no clock.

Invariant: nothing is rounded twice. Amounts come in micro-units, shares in parts per million.
"""

import re

from licensing.money import allocate

MICROS = 1_000_000
CENT = 10_000
MINUS = "−"


def _grouped(whole: int) -> str:
    return f"{whole:,}"


def micros6(amount: int) -> str:
    """An amount as it is reckoned: six places, a true minus."""
    sign = MINUS if amount < 0 else ""
    whole, rest = divmod(abs(amount), MICROS)
    return f"{sign}{_grouped(whole)}.{rest:06d}"


def cents(amount: int) -> str:
    """An amount as it is paid: whole cents, rounded towards zero; the rest stays on the account."""
    sign = MINUS if amount <= -CENT else ""
    whole, rest = divmod(abs(amount) // CENT, 100)
    return f"{sign}{_grouped(whole)}.{rest:02d}"


def signed_cents(amount: int) -> str:
    """A difference in cents, with its sign; nothing has none."""
    return f"+{cents(amount)}" if amount >= CENT else cents(amount)


def whole_cents(amounts: list[int]) -> list[int]:
    """Amounts of one sign in whole cents, as micro-units, that make the whole cents of their sum.

    By largest remainder; of amounts of both signs each by itself, towards zero.
    """
    if any(amount < 0 for amount in amounts) and any(amount > 0 for amount in amounts):
        return [abs(amount) // CENT * CENT * (-1 if amount < 0 else 1) for amount in amounts]
    total = abs(sum(amounts)) // CENT
    weights = [(f"{place:09d}", abs(amount)) for place, amount in enumerate(amounts)]
    if total == 0 or not any(weight for _, weight in weights):
        return [0 for _ in amounts]
    parts = allocate(total, weights)
    sign = -1 if sum(amounts) < 0 else 1
    return [sign * parts[name] * CENT for name, _ in weights]


def counted(number: int, what: str) -> str:
    """How many of something, with its plural."""
    return f"{_grouped(number)} {what}{'' if number == 1 else 's'}"


def percent(ppm: int) -> str:
    """Parts per million as a percentage with four decimals, exactly."""
    return f"{ppm // 10_000}.{ppm % 10_000:04d} %"


def percent_ppm(text: str) -> int:
    """A percentage of at most four decimals as parts per million; ValueError says what is wrong."""
    plain = text.strip().replace(",", ".").removesuffix("%").strip()
    whole, _, rest = plain.partition(".")
    if not (whole or rest) or not (whole + rest).isascii() or not (whole + rest).isdigit():
        raise ValueError("Write a percentage, for example 33.3333.")
    if len(rest) > 4:
        raise ValueError("At most four places after the point.")
    return int(whole or 0) * 10_000 + int(rest.ljust(4, "0"))


NOT_PAID = {
    "SELF": "own plays",
    "UNFUNDED": "not funded",
    "HELD": "held: looks odd, a person decides",
    "UPHELD": "looked odd, does not count",
    "LATE": "came after its month was divided",
}
"""Why plays on a line accrue nothing, as an artist is told."""
MOVEMENTS = {
    "DISPUTE": "contested, held until decided",
    "DECISION": "a dispute was decided",
    "RECOUPMENT": "recoups your advance",
    "RESERVE": "set aside, still yours",
    "RELEASE": "was set aside, payable again",
    "WITHHOLDING": "tax kept back",
    "CORRECTION": "corrects an earlier line",
    "PAYOUT": "paid out",
    "RETURNED": "a payout that came back",
    "EXCHANGE": "converted",
}


def movement(kind: str) -> str:
    """A line that earns nothing, or what moved beside earnings, as an artist is told."""
    return NOT_PAID.get(kind) or MOVEMENTS.get(kind, "another entry")


def clock(frames: int, rate_hz: int = 48_000) -> str:
    """A length in samples as minutes and seconds, rounded to the nearest second."""
    minutes, seconds = divmod(round(frames / rate_hz), 60)
    return f"{minutes}:{seconds:02d}"


def tempo(bpm: float | None) -> str:
    """A tempo with at most one decimal, or nothing."""
    return "" if bpm is None else f"{bpm:.1f}".removesuffix(".0")


def key_name(key: str | None) -> str:
    """ "D min" as "D minor"; nothing where no key is known."""
    if not key:
        return ""
    return key.replace(" min", " minor").replace(" maj", " major")


def flowing(text: str) -> str:
    """Text whose lines were broken for print, word for word, with each paragraph on one line.

    A line that begins with blanks goes on with the one before.
    """
    return re.sub(r"(?<=\S)\n[ ]+(?=\S)", " ", text)
