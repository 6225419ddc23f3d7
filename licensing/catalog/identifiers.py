"""The trade's identifiers, brought to one form and checked.

ISRC, ISWC, IPI name number and ISNI stand on our rows. IPI base number, GRid, ICPN (EAN, UPC) and
DPID have no row here: nobody's shares are matched by base numbers, a release is a recording with
its ISRC and no product with a bar code, and no message to a shop is sent under a party id of ours.
They are checked where one comes in or goes out with a file.

It knows shapes and check digits. It refuses to know registries: it never asks whether a code was
issued, and it never corrects one. Invariant: what a `normalise_` function returns is the stored
form, ASCII only; normalising it again changes nothing; all else raises `InvalidIdentifier`.

Characters are matched as `[0-9A-Z]` and to the very end, because `str.isdigit` accepts other
scripts' digits and `$` a trailing newline. Sources: ISO 3901:2019, ISO 15707, ISO 27729, CISAC,
ISO 7064, GS1 General Specifications, the GRid standard, DDEX Party Identifier.
"""

import re

_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_ISWC = re.compile(r"T[0-9]{10}")
_IPI = re.compile(r"[0-9]{11}")
_ISNI = re.compile(r"[0-9]{15}[0-9X]")
_IPI_BASE = re.compile(r"I[0-9]{10}")
_GRID = re.compile(r"A1[0-9A-Z]{16}")
_ICPN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_DPID = re.compile(r"PADPIDA[0-9]{10}[0-9A-Z]")
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
    return _brought_up_to_a_ten(1, nine_digits)


def _brought_up_to_a_ten(start: int, digits: str) -> str:
    total = start + sum(place * int(digit) for place, digit in enumerate(digits, 1))
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


def ipi_base_check_digit(nine_digits: str) -> str:
    """The last digit of an IPI base number: as an ISWC's, from 2 on."""
    return _brought_up_to_a_ten(2, nine_digits)


def normalise_ipi_base(text: str) -> str:
    """`I` and ten digits, the last one checked."""
    bare = _match(text, "IPI", _IPI_BASE)
    if bare is None:
        raise InvalidIdentifier("An IPI base number is the letter I followed by ten digits.")
    if bare[10] != ipi_base_check_digit(bare[1:10]):
        raise InvalidIdentifier("This IPI base number's last digit does not match the others.")
    return bare


def mod_37_36(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 over letters and digits."""
    left = 36
    for character in text:
        left = ((left + int(character, 36)) % 36 or 36) * 2 % 37
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(1 - left) % 36]


def normalise_grid(text: str) -> str:
    """18 characters: A1, issuer 5, release 10, and one that checks all 17 before it."""
    bare = _match(text, "GRID", _GRID)
    if bare is None:
        raise InvalidIdentifier("A GRid is A1 and sixteen letters or digits.")
    if bare[17] != mod_37_36(bare[:17]):
        raise InvalidIdentifier("This GRid's last character does not match the others.")
    return bare


def normalise_dpid(text: str) -> str:
    """18 characters: PADPIDA, ten digits, and one that checks all 17 before it."""
    bare = _match(text, "DPID", _DPID)
    if bare is None:
        raise InvalidIdentifier("A DPID is PADPIDA, ten digits and a last letter or digit.")
    if bare[17] != mod_37_36(bare[:17]):
        raise InvalidIdentifier("This DPID's last character does not match the others.")
    return bare


def icpn_check_digit(digits: str) -> str:
    """The last digit of an EAN or UPC: three and one in turn from the right, up to a ten."""
    total = sum(int(digit) * (1 if i % 2 else 3) for i, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def normalise_icpn(text: str) -> str:
    """8, 12, 13 or 14 digits (EAN-8, UPC-A, EAN-13, GTIN-14), the last one checked; no length is
    made another by zeros."""
    bare = _match(text, "EAN", _ICPN) or _match(text, "UPC", _ICPN)
    if bare is None:
        raise InvalidIdentifier("An EAN or UPC has 8, 12, 13 or 14 digits.")
    if not bare.strip("0"):
        raise InvalidIdentifier("An EAN or UPC is not all zeros.")
    if bare[-1] != icpn_check_digit(bare[:-1]):
        raise InvalidIdentifier("This EAN's or UPC's last digit does not match the others.")
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


def format_ipi_base(ipi_base: str) -> str:
    """As printed: `I-001068130-6`."""
    return f"{ipi_base[0]}-{ipi_base[1:10]}-{ipi_base[10]}"


def format_grid(grid: str) -> str:
    """As printed: `A1-2425G-ABC1234002-M`."""
    return f"{grid[:2]}-{grid[2:7]}-{grid[7:17]}-{grid[17]}"


def format_isni(isni: str) -> str:
    """As printed: four groups of four."""
    return " ".join(isni[i : i + 4] for i in range(0, 16, 4))
