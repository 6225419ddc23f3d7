"""New lines asked of the demo's own pieces, whose chords are written in their scores.

Invariant: what is told here comes from measures and recipes alone; nothing is rendered.
"""

import time

from benchmarks.figures import Figure
from generation.analysis.measure import measure_recording, measure_stem
from generation.compose.deck import deck_of
from generation.compose.director import compose
from generation.compose.harmony import chord_at, chord_named
from generation.compose.values import Ask, Song, SongStem
from generation.recipe import Recipe
from portal.demo.song.write import PIECES

RATE = 48_000
LEAD = 96


def demo_figures(is_quick: bool) -> list[Figure]:
    """Both pieces (one in a hurry): chords against the score, notes, and beats in their chord."""
    found: list[Figure] = []
    for name in list(PIECES)[: 1 if is_quick else None]:
        song = _taken(name)
        slices = sum(len(stem.analysis.slices) for stem in song.stems)
        found.append(Figure("demo", f"{name}: slices", float(slices)))
        right, bars = _as_written(name, song)
        note = f"{right} of {bars} bars; root and kind, colors left aside"
        found.append(Figure("demo", f"{name}: bars told as written", right / bars, note=note))
        for part in ("melody", "bass"):
            ask = Ask("remix", seconds=60, seed=3, vocals=False, line=part)
            begun = time.process_time()
            recipe = compose(ask, [song])
            took = time.process_time() - begun
            count, inside = _in_chord(recipe, song)
            found += [
                Figure("demo", f"{name}: notes of a new {part}", float(len(recipe.notes)), "", 1.0,
                       note="; ".join(recipe.remarks)),
                Figure("demo", f"{name}: {part}, beats in the chord", inside / max(1, count), "",
                       0.87, note=f"{count} notes on beats"),
                Figure("demo", f"{name}: {part}, composed", took, "s", 1.0, False),
            ]  # fmt: skip
    return found


def _written(name: str) -> str:
    """A chord of the score as it would be told: root and kind, without sevenths and ninths over
    minor and major, without the bass that is written apart."""
    root = name.split("/")[0].rstrip("0123456789")
    for ending, kind in (("maj", "maj"), ("m", "min")):
        if root.endswith(ending):
            return f"{root.removesuffix(ending)} {kind}"
    return f"{root} 7" if name.endswith("7") else f"{root} maj"


def _as_written(name: str, song: Song) -> tuple[int, int]:
    """(bars whose chord is told as the score has it at their middle, bars); a dominant seventh may
    be told as its triad."""
    piece, deck = PIECES[name], deck_of(0, song, vocals=False)
    bar = 4 * 60.0 / piece.BPM * RATE
    right = 0
    for number, chord in enumerate(piece.CHORDS):
        told = chord_at(deck, round((number + 0.5) * bar))
        wanted = _written(chord)
        right += told in (chord_named(wanted), chord_named(wanted.replace(" 7", " maj")))
    return right, len(piece.CHORDS)


def _taken(name: str) -> Song:
    sounds = {stem: make() for stem, make in PIECES[name].STEMS.items()}
    analyses = [measure_stem(sound, stem) for stem, sound in sounds.items()]
    together = measure_recording(list(sounds.values()), analyses)
    stems = [
        SongStem(stem.encode().hex().ljust(64, "0")[:64], stem, one)
        for stem, one in zip(sounds, analyses, strict=True)
    ]
    return Song(tuple(stems), together)


def _in_chord(recipe: Recipe, song: Song) -> tuple[int, int]:
    """(notes on beats, those of them in the chord that the recording has where they are heard)."""
    assert recipe.grid is not None
    deck, beat = deck_of(0, song, vocals=False), 60.0 / recipe.grid.tempo_bpm * RATE
    slices = {(s.digest, one.end): one for s in song.stems for one in s.analysis.slices}
    tonal = {n for n, source in enumerate(recipe.sources) if source.role != "drums"}
    count = inside = 0
    for note in recipe.notes:
        cents = 100 * note.semitones + note.cents
        attack = note.start + LEAD / 2.0 ** (cents / 1200.0)
        if abs(attack / beat - round(attack / beat)) * beat > 3.0:
            continue
        middle = attack + beat / 2.0
        clip = next((c for c in recipe.clips if c.source in tonal and c.start <= middle < c.end
                     and len(c.anchors) > 1), None)  # fmt: skip
        if clip is None:
            continue
        (a, x), (b, y) = clip.anchors[0], clip.anchors[-1]
        chord = chord_at(deck, round(x + (middle - a) * (y - x) / (b - a)))
        one = slices[recipe.sources[note.source].digest, note.slice_end]
        assert one.midi is not None
        pitch = round(one.midi + cents / 100.0) - clip.semitones
        if chord is not None:
            count += 1
            inside += pitch % 12 in chord.pitch_classes
    return count, inside
