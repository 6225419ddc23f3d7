"""What a split sheet must say before anybody is asked to sign it, and the text that is signed.

Pure: it knows shares, names and moments. It refuses to know rows. Invariant: equal sheets have
equal text, hence one hash; a sheet shares exactly 1,000,000 ppm and is never effective before it is
signed.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

WHOLE_PPM = 1_000_000
STEMS_PER_RECORDING = 64
ADMINISTRATORS = ("SELF", "PUBLISHER", "SOCIETY")
UNREACHED_DAYS = 30
TEXT_LANGUAGE = "en"
"""The language of the texts that are signed, and of the pages they stand on."""


class CatalogRefused(ValueError):
    """The catalog cannot take this; a sentence for a person, a `code` for a program."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class ShareAsked:
    """One line of a sheet as it is proposed. `territories`: where the administrator collects; empty
    means the world."""

    party_id: UUID
    share_ppm: int
    administered_by: str = "SELF"
    administrator: str = ""
    territories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedLine:
    """One line of a sheet as its text prints it; identifiers in their printed form."""

    name: str
    identifiers: tuple[str, ...]
    share_ppm: int
    administered_by: str
    administrator: str
    territories: tuple[str, ...]


def clean_name(text: str, what: str = "name", limit: int = 200) -> str:
    """`text` in NFC with single spaces; it stands in texts that people sign, so nothing invisible.

    Raises CatalogRefused for an empty, too long or unprintable one (control and bidi marks too).
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain:
        raise CatalogRefused("empty_name", f"The {what} is empty.")
    if len(plain) > limit:
        raise CatalogRefused("long_name", f"The {what} is longer than {limit} characters.")
    if not plain.isprintable():
        raise CatalogRefused("odd_name", f"The {what} holds characters that cannot be printed.")
    return plain


def shown_file_name(text: str) -> str:
    """A client's file name as plain text: no path, nothing invisible, at most 255 marks."""
    last = text.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(mark if mark.isprintable() else "_" for mark in last)
    return kept.encode("utf-8", "replace").decode("utf-8")[:255]


def normalise_territory(text: str) -> str:
    """A country as ISO 3166-1 alpha-2, in capitals; raises CatalogRefused for another shape."""
    code = text.strip().upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        raise CatalogRefused("odd_territory", "A territory is a country code of two letters.")
    return code


def collects_in(territories: Collection[str], territory: str) -> bool:
    """Whether who collects in these territories collects in that one; none mean the world.

    Both clearing and the books ask this of a society's share: they must never answer differently.
    """
    return not territories or territory in territories


def check_shares(shares: Sequence[ShareAsked]) -> None:
    """Raise CatalogRefused unless each party stands once and all is shared."""
    if not shares:
        raise CatalogRefused("no_shares", "A split sheet needs at least one party.")
    if len({share.party_id for share in shares}) != len(shares):
        raise CatalogRefused("party_twice", "A party stands on this split sheet twice.")
    for share in shares:
        _check_share(share)
    total = sum(share.share_ppm for share in shares)
    if total != WHOLE_PPM:
        raise CatalogRefused(
            "not_whole", f"The shares sum to {percent(total)}, and must sum to 100.0000 %."
        )


def _check_share(share: ShareAsked) -> None:
    if isinstance(share.share_ppm, bool) or not isinstance(share.share_ppm, int):
        raise CatalogRefused("share_not_whole_ppm", "A share is a whole number of ppm.")
    if not 0 < share.share_ppm <= WHOLE_PPM:
        raise CatalogRefused("share_out_of_range", "Every share is more than 0 and at most 100 %.")
    if share.administered_by not in ADMINISTRATORS:
        raise CatalogRefused("odd_administrator", "A share is administered by nobody known.")
    if (share.administered_by == "SELF") == bool(share.administrator.strip()):
        raise CatalogRefused(
            "administrator_unnamed",
            "A share collected by a publisher or society names it, and only such a share.",
        )


def percent(ppm: int) -> str:
    """Parts per million as a percentage with four decimals, exactly."""
    return f"{ppm // 10_000}.{ppm % 10_000:04d} %"


def sheet_text(
    *,
    right: str,
    subject: str,
    version: int,
    lines: Sequence[SignedLine],
    effective_from: datetime | None,
    endings: Sequence[str] = (),
) -> str:
    """The text that every party reads and signs; the same words for the same sheet, always.

    `endings`: what `succession.ending_text` says of each version that this one ends.
    """
    when = "from the moment the last party signs"
    if effective_from is not None:
        moment = effective_from.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        when += f", but not before {moment}"
    body = [
        f"SPLIT SHEET, version {version}",
        f"Right: {right.lower()}",
        f"Of: {subject}",
        f"Effective: {when}",
        "",
        "Shares:",
    ]
    body += [_line_text(line) for line in lines]
    body += [
        f"  {percent(sum(line.share_ppm for line in lines)):>10}  in all",
        "",
    ]
    for ending in endings:
        body += [*ending.splitlines(), ""]
    body += [
        "By signing, each party agrees to these shares of what this right earns while this version",
        "is effective. It counts once every party named above has signed; one that says no ends",
        "the proposal. A change is a new version, which the parties of this one sign as well as",
        "its own; it never reaches back.",
    ]
    if endings:
        body += [
            "For a party of an ended version that cannot be reached two rights administrators may",
            f"decide on a document, {UNREACHED_DAYS} days after it was asked or later.",
        ]
    return "\n".join(body) + "\n"


def _line_text(line: SignedLine) -> str:
    parts = [f"  {percent(line.share_ppm):>10}  {line.name}", *line.identifiers]
    if line.administered_by == "SELF":
        return ", ".join([*parts, "collected by the party itself"])
    where = f" in {' '.join(sorted(line.territories))}" if line.territories else ""
    who = line.administered_by.lower()
    return ", ".join([*parts, f"collected by the {who} {line.administrator}{where}"])


def text_sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8, in hex: what a signature row holds."""
    return hashlib.sha256(text.encode()).hexdigest()


def starts_at(asked: datetime | None, signed_at: datetime) -> datetime:
    """When a sheet becomes effective: with its last signature, or later if so asked."""
    return signed_at if asked is None else max(asked, signed_at)
