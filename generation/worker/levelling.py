"""Keeping a live session at its loudness: what was rendered says how the next section is turned.

A variation's gain is planned on the whole of it; a session has no whole, so each section is turned
a little by what the one before it came out at. It knows windows and decibels. Invariant: the turn
stands in the section's frame and strips, so a section stays a plain plan.
"""

import math
from dataclasses import replace

from generation.compose.sections import LiveSection
from generation.recipe import WINDOW_SAMPLES
from generation.sessions.models import LiveSession, Section
from generation.variations.evidence import SILENCE_LUFS, rows_of

STEP_DB = 2.0
MOST_DB = 12.0
# Less than five seconds say little about a section.
_FEWEST = 5 * 48_000 // WINDOW_SAMPLES


def level_after(session: LiveSession, last: Section, target_lufs: float) -> float:
    """How many decibels to turn what follows `last`: what `last` was turned by, and what it missed.

    Moves by STEP_DB at most, and stays where too little of `last` was rendered to tell.
    """
    level: float = last.frame.get("level_db", 0.0)
    reached = _loudness(session, last.index)
    if reached is None:
        return level
    missed = max(-STEP_DB, min(STEP_DB, target_lufs - reached))
    return round(max(-MOST_DB, min(MOST_DB, level + missed)), 2)


def _loudness(session: LiveSession, version: int) -> float | None:
    """LUFS of the windows above the absolute gate (BS.1770-5, -70 LUFS) of one section so far."""
    tables = session.segments.filter(version=version).values_list("windows", "sources")
    energies = [
        sum(row) for table, sources in tables for row in rows_of(bytes(table), len(sources))
    ]
    gate = 10 ** ((SILENCE_LUFS + 0.691) / 10)
    heard = [energy for energy in energies if energy > gate]
    if len(heard) < _FEWEST:
        return None
    return -0.691 + 10 * math.log10(sum(heard) / len(heard))


def levelled(section: LiveSection, level_db: float) -> LiveSection:
    """The section with every strip turned by `level_db`."""
    turned = tuple(replace(one, gain_db=one.gain_db + level_db) for one in section.strips)
    return replace(section, strips=turned)
