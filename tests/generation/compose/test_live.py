"""An endless piece: planned section by section, heard second by second."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from generation.analysis.measure import measure_recording, measure_stem
from generation.compose.live import (
    NOVELTY_S,
    RAMP,
    REST_S,
    WORK_S,
    next_section,
)
from generation.compose.novelty import passage, share_known
from generation.compose.reel import (
    chain_from,
    frame_of,
    joined,
    part_for,
    recipe_of,
    reel_from,
    reel_of,
    section_from,
)
from generation.compose.retrieval import Bank, Wanted, play
from generation.compose.sections import cut_short, ended_notes, next_line, with_known_onsets
from generation.compose.stream import (
    AHEAD,
    SEGMENT_SAMPLES,
    Place,
    count_planned,
    first_changed,
    segment_range,
    standing,
    version_of,
)
from generation.compose.values import Ask, CannotCompose, Limits, Song, SongStem
from generation.compose.whole import onsets_of
from generation.engine.checking import check
from generation.engine.render import Cache, render
from generation.recipe import Clip, Source, from_json, to_json
from portal.demo.song import harbour
from tests.generation.compose.songs import song

RATE = 48_000
NET = "ab" * 32


def chain_of(ask, songs, count, changes=(), **how):
    """`count` sections; `changes` maps an index to the ask that holds from it on."""
    changes, chain = dict(changes), []
    for index in range(count):
        ask = changes.get(index, ask)
        chain.append(next_section(ask, songs, chain, **how))
    return chain


def test_sections_follow_each_other_and_the_same_seed_plans_the_same():
    chain = chain_of(Ask("remix", seed=4), [song()], 5)
    assert [one.index for one in chain] == [0, 1, 2, 3, 4]
    assert all(a.end == b.start for a, b in pairwise(chain))
    assert chain == chain_of(Ask("remix", seed=4), [song()], 5)
    assert chain != chain_of(Ask("remix", seed=5), [song()], 5)


@pytest.mark.parametrize("mode", ["remix", "mood", "focus", "ambient"])
def test_every_mode_gives_recipes_that_can_be_rendered(mode):
    songs = [song("a"), song("b", bpm=100.0, key="C maj")]
    ask = Ask(mode, seed=3)
    chain = chain_of(ask, songs, 4)
    recipe = recipe_of(reel_of(ask), chain)
    lengths = {stem.digest: stem.analysis.length for one in songs for stem in one.stems}
    check(recipe, {digest: np.zeros((2, n), np.float32) for digest, n in lengths.items()})
    assert {source.digest for source in recipe.sources} <= set(lengths)


def test_tempo_goes_to_the_one_asked_bar_by_bar_on_the_grid():
    slow, fast = Ask("remix", tempo_bpm=100.0), Ask("remix", tempo_bpm=124.0)
    chain = chain_of(slow, [song(bpm=112.0)], 6, {2: fast})
    lines = [line for one in chain for line in one.bar_lines[:-1]] + [chain[-1].end]
    bars = [b - a for a, b in pairwise(lines)]
    assert max(abs(b / a - 1) for a, b in pairwise(bars)) <= RAMP + 1e-3
    assert bars[0] == pytest.approx(4 * 60 / 100 * RATE, abs=2)
    assert bars[-1] == pytest.approx(4 * 60 / 124 * RATE, abs=2)


def test_a_ramp_keeps_within_what_the_artists_allow():
    limits = Limits(tempo_min_ratio=0.95, tempo_max_ratio=1.05)
    chain = chain_of(Ask("remix", tempo_bpm=135.0), [song(bpm=120.0)], 3, limits=limits)
    beats = [b - a for one in chain for a, b in pairwise(one.beats)]
    assert min(beats) >= 60 / (120.0 * 1.05) * RATE - 1


def test_a_section_says_every_key_that_all_its_recordings_may_be_brought_to():
    songs, near = [song("a", key="A min"), song("b", key="B min")], Limits(semitones_max=2)
    assert next_section(Ask("mood"), songs, [], limits=near).keys == ("A min", "A# min", "B min")
    major = next_section(Ask("mood", key="C maj"), songs[:1], [], limits=Limits(semitones_max=1))
    assert (major.key, major.keys) == ("C maj", ("B maj", "C maj", "C# maj"))
    assert len(next_section(Ask("ambient"), songs[:1], []).keys) == 12
    assert next_section(Ask("mood"), songs, [], limits=Limits(semitones_max=0)).keys == ()


def heard_by_quarters(section):
    """digest -> the quarter seconds of that stem that sound in the section, by its clips alone."""
    found = {}
    for clip in section.clips:
        (a, x), *_, (b, y) = clip.anchors
        assert len(clip.anchors) == 2  # steady songs are laid along one straight line
        moments = np.arange(clip.start + RATE // 8, clip.end, RATE // 4)
        quarters = (x + (moments - a) * (y - x) / (b - a)) // (RATE // 4)
        digest = section.sources[clip.source].digest
        found.setdefault(digest, set()).update(quarters.astype(int).tolist())
    return found


def known_again(chain):
    """(section, the latest section before it, begun within the budget, from which more than half
    of its stems play three quarters of what they play), for every section where there is one.
    """
    heard = [heard_by_quarters(one) for one in chain]
    found = []
    for n, mine in enumerate(heard):
        for m in range(n - 1, -1, -1):
            same = [len(mine[d] & heard[m].get(d, set())) >= 0.75 * len(mine[d]) for d in mine]
            is_soon = chain[n].start - chain[m].start < NOVELTY_S * RATE
            if is_soon and 2 * sum(same) > len(same):
                found.append((n, m))
                break
    return found


@pytest.mark.parametrize("mode", ["mood", "focus", "ambient"])
@pytest.mark.parametrize("bars", [64, 96])
def test_what_is_known_again_does_not_return_within_its_time_whoever_comes_or_goes(mode, bars):
    for seed in (1, 2):
        chain = chain_of(Ask(mode, seed=seed), [song(bars=bars)], 20)
        assert known_again(chain) == []
        assert max(one.known for one in chain) < 0.5


def test_of_material_that_is_too_short_the_oldest_returns_and_the_section_says_so():
    chain = chain_of(Ask("mood", seed=1), [song(bars=32)], 20)
    found = known_again(chain)
    # Four parts of eight bars: after three others each is the oldest again.
    assert np.median([n - m for n, m in found]) >= 4
    assert all(n - m > 1 for n, m in found)
    assert all(chain[n].known >= 0.5 for n, _ in found)
    assert len(chain_of(Ask("focus", seed=1), [song(bars=8, roles=("pad",))], 6)) == 6


@pytest.mark.parametrize(
    ("now", "known"),
    [
        ({"vocals": 4, "pad": 4}, 0.0),
        ({"vocals": 0, "pad": 0}, 1.0),
        ({"pad": 0}, 1.0),  # without the voice
        ({"vocals": 0, "pad": 0, "drums": 0}, 0.89),  # with drums: 3 + 1 of 3 + 1 + 0.5
        ({"vocals": 0, "pad": 4}, 0.75),  # the voice alone, 3 of 3 + 1
        ({"vocals": 4, "pad": 0}, 0.5),  # one of two
        ({"vocals": 2, "pad": 2}, 0.5),  # half of it
    ],
)
def test_a_passage_is_known_by_most_of_its_stems_or_by_those_that_stand_out(now, known):
    def playing(bars):
        sources = [Source(role.ljust(64, "0"), role, 8 * RATE) for role in bars]
        laid = [
            Clip(n, "vocoder/3", 0, 4 * RATE, ((0, bar * RATE), (4 * RATE, (bar + 4) * RATE)))
            for n, bar in enumerate(bars.values())
        ]
        return passage(0, sources, laid)

    assert share_known(playing(now), playing({"vocals": 0, "pad": 0})) == pytest.approx(
        known, abs=0.01
    )


def test_focus_has_no_voices_and_rests_after_its_work():
    ask = Ask("focus", energy=0.8, density=0.9, vocals=True)
    chain = [next_section(ask, [song()], [])]
    assert all(source.role != "vocals" for source in chain[0].sources)
    rested = replace(chain[0], beats=tuple(b + round(WORK_S * RATE) for b in chain[0].beats))
    after = replace(rested, beats=tuple(b + round(REST_S * RATE) for b in rested.beats))
    assert next_section(ask, [song()], [rested]).energy == pytest.approx(0.32)
    assert next_section(ask, [song()], [after]).energy == 0.8


def test_a_stem_that_is_gone_leaves_with_the_next_section():
    full = song()
    less = Song(full.stems[1:], replace(full.analysis, gram=()))
    chain = chain_of(Ask("remix", density=1.0, energy=0.9), [full], 2)
    assert full.stems[0].digest in {source.digest for source in chain[1].sources}
    after = next_section(Ask("remix", density=1.0, energy=0.9), [less], chain)
    assert full.stems[0].digest not in {source.digest for source in after.sources}
    with pytest.raises(CannotCompose):
        next_section(Ask("remix"), [Song((), full.analysis)], chain)


def test_a_chain_is_cut_at_a_bar_line_and_nowhere_else():
    chain = chain_of(Ask("remix"), [song()], 3)
    line = next_line(chain, chain[1].start + 3 * RATE)
    assert line in chain[1].bar_lines
    kept = cut_short(chain, line)
    assert [one.index for one in kept] == [0, 1]
    assert kept[-1].end == line
    assert max(clip.end for clip in kept[-1].clips) <= line
    assert kept[0] == chain[0]
    assert cut_short(chain, chain[1].end) == chain[:2]
    with pytest.raises(ValueError, match="planned"):
        next_line(chain, chain[-1].end + 1)


def test_a_section_is_read_back_from_its_recipe_and_frame():
    reel, chain = reel_of(Ask("remix", seed=4)), chain_of(Ask("remix", seed=4), [song()], 3)
    texts = [to_json(recipe_of(reel, [one])) for one in chain]
    read = [
        section_from(from_json(text), frame_of(one)) for text, one in zip(texts, chain, strict=True)
    ]
    assert [to_json(recipe_of(reel, [one])) for one in read] == texts
    assert recipe_of(reel, read) == recipe_of(reel, chain) == joined(reel, read)
    assert reel_from(from_json(texts[0])) == reel_from(from_json(texts[2]))
    after = next_section(Ask("remix", seed=4), [song()], chain)
    again = next_section(Ask("remix", seed=4), [song()], read)
    assert recipe_of(reel, [after]) == recipe_of(reel, [again])


def test_a_stem_measured_anew_is_played_on_by_the_onsets_the_chain_names_it_by():
    ask, known = Ask("remix", seed=4), song()
    chain = chain_of(ask, [known], 3)
    stems = (
        replace(one, analysis=replace(one.analysis, onsets=(5,), onset_db=(9.5,)))
        for one in known.stems
    )
    anew = next_section(ask, [replace(known, stems=tuple(stems))], chain)
    before = {one.digest: one.onsets for section in chain for one in section.sources}
    named = {one.digest: one.onsets for one in anew.sources}
    assert any(before.get(digest, onsets) != onsets for digest, onsets in named.items())
    kept = {one.digest: one.onsets for one in with_known_onsets(anew, chain).sources}
    assert kept == {digest: before.get(digest, onsets) for digest, onsets in named.items()}
    assert with_known_onsets(anew, []) == anew


def test_written_sections_cut_those_before_them():
    chain = chain_of(Ask("remix"), [song()], 3)
    line = chain[1].bar_lines[2]
    kept = cut_short(chain, line)
    other = next_section(Ask("remix", energy=0.9), [song()], kept)
    written = [*chain, other]
    places = [Place(n, one.start, one.end) for n, one in enumerate(written)]
    assert chain_from(written) == [*kept, other]
    stand = standing(places)
    assert [(one.number, one.start, one.end) for one in stand] == [
        (0, chain[0].start, chain[0].end),
        (1, chain[1].start, line),
        (3, line, other.end),
    ]
    first = first_changed(line)
    assert [version_of(stand, n) for n in (first - 1, first)] == [1, 3]
    assert version_of(standing(places[:3]), first - 1) == 1
    assert version_of(stand, count_planned(other.end)) is None


# -- with sound -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def material():
    """Three stems of the demo's second piece."""
    names = list(harbour.STEMS)[:3]
    sounds = {name: np.ascontiguousarray(harbour.STEMS[name]()[:, : 24 * RATE]) for name in names}
    stems = tuple(
        SongStem(name.ljust(64, "0"), name, measure_stem(sound, name))
        for name, sound in sounds.items()
    )
    together = measure_recording(list(sounds.values()), [stem.analysis for stem in stems])
    samples = {stem.digest: sounds[stem.label] for stem in stems}
    return Song(stems, together), samples


def segments(reel, chain, material, which, cache=None):
    """Segments by the sections that each needs: every one from nothing, or out of one cache."""
    heard, samples = material
    onsets = onsets_of([heard])
    made = []
    for index in which:
        recipe = recipe_of(reel, part_for(reel, chain, index))
        lo, hi = segment_range(index)
        tapes = Cache() if cache is None else cache
        made.append(render(recipe, samples, onsets, lo, hi, with_parts=False, cache=tapes))
    return made


def assert_same(made, expected):
    """Sound, windows and the nets' part are equal to the bit."""
    for one, other in zip(made, expected, strict=True):
        assert np.array_equal(one.audio, other.audio)
        assert np.array_equal(one.windows, other.windows)
        assert np.array_equal(one.generated, other.generated)


def with_new_bass(section, heard):
    """The section with a note on every beat by slices of the bass, as if a net had written it."""
    bass = next(one for one in heard.stems if one.analysis.role == "bass")
    place = [one.digest for one in section.sources].index(bass.digest)
    pairs = pairwise(section.beats)
    wanted = [Wanted(a, b - a, 40.0 + n % 5) for n, (a, b) in enumerate(pairs)]
    playing = play(wanted, [Bank(place, bass.analysis.slices, -20.0)], net=NET)
    return replace(section, notes=ended_notes(playing.notes, section.end), nets=(NET,))


@pytest.mark.parametrize(("mode", "written"), [("remix", (1, 3)), ("ambient", ())])
def test_segments_in_sequence_are_one_long_render_of_the_same_sections(mode, written, material):
    heard, samples = material
    ask = Ask(mode, seed=2, energy=0.3)
    changed = replace(ask, energy=0.9, tempo_bpm=110.0)
    chain = chain_of(ask, [heard], 2, bars=2)
    chain = [with_new_bass(one, heard) if n in written else one for n, one in enumerate(chain)]
    chain = cut_short(chain, next_line(chain, chain[1].start + RATE))
    chain += [next_section(changed, [heard], chain, bars=1)]
    chain += [next_section(changed, [heard], chain, bars=4)]
    chain = [*chain[:3], with_new_bass(chain[3], heard)] if 3 in written else chain
    reel = reel_of(ask)
    whole = render(
        recipe_of(reel, chain), samples, onsets_of([heard]), 0, chain[-1].end, with_parts=False
    )
    count = count_planned(chain[-1].end)
    made = segments(reel, chain, material, range(count))
    assert_same(segments(reel, chain, material, range(count), Cache(1)), made)
    assert np.array_equal(
        np.concatenate([one.audio for one in made], axis=1), whole.audio[:, : count * RATE]
    )
    assert any(len(part_for(reel, chain, index)) < len(chain) for index in range(count))
    generated = np.concatenate([one.generated for one in made])
    assert np.array_equal(generated, whole.generated[: 10 * count])
    assert bool(np.any(generated)) == bool(written)


def test_a_change_is_heard_from_the_next_bar_line_on_and_not_before(material):
    heard, _samples = material
    ask = Ask("remix", seed=7, energy=0.2)
    reel, chain = reel_of(ask), chain_of(ask, [heard], 3, bars=4)
    chain = [with_new_bass(one, heard) for one in chain]
    line = next_line(chain, 5 * RATE)
    other = cut_short(chain, line)
    other += [next_section(replace(ask, energy=0.9), [heard], other, bars=4)]
    first = first_changed(line)
    around = range(first - 1, first + 3)
    before, after = (segments(reel, one, material, around) for one in (chain, other))
    assert np.array_equal(before[0].audio, after[0].audio)
    for reached in (first, first + 3):
        tapes = Cache(1)
        segments(reel, chain, material, range(reached), tapes)
        assert_same(segments(reel, other, material, around, tapes), after)
    a = np.concatenate([one.audio for one in before], axis=1)
    b = np.concatenate([one.audio for one in after], axis=1)
    begin = line - around[0] * SEGMENT_SAMPLES
    assert np.abs(a - b)[:, : begin - AHEAD].max() == 0.0
    assert np.abs(a - b)[:, begin : begin + RATE // 2].max() > 0.01


def test_windows_of_segments_are_those_of_the_long_render(material):
    heard, samples = material
    ask = Ask("mood", seed=5)
    reel, chain = reel_of(ask), chain_of(ask, [heard], 2, bars=4)
    recipe = recipe_of(reel, chain)
    whole = render(recipe, samples, onsets_of([heard]), 0, 3 * RATE, with_parts=False)
    made = segments(reel, chain, material, range(3))
    digests = [source.digest for source in recipe.sources]
    for n, one in enumerate(made):
        own = recipe_of(reel, part_for(reel, chain, n)).sources
        columns = [digests.index(source.digest) for source in own]
        assert np.array_equal(one.windows, whole.windows[10 * n : 10 * n + 10, columns])
