"""The director's recipes: valid, the right length, the same for the same seed, and honest."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.compose.director import compose
from generation.compose.values import MODES, Ask, CannotCompose, Limits
from generation.recipe import from_json, sha256_of, to_json

from .songs import RATE, free_song, song, stem


def songs_for(mode):
    return (song("a"), song("b", bpm=98.0, key="E min")) if mode == "collaboration" else (song(),)


def assert_sound(recipe):
    """What the engine relies on, whatever was asked."""
    assert from_json(to_json(recipe)) == recipe
    assert recipe.sections[0].start == 0
    assert recipe.sections[-1].end == recipe.length
    for one, two in zip(recipe.sections, recipe.sections[1:], strict=False):
        assert one.start < one.end == two.start
    assert {clip.source for clip in recipe.clips} == set(range(len(recipe.sources)))
    for clip in recipe.clips:
        assert 0 <= clip.start < clip.end <= recipe.length
        assert clip.fade_in + clip.fade_out <= clip.end - clip.start
        assert len(clip.anchors) >= 2
        for (out_a, in_a), (out_b, in_b) in zip(clip.anchors, clip.anchors[1:], strict=False):
            assert out_a < out_b
            assert 0 <= in_a < in_b <= recipe.sources[clip.source].length
            if clip.processor != "granular/1":
                assert 0.25 <= (in_b - in_a) / (out_b - out_a) <= 3.0
    strips = {(strip.source, strip.section) for strip in recipe.strips}
    assert strips == {
        (n, k) for n in range(len(recipe.sources)) for k in range(len(recipe.sections))
    }
    assert len(strips) == len(recipe.strips)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seconds", [10, 33.3, 60, 200])
def test_every_mode_gives_a_sound_recipe_of_the_length_asked(mode, seconds):
    recipe = compose(Ask(mode, seconds=seconds, seed=3), songs_for(mode))
    assert_sound(recipe)
    if mode == "ambient":
        assert recipe.length == round(seconds * RATE)
    else:
        bar = 60.0 / recipe.grid.tempo_bpm * recipe.grid.beats_per_bar * RATE
        assert abs(recipe.length - seconds * RATE) <= bar / 2 + 1
        assert abs(recipe.length / bar - round(recipe.length / bar)) < 1e-3


def test_the_same_seed_gives_the_same_recipe_and_another_gives_another():
    first = compose(Ask("remix", seed=1), (song(),))
    assert sha256_of(first) == sha256_of(compose(Ask("remix", seed=1), (song(),)))
    assert sha256_of(first) != sha256_of(compose(Ask("remix", seed=2), (song(),)))


def test_tempo_and_key_are_as_asked():
    recipe = compose(Ask("remix", tempo_bpm=132.0, key="C# min"), (song(),))
    assert recipe.grid.tempo_bpm == 132.0
    assert recipe.key == "C# min"
    for clip in recipe.clips:
        is_drums = recipe.sources[clip.source].role == "drums"
        assert clip.semitones == (0 if is_drums else 4)
        assert clip.processor == ("slices/1" if is_drums else "vocoder/3")


def test_a_tempo_twice_the_songs_counts_the_song_in_half_beats():
    recipe = compose(Ask("remix", tempo_bpm=230.0), (song(bpm=120.0),))
    for clip in recipe.clips:
        (out_a, in_a), (out_b, in_b) = clip.anchors[0], clip.anchors[-1]
        if clip.end != recipe.length:
            assert (in_b - in_a) / (out_b - out_a) == pytest.approx(230 / 240, abs=0.01)


def test_no_stem_is_moved_further_than_its_limits():
    limits = Limits(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2)
    recipe = compose(Ask("remix", tempo_bpm=150.0, key="D min"), (song(),), limits)
    assert recipe.grid.tempo_bpm == pytest.approx(132.0)
    assert max(abs(clip.semitones) for clip in recipe.clips) == 2
    assert sum("allow" in remark for remark in recipe.remarks) == 2


def test_uneven_playing_falls_on_even_beats():
    bent = song(drift=4_000.0)
    recipe = compose(Ask("remix"), (bent,))
    beat = 60.0 / recipe.grid.tempo_bpm * RATE
    bending = [clip for clip in recipe.clips if len(clip.anchors) > 2]
    assert bending
    for clip in bending:
        for out, source in clip.anchors:
            assert abs(out / beat - round(out / beat)) < 1e-3
            assert source in bent.analysis.beats


def test_focus_has_no_voices_and_one_level():
    recipe = compose(Ask("focus", seconds=120), (song(),))
    assert "vocals" not in {source.role for source in recipe.sources}
    assert len({section.energy for section in recipe.sections}) == 1


def test_vocals_off_and_forbidden_voices_are_not_sources():
    for recipe in (
        compose(Ask("remix", vocals=False), (song(),)),
        compose(Ask("remix"), (song(),), Limits(vocals=False)),
    ):
        assert "vocals" not in {source.role for source in recipe.sources}
    assert any("voices" in remark for remark in recipe.remarks)


def test_both_recordings_of_a_collaboration_sound_on_one_grid_and_in_one_key():
    one, two = songs_for("collaboration")
    recipe = compose(Ask("collaboration", seconds=90), (one, two))
    digests = {source.digest for source in recipe.sources}
    assert digests & {s.digest for s in one.stems}
    assert digests & {s.digest for s in two.stems}
    theirs = {s.digest for s in two.stems if s.analysis.role != "drums"}
    moved = {
        clip.semitones for clip in recipe.clips if recipe.sources[clip.source].digest in theirs
    }
    assert moved == {5}
    assert recipe.key == "A min"


def test_a_song_without_tempo_is_laid_in_free_time_and_says_so():
    recipe = compose(Ask("remix", seconds=25, tempo_bpm=100.0), (free_song(),))
    assert_sound(recipe)
    assert recipe.grid is None
    assert recipe.length == 25 * RATE
    assert any("free time" in remark for remark in recipe.remarks)
    for clip in recipe.clips:
        (out_a, in_a), (out_b, in_b) = clip.anchors[0], clip.anchors[-1]
        if clip.end != recipe.length:
            assert (in_b - in_a) / (out_b - out_a) == pytest.approx(1.0, abs=0.03)


def test_ambient_out_of_drums_alone_says_what_is_not_met():
    recipe = compose(Ask("ambient"), (song(roles=("drums",)),))
    assert_sound(recipe)
    assert any("only drums" in remark for remark in recipe.remarks)


def test_ambient_slows_everything_through_the_same_seconds():
    recipe = compose(Ask("ambient", seconds=90), (song(),))
    assert recipe.grid is None
    assert {source.role for source in recipe.sources}.isdisjoint({"drums"})
    assert "granular/1" in {clip.processor for clip in recipe.clips}
    for section in recipe.sections:
        middle = (section.start + section.end) // 2
        over = [c for c in recipe.clips if c.start <= middle < c.end]
        assert len({clip.anchors for clip in over}) == 1


def test_more_density_lets_more_voices_sound():
    def sounding(density):
        recipe = compose(Ask("remix", density=density), (song(),))
        return sum(clip.end - clip.start for clip in recipe.clips) / recipe.length

    assert sounding(0.0) < sounding(0.5) < sounding(1.0)


def test_more_energy_lifts_drums_against_pads_and_opens_the_highs():
    def desk(energy):
        recipe = compose(Ask("remix", energy=energy, density=1.0), (song(),))
        role = {n: source.role for n, source in enumerate(recipe.sources)}
        first = recipe.sections[0].name
        drums = [s for s in recipe.strips if role[s.source] == "drums"]
        pads = [s for s in recipe.strips if role[s.source] == "pad"]
        lift = sum(d.gain_db - p.gain_db for d, p in zip(drums, pads, strict=True)) / len(drums)
        shelf = [b.gain_db for s in recipe.strips for b in s.eq if b.kind == "high_shelf"]
        assert first
        return lift, sum(shelf) / len(shelf)

    low, middle, high = desk(0.2), desk(0.5), desk(0.8)
    assert low[0] < middle[0] < high[0]
    assert low[1] < middle[1] < high[1]


def test_the_last_chord_rings_out_to_the_end():
    recipe = compose(Ask("remix"), (song(),))
    last = [clip for clip in recipe.clips if clip.end == recipe.length]
    assert len(last) >= 2
    for clip in last:
        assert clip.fade_out >= RATE
    assert recipe.fade_out > 0


def test_silent_stems_are_no_sources_and_silence_alone_is_refused():
    loud = song()
    hushed = stem("s".ljust(64, "0"), "pad", loud.analysis.length, loudness_lufs=None, active=())
    recipe = compose(Ask("remix"), (replace(loud, stems=(*loud.stems[:4], hushed)),))
    assert hushed.digest not in {source.digest for source in recipe.sources}
    with pytest.raises(CannotCompose, match="only silence"):
        compose(Ask("remix"), (replace(loud, stems=(hushed,)),))


def test_a_short_stem_sounds_only_where_it_is():
    whole = song()
    short = stem("s".ljust(64, "0"), "keys", 300_000)
    recipe = compose(Ask("remix", density=1.0), (replace(whole, stems=(*whole.stems[:4], short)),))
    assert_sound(recipe)


def test_the_same_sound_in_two_stems_is_one_source():
    whole = song()
    twins = (*whole.stems[:4], replace(whole.stems[0], label="again.wav"))
    recipe = compose(Ask("remix", density=1.0), (replace(whole, stems=twins),))
    digests = [source.digest for source in recipe.sources]
    assert len(set(digests)) == len(digests)


def test_a_focus_on_voices_alone_is_refused():
    with pytest.raises(CannotCompose, match="only voices"):
        compose(Ask("focus"), (song(roles=("vocals",)),))


def test_a_collaboration_of_one_is_refused():
    with pytest.raises(CannotCompose, match="two recordings"):
        compose(Ask("collaboration"), (song(),))


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(MODES),
    moods=st.tuples(*[st.floats(0, 1)] * 4),
    seconds=st.floats(10, 400),
    tempo=st.none() | st.floats(40, 240),
    bpm=st.floats(55, 190),
    bars=st.integers(2, 40),
    per_bar=st.sampled_from([3, 4, 6]),
    roles=st.lists(
        st.sampled_from(["drums", "bass", "keys", "pad", "vocals", "other"]), min_size=1
    ),
    seed=st.integers(0, 1 << 40),
)
def test_any_ask_gives_a_sound_recipe(mode, moods, seconds, tempo, bpm, bars, per_bar, roles, seed):
    ask = Ask(mode, *moods, tempo_bpm=tempo, seconds=seconds, seed=seed)
    first = song("a", roles=tuple(roles), bpm=bpm, bars=bars, per_bar=per_bar)
    if mode == "focus":
        first = song("a", roles=("keys", *roles), bpm=bpm, bars=bars, per_bar=per_bar)
    recipe = compose(ask, (first, song("b", bpm=101.0)))
    assert_sound(recipe)
    if recipe.grid and tempo:
        assert recipe.grid.tempo_bpm == pytest.approx(tempo, rel=0.01)
