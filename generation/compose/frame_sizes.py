"""How many samples a voice's frames have: long where notes hold together, short where one runs.

It knows a role and what was measured of a stem. It refuses to know the ask and the mix. Invariant:
what may be several notes at once never gets the shortest frames, which cannot tell them apart; the
bounds stand beside what was measured of each in docs/benchmarks/engine.md.
"""

from generation.analysis.values import StemAnalysis

LONG, MIDDLE, SHORT = 8_192, 4_096, 2_048
# One line: at least so many of its onsets begin a note of a sure pitch. Chords hold below 0.2.
SURE = 0.6
# Of so many onsets at most, because no more slices are kept.
SLICES_MOST = 192
# Partials closer than some 130 Hz fall into one peak of the shortest frames: C3.
LOW_MIDI = 48.0
# Attacks a second from which the longest frames smear more than they hold apart.
QUICK = 2.0
_SUSTAINED = ("pad", "strings")


def window_for(role: str, analysis: StemAnalysis) -> int:
    """Samples per frame for a stem of `role`, one of SHORT, MIDDLE and LONG.

    A single line that does not reach low goes by the shortest, or by the middle ones where it is
    a pad's; a voice by the middle ones where it may be several. All else by its pace: the longest
    unless it is quick.
    """
    if role == "drums":
        return MIDDLE
    if role != "bass" and is_one_line(analysis):
        return SHORT if role not in _SUSTAINED and not reaches_low(analysis) else MIDDLE
    if role == "vocals":
        return MIDDLE
    return MIDDLE if role not in _SUSTAINED and is_quick(analysis) else LONG


def is_one_line(analysis: StemAnalysis) -> bool:
    """Whether one note sounds at a time: most onsets begin a note of a sure pitch."""
    sure = sum(one.midi is not None for one in analysis.slices)
    return sure > 0 and sure >= SURE * min(len(analysis.onsets), SLICES_MOST)


def reaches_low(analysis: StemAnalysis) -> bool:
    """Whether more than a quarter of the notes lie below LOW_MIDI."""
    notes = [one.midi for one in analysis.slices if one.midi is not None]
    return 4 * sum(midi < LOW_MIDI for midi in notes) > len(notes)


def is_quick(analysis: StemAnalysis) -> bool:
    """Whether it has QUICK attacks or more in a second of sounding."""
    sounding = sum(end - start for start, end in analysis.active)
    return len(analysis.onsets) * 48_000 >= QUICK * sounding
