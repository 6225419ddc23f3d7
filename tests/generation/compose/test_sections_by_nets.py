"""Sections by nets: laid out as by rules, a new part inside its bars, everything in the recipe."""

from dataclasses import replace

import numpy as np
import pytest

from generation.compose.live import next_section
from generation.compose.reel import frame_of, recipe_of, reel_of, section_from
from generation.compose.retrieval import LEAD, RELEASE
from generation.compose.sections import cut_short, ended_notes
from generation.compose.sections_by_nets import section_by_nets
from generation.compose.stages.watch import Watch
from generation.compose.stream import AHEAD
from generation.compose.values import Ask, Limits
from generation.engine.checking import check
from generation.nets.chosen import NO_NETS, Chosen, Shelf, newest
from generation.recipe import from_json, to_json

from .served import TONES, full_song, nets
from .songs import song
from .test_mixing_net import with_bands
from .test_new_line import song_with

SERVED = nets()
LINE, MIX = "1" * 64, "4" * 64
SONG = full_song()


def ask_for(mode="mood", **changes):
    return Ask(mode, **({"seed": 4, "vocals": False, "density": 0.6} | changes))


def chain_by_nets(ask, count, given=SONG, served=SERVED, **how):
    """A first section by rules, `count` by nets after it."""
    chain = [next_section(ask, [given], [], **how)]
    for _ in range(count):
        chain.append(section_by_nets(ask, [given], chain, served, **how))
    return chain


@pytest.fixture(scope="module")
def chain():
    return chain_by_nets(ask_for(), 4)


def test_a_section_by_nets_has_the_bars_and_the_cast_that_rules_laid_out(chain):
    plain = next_section(ask_for(), [SONG], chain[:1])
    made = chain[1]
    assert (made.by, plain.by) == ("nets", "rules")
    assert made.notes
    for name in ("index", "beats", "tempo_bpm", "key", "clips", "known"):
        assert getattr(made, name) == getattr(plain, name)
    assert made.sources[: len(plain.sources)] == plain.sources


def test_its_notes_begin_and_end_in_it(chain):
    for one in chain[1:]:
        assert all(note.start >= one.start - 2 * LEAD for note in one.notes)
        assert all(note.start + note.length <= one.end for note in one.notes)
        assert {note.net for note in one.notes} <= {LINE}
        assert MIX in one.nets


def test_the_same_seed_and_nets_give_the_same_sections_and_no_two_sections_one_phrase(chain):
    assert chain == chain_by_nets(ask_for(), 4)
    assert chain[1] != chain_by_nets(ask_for(seed=5), 1)[1]
    phrases = [
        tuple((note.start - one.start, note.slice_start) for note in one.notes)
        for one in chain[1:]
        if one.notes
    ]
    assert len(phrases) >= 3
    assert len(set(phrases)) == len(phrases)


def test_the_recipe_and_the_frame_say_all_of_it_and_an_auditor_reads_them_without_nets(chain):
    ask = ask_for()
    reel, made = reel_of(ask), chain[1]
    text = to_json(recipe_of(reel, [made]))
    plan, frame = from_json(text), frame_of(made)
    assert frame["by"] == "nets"
    assert plan.nets == made.nets == tuple(sorted({LINE, MIX}))
    lengths = {stem.digest: stem.analysis.length for stem in SONG.stems}
    check(plan, {digest: np.zeros((2, n), np.float32) for digest, n in lengths.items()})
    read = section_from(plan, frame)
    assert to_json(recipe_of(reel, [read])) == text
    assert (read.by, len(read.notes)) == ("nets", len(made.notes))
    assert frame_of(chain[0])["by"] == "rules"


def test_voices_keep_their_seats_when_a_net_mixes(chain):
    seats = {}
    for one in chain:
        for strip in one.strips:
            seats.setdefault(one.sources[strip.source].digest, set()).add(strip.pan)
    assert all(len(found) == 1 for found in seats.values())


def test_a_note_is_let_go_at_a_cut_and_one_that_would_begin_there_is_left_out(chain):
    made = chain[1]
    line = made.bar_lines[3]
    kept = cut_short(chain[:2], line)[-1]
    assert kept.end == line
    assert 0 < len(kept.notes) < len(made.notes)
    assert max(note.start + note.length for note in kept.notes) <= line
    # Nothing of a note that stays differs earlier than a segment of the old version may reach.
    for note in kept.notes:
        before = next(one for one in made.notes if one.start == note.start)
        if note != before:
            assert note.start + note.length - note.fade_out > line - AHEAD
    assert all(line - note.start >= RELEASE for note in kept.notes)
    assert ended_notes(made.notes, made.end) == made.notes


def test_the_wish_for_density_makes_the_line_of_the_released_net_busier():
    released = Shelf().load(Chosen(tuple(one for one in newest() if one.net == "line")))
    counts = []
    for density in (0.45, 1.0):
        made = chain_by_nets(ask_for(density=density), 1, served=released)[1]
        assert {note.net for note in made.notes} == {released["line"].choice.digest}
        counts.append(len(made.notes))
    assert counts[0] < counts[1]


def test_a_sparse_mood_gets_a_bass_and_focus_nothing_else():
    roles = ("drums", "keys", "pad", "vocals")
    bassless = with_bands(song_with({"keys": TONES["keys"], "pad": TONES["bass"]}, roles=roles))
    sparse = chain_by_nets(ask_for(density=0.3), 1, given=bassless)[1]
    dense = chain_by_nets(ask_for(density=0.6), 1, given=bassless)[1]
    focus = chain_by_nets(ask_for("focus", density=0.6), 1, given=bassless)[1]
    role_of = {one.digest: one.analysis.role for one in bassless.stems}

    def players(section):
        return {role_of[section.sources[note.source].digest] for note in section.notes}

    assert players(sparse) == players(focus) == {"pad"}
    assert players(dense) == {"keys"}
    assert "vocals" not in {source.role for source in focus.sources}


def test_focus_keeps_its_level_when_a_bass_is_new():
    roles = ("drums", "keys", "pad")
    bassless = with_bands(song_with({"pad": TONES["bass"]}, roles=roles))
    ask = ask_for("focus", seed=2)
    loud = chain_by_nets(replace(ask, mode="mood", density=0.3), 1, given=bassless)[1]
    soft = chain_by_nets(ask, 1, given=bassless)[1]

    def level(section):
        gains = {strip.source: strip.gain_db for strip in section.strips}
        return max(note.gain_db + gains[note.source] for note in section.notes)

    assert level(soft) < level(loud) - 2.0


def test_ambient_and_sessions_without_nets_go_on_by_rules():
    for ask, served in ((ask_for("ambient"), SERVED), (ask_for(), NO_NETS)):
        chain = chain_by_nets(ask, 2, served=served)
        assert {one.by for one in chain} == {"rules"}
        assert chain[1] == next_section(ask, [SONG], chain[:1])


def test_a_section_where_nobody_can_play_is_mixed_and_gets_no_notes():
    silent = with_bands(song())
    made = chain_by_nets(ask_for(), 1, given=silent)[1]
    assert made.notes == ()
    assert made.nets == (MIX,)
    narrow = chain_by_nets(ask_for(density=1.0), 2, limits=Limits(semitones_max=0))
    assert all(note.semitones == 0 for one in narrow for note in one.notes)


def test_whoever_is_more_urgent_gets_a_turn_before_each_stage_and_no_stage_pays_for_it():
    now, start = [0.0], [next_section(ask_for(), [SONG], [])]

    def clock():
        now[0] += 0.001
        return now[0]

    def turn():
        now[0] += 60.0

    watch = Watch(clock, turn)
    assert section_by_nets(ask_for(), [SONG], start, SERVED, watch=watch).notes
    stages = [(one.stage, one.milliseconds, one.drafts) for one in watch.took]
    named = ("draft", "mix", "chords", "lines", "sound")
    assert stages == [(name, 1.0, 1) for name in named]
    assert now[0] > 300.0
