"""The trade's identifiers: ISRC, ISWC, IPI name number, ISNI; brought to one form and checked.

It knows shapes and check digits. It refuses to know registries: it never asks whether a code was
issued, and it never corrects one. Invariant: what a `normalise_` function returns is the stored
form, ASCII only; normalising it again changes nothing; all else raises `InvalidIdentifier`.

Characters are matched as `[0-9A-Z]` and to the very end, because `str.isdigit` accepts other
scripts' digits and `$` a trailing newline. Sources: ISO 3901:2019, ISO 15707, ISO 27729, CISAC.
"""

import re

_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_ISWC = re.compile(r"T[0-9]{10}")
_IPI = re.compile(r"[0-9]{11}")
_ISNI = re.compile(r"[0-9]{15}[0-9X]")
_SEPARATORS = re.compile(r"[ .\-]")


class InvalidIdentifier(ValueError):
    """The text is not an identifier of this kind; the message is one sentence for a person."""


def _match(text: str, name: str, shape: re.Pattern[str]) -> str | None:
    """The part of `text` that has `shape`, in upper case, without separators and printed name.

    The name is cut only where the whole would not do: IS-RC1-76-07839 is an Icelandic ISRC.
    """
    if not text.isascii() or not text.isprintable():
        return None
    bare = _SEPARATORS.sub("", text.upper())
    if shape.fullmatch(bare):
        return bare
    rest = bare.removeprefix(name).removeprefix(":")
    return rest if shape.fullmatch(rest) else None


def normalise_isrc(text: str) -> str:
    """12 characters: prefix 5, year 2, designation 5. There is no check digit to compute."""
    bare = _match(text, "ISRC", _ISRC)
    if bare is None:
        raise InvalidIdentifier(
            "An ISRC has two letters, three letters or digits, then seven digits."
        )
    return bare


def iswc_check_digit(nine_digits: str) -> str:
    """The last digit of an ISWC: 1 + the sum of i times digit i, brought up to a ten."""
    total = 1 + sum(place * int(digit) for place, digit in enumerate(nine_digits, 1))
    return str(-total % 10)


def normalise_iswc(text: str) -> str:
    """`T` and ten digits, the last one checked."""
    bare = _match(text, "ISWC", _ISWC)
    if bare is None:
        raise InvalidIdentifier("An ISWC is the letter T followed by ten digits.")
    if bare[10] != iswc_check_digit(bare[1:10]):
        raise InvalidIdentifier("This ISWC's last digit does not match the others.")
    return bare


def ipi_check_digits(nine_digits: str) -> str:
    """The last two digits of an IPI name number; a remainder of 1 gives "00"."""
    remainder = sum(int(digit) * (10 - i) for i, digit in enumerate(nine_digits)) % 101
    return f"{(101 - remainder) % 100 if remainder else 0:02d}"


def normalise_ipi(text: str) -> str:
    """Eleven digits, the last two checked; leading zeros belong to it."""
    bare = _match(text, "IPI", _IPI)
    if bare is None:
        raise InvalidIdentifier("An IPI name number has eleven digits.")
    if bare == "0" * 11:
        raise InvalidIdentifier("An IPI name number is not all zeros.")
    if bare[9:] != ipi_check_digits(bare[:9]):
        raise InvalidIdentifier("This IPI's last two digits do not match the others.")
    return bare


def isni_check_character(fifteen_digits: str) -> str:
    """ISO 7064 MOD 11-2 over the first fifteen digits; ten is written X."""
    total = 0
    for digit in fifteen_digits:
        total = (total + int(digit)) * 2 % 11
    value = (12 - total) % 11
    return "X" if value == 10 else str(value)


def normalise_isni(text: str) -> str:
    """Sixteen characters, the last one checked."""
    bare = _match(text, "ISNI", _ISNI)
    if bare is None:
        raise InvalidIdentifier("An ISNI has fifteen digits and a last digit or X.")
    if bare[15] != isni_check_character(bare[:15]):
        raise InvalidIdentifier("This ISNI's last character does not match the others.")
    return bare


def format_isrc(isrc: str) -> str:
    """As printed: `US-S1Z-99-00001`."""
    return f"{isrc[:2]}-{isrc[2:5]}-{isrc[5:7]}-{isrc[7:]}"


def format_iswc(iswc: str) -> str:
    """As printed: `T-034.524.680-1`."""
    return f"{iswc[0]}-{iswc[1:4]}.{iswc[4:7]}.{iswc[7:10]}-{iswc[10]}"


def format_isni(isni: str) -> str:
    """As printed: four groups of four."""
    return " ".join(isni[i : i + 4] for i in range(0, 16, 4))
