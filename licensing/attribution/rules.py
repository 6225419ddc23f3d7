"""Whether a licence record may be opened and how it closes, as pure answers on plain values.

It refuses to know rows. Invariant: a record never rests on audio or stems that were not cleared,
never goes beyond the limits of its clearance or of the grants that stand when it is opened, and its
lines share exactly 1,000,000 ppm among its own sources.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from licensing.clearance.limits import Limits, is_within, tightest
from licensing.clearance.rules import VOCALS, Asked, Decision, Reason, reasons_beyond
from licensing.money import allocate

SESSION = "session"
"""The kind of subject whose record grows in parts and is sealed minute by minute."""
WHOLE_PPM = 1_000_000
UNATTRIBUTED = "UNATTRIBUTED"
"""Stands among measured parts for sound that no cleared stem is behind."""
CONDITIONING_ONLY = "attribution: conditioning only"
"""What a record says of an external net's sound: stems may steer it, none is heard in it."""
SWEEP_DAYS = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEASURES = (
    *("target_lufs", "reached_lufs", "integrated_lufs", "true_peak_dbtp", "trim_db"),
    *("chroma_likeness", "onset_likeness"),
)


class OpenRefused(ValueError):
    """The record cannot be opened; `reasons` say why, each with a code and a sentence."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(" ".join(reason.sentence for reason in reasons))
        self.reasons = tuple(reasons)


class SealRefused(ValueError):
    """What was handed in does not close a record; the message is one sentence."""


def check_sources(
    sources: Sequence[tuple[UUID, str]], cleared: set[UUID], digests: dict[UUID, str | None]
) -> list[Reason]:
    """Why these (stem, digest) pairs are not what was cleared; `digests`: the stems' own audio."""
    if not sources:
        return [Reason("no_sources", "A licence record rests on at least one stem.")]
    reasons = []
    if len({stem for stem, _ in sources}) != len(sources):
        reasons.append(Reason("source_twice", "A stem is named twice among the sources."))
    for stem, digest in sources:
        if stem not in cleared:
            reasons.append(Reason("not_cleared", "A source was not part of the clearance.", stem))
        elif digests.get(stem) != digest:
            reasons.append(Reason("other_audio", "A source is not the audio of its stem.", stem))
    return reasons


def check_opening(
    decision: Decision, cleared: Limits, made: Asked | None, roles: Sequence[str]
) -> list[Reason]:
    """Why a recipe may not be opened now, beyond what `decision` says already.

    `made`: the extremes of the recipe, measured against the limits of the clearance and of now.
    Without it the recipe is taken to use all that its clearance allowed, so that nothing may have
    become tighter. Vocal stems among the sources count as vocals either way.
    """
    has_vocals = VOCALS in roles
    limits = tightest([decision.limits, cleared])
    if made is not None:
        seen = Asked(made.tempo_ratio, made.semitones, made.vocals or has_vocals)
        return list(reasons_beyond(limits, seen))
    reasons = list(reasons_beyond(limits, Asked(vocals=has_vocals)))
    if not is_within(cleared, decision.limits):
        reasons.append(
            Reason("limits_tightened", "A holder has set tighter limits since the clearance.")
        )
    return reasons


def check_lines(lines: Sequence[tuple[UUID, int]], sources: set[UUID]) -> None:
    """Raise SealRefused unless the lines are of sources, one each, whole ppm, 1,000,000 in all."""
    stems = [stem for stem, _ in lines]
    if len(set(stems)) != len(stems) or not set(stems) <= sources:
        raise SealRefused("Every attribution line is of one source, and of one alone.")
    if any(isinstance(ppm, bool) or not isinstance(ppm, int) or ppm < 0 for _, ppm in lines):
        raise SealRefused("An attribution line is a whole number of ppm, never negative.")
    total = sum(ppm for _, ppm in lines)
    if total != WHOLE_PPM:
        raise SealRefused(f"The attribution lines sum to {total} ppm, not to {WHOLE_PPM}.")


def paid_lines(parts: Sequence[tuple[str, int]]) -> tuple[list[tuple[str, int]], int]:
    """The lines that are paid, and the ppm of UNATTRIBUTED sound beside them.

    `parts`: (source, measured ppm), 1,000,000 in all, UNATTRIBUTED perhaps among them. What it took
    goes to the sources in proportion, never to the house: their lines sum to 1,000,000 exactly, by
    largest remainder. Raises SealRefused for other sums, and where no source sounded.
    """
    if any(ppm < 0 for _, ppm in parts):
        raise SealRefused("A measured part is never negative.")
    total = sum(ppm for _, ppm in parts)
    if total != WHOLE_PPM:
        raise SealRefused(f"The measured parts sum to {total} ppm, not to {WHOLE_PPM}.")
    sources = [(source, ppm) for source, ppm in parts if source != UNATTRIBUTED]
    if not any(ppm for _, ppm in sources):
        raise SealRefused("Sound that rests on no cleared stem has no licence record.")
    lines = list(allocate(WHOLE_PPM, sources).items())
    return lines, total - sum(ppm for _, ppm in sources)


@dataclass(frozen=True, slots=True)
class ExternalMade:
    """A sound that an external net made, as a record keeps it; fields as in `ExternalSource`."""

    digest: str
    position: int
    net: str
    title: str
    version: str
    licence: str
    commercial_ok: bool
    training_data_note: str
    task: str
    words: tuple[str, ...]
    seed: int


def check_minute(minute: int, model_ppm: int) -> None:
    """Raise SealRefused unless a minute counts from 0 and its model share is within the whole."""
    if minute < 0 or not 0 <= model_ppm <= WHOLE_PPM:
        raise SealRefused("A minute counts from 0, and its model share is at most 1,000,000 ppm.")


def check_digest(text: str) -> str:
    """A SHA-256 in lower-case hex; raises SealRefused."""
    if not _SHA256.fullmatch(text):
        raise SealRefused("A digest is 64 lower-case hex digits.")
    return text


def measures_of(measured: dict[str, object]) -> dict[str, float | None]:
    """The seven measures of a record; what was not measured, or is not finite, is None."""
    found: dict[str, float | None] = {}
    for name in _MEASURES:
        value = measured.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        number = float(value) if is_number else None  # type: ignore[arg-type]
        found[name] = number if number is not None and abs(number) < 1e6 else None
    return found
