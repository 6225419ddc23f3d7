"""A new line goes with the chords that are heard, and is played by stems that may."""

from dataclasses import replace

import pytest

from generation.analysis.values import Slice
from generation.compose.choice import Dice
from generation.compose.counterline import COMPASS, PHRASE_BARS, write_line
from generation.compose.director import compose
from generation.compose.harmony import chord_named
from generation.compose.values import Ask, CannotCompose, Limits, Song
from generation.engine.checking import check_known
from generation.engine.memory import memory_of
from generation.nets.values import Chord, ChordLine, Signature, check_line
from generation.recipe import from_json, to_json

from .songs import RATE, song

NAMES = ("A min", "F maj", "C maj", "G 7")
SIGNATURE = Signature((4, 4), 9, "min")


def chord_line(bars=8):
    chords = tuple(chord_named(NAMES[bar % 4]) for bar in range(bars) for _ in range(4))
    return ChordLine(SIGNATURE, chords)


@pytest.mark.parametrize("part", ["melody", "bass"])
@pytest.mark.parametrize("density", [1, 2, 3, 4, 5])
def test_a_line_is_sound_and_its_beats_are_tones_of_the_chord(part, density):
    chords = chord_line()
    line = write_line(part, chords, Dice(3), density=density)
    check_line(line)
    assert line
    low, high = COMPASS[part]
    for note in line:
        assert low <= note.pitch <= high
        assert note.onset + note.duration <= chords.ticks
        if note.onset % 12 == 0:
            assert note.pitch % 12 in chords.chords[note.onset // 12].pitch_classes


def test_more_density_has_more_notes_and_equal_dice_give_equal_lines():
    for part in ("melody", "bass"):
        counts = [len(write_line(part, chord_line(), Dice(3), density=d)) for d in range(1, 6)]
        assert counts == sorted(set(counts))
        assert write_line(part, chord_line(), Dice(3)) == write_line(part, chord_line(), Dice(3))
        assert write_line(part, chord_line(), Dice(3)) != write_line(part, chord_line(), Dice(4))


def test_a_melody_breathes_at_the_end_of_a_phrase_and_rests_without_a_chord():
    line = write_line("melody", chord_line(), Dice(1), density=5)
    last = (PHRASE_BARS - 1) * 48
    assert not any(last + 24 <= note.onset < last + 48 for note in line)
    silent = ChordLine(SIGNATURE, (None,) * 16)
    assert write_line("melody", silent, Dice(1)) == ()


def test_a_bass_begins_every_chord_on_its_root():
    line = write_line("bass", chord_line(), Dice(2), density=2)
    roots = {note.onset // 48: note.pitch % 12 for note in line if note.onset % 48 == 0}
    assert roots == {bar: chord_named(NAMES[bar % 4]).root for bar in range(8)}


def test_names_of_chords_are_read_and_moved():
    assert chord_named("A min") == Chord(9, "min")
    assert chord_named("G 7", -3) == Chord(4, "7")
    assert [chord_named(name) for name in ("", "H maj", "C aug")] == [None] * 3


# -- in a variation -------------------------------------------------------------------------------


def tones(lowest, highest):
    return tuple(
        Slice(40_000 * n, 40_000 * n + 30_000, float(midi), 0.99, -20.0, 20.0, 800.0, "", None)
        for n, midi in enumerate(range(lowest, highest + 1, 4))
    )


def song_with(by_role, **changes):
    """A song of known chords whose stems have slices by role."""
    plain = song(**changes)
    stems = tuple(
        replace(s, analysis=replace(s.analysis, slices=by_role.get(s.analysis.role, ())))
        for s in plain.stems
    )
    downs = plain.analysis.downbeats
    chords = tuple((at, NAMES[n % 4]) for n, at in enumerate(downs))
    return Song(stems, replace(plain.analysis, chords=chords))


MELODIC = {"keys": tones(52, 84), "bass": tones(28, 50), "vocals": tones(55, 79)}


def asked(part, **changes):
    return Ask("remix", seconds=60, seed=4, vocals=False, line=part, **changes)


@pytest.mark.parametrize(("part", "role"), [("melody", "keys"), ("bass", "bass")])
def test_a_new_line_is_laid_where_there_is_room_and_names_its_stem(part, role):
    recipe = compose(asked(part), [song_with(MELODIC)])
    assert from_json(to_json(recipe)) == recipe
    check_known(recipe)
    assert memory_of(recipe) > 0
    assert {recipe.sources[note.source].role for note in recipe.notes} == {role}
    assert any(f"new {part} is played by sounds of the stem {role}.wav" in r
               for r in recipe.remarks)  # fmt: skip
    assert {note.net for note in recipe.notes} == {""}
    inner = [s for s in recipe.sections if not s.name.startswith(("intro", "ending"))]
    for note in recipe.notes:
        assert any(s.start - 100 <= note.start < s.end for s in inner)
        strips = [s for s in recipe.strips if s.source == note.source]
        assert len(strips) == len({s.section for s in strips})
    plain = compose(asked("none"), [song_with(MELODIC)])
    assert plain.notes == ()


def test_the_notes_go_with_the_chords_that_are_heard_at_their_beats():
    recipe = compose(asked("melody", key="C min"), [song_with(MELODIC)])
    assert recipe.key == "C min"
    beat = 60 / recipe.grid.tempo_bpm * RATE
    slices = {one.end: one for one in tones(52, 84)}
    tonal = [n for n, source in enumerate(recipe.sources) if source.role != "drums"]
    on_beats = inside = 0
    for note in recipe.notes:
        attack = note.start + 96 / 2 ** ((note.semitones + note.cents / 100) / 12)
        if abs(attack / beat - round(attack / beat)) * beat > 2:
            continue
        clip = next(c for c in recipe.clips if c.source in tonal and c.start <= attack + beat / 2
                    and attack + beat / 2 < c.end)  # fmt: skip
        (a, x), (b, y) = clip.anchors[0], clip.anchors[-1]
        source = x + (attack + beat / 2 - a) * (y - x) / (b - a)
        bar = int(source // (2 * RATE))
        chord = chord_named(NAMES[bar % 4], 3)
        pitch = slices[note.slice_end].midi + note.semitones
        on_beats += 1
        inside += round(pitch) % 12 in chord.pitch_classes
    assert on_beats > 20
    assert inside == on_beats


def test_voices_never_play_a_new_line():
    only_voices = {"vocals": tones(52, 84)}
    recipe = compose(replace(asked("melody"), vocals=True), [song_with(only_voices)])
    assert recipe.notes == ()
    assert any("No stem has single tones" in remark for remark in recipe.remarks)


def test_limits_of_the_artists_bind_slices_too():
    wide = song_with({"keys": tones(52, 84)})
    for most in (0, 1):
        recipe = compose(asked("melody", density=1.0), [wide], Limits(semitones_max=most))
        assert max((abs(note.semitones) for note in recipe.notes), default=0) <= most


def test_what_cannot_be_added_is_said():
    nothing_told = song_with(MELODIC)
    nothing_told = replace(nothing_told, analysis=replace(nothing_told.analysis, chords=()))
    for music, ask in (
        (nothing_told, asked("melody")),
        (song_with(MELODIC), replace(asked("melody"), mode="ambient")),
        (song_with(MELODIC, per_bar=5), asked("melody")),
    ):
        recipe = compose(ask, [music])
        assert recipe.notes == ()
        assert any("needs a beat and chords" in remark for remark in recipe.remarks)
    with pytest.raises(CannotCompose, match='no line "tuba"'):
        compose(asked("tuba"), [song_with(MELODIC)])


def test_a_stem_that_only_plays_the_new_line_is_a_source_with_a_strip_of_its_own():
    roles = ("drums", "pad", "vocals", "other")
    music = song_with({"other": tones(52, 84)}, roles=roles)
    silent = music.stems[3]
    quiet = replace(silent, analysis=replace(silent.analysis, active=((0, RATE),)))
    music = Song((*music.stems[:3], quiet), music.analysis)
    recipe = compose(replace(asked("melody"), density=0.2), [music])
    place = next(n for n, source in enumerate(recipe.sources) if source.digest == silent.digest)
    assert not [clip for clip in recipe.clips if clip.source == place]
    assert {note.source for note in recipe.notes} == {place}
    assert [strip for strip in recipe.strips if strip.source == place]
