"""Nets compose together: every order by itself, everything in the recipe, rules where nets fail."""

from dataclasses import replace
from itertools import count

import pytest

from generation.compose.by_nets import AMBIENT, compose_by_nets, compose_together
from generation.compose.director import compose
from generation.compose.kept import Kept, key_of
from generation.compose.stages import beats, lines, mixing
from generation.compose.stages.asking import answers
from generation.compose.stages.plans import NET_OF, STAGES, Composed, Order
from generation.compose.values import Ask, CannotCompose, Limits
from generation.engine.checking import check_known
from generation.nets.chosen import NO_NETS
from generation.nets.drums.playing import NoPart
from generation.nets.line.writing import LineNet
from generation.recipe import from_json, to_json
from tests.generation.nets.material import untaught_line

from .served import full_song, loaded, nets, without_chords
from .songs import RATE, free_song, song

LINE, HARMONY, DRUMS, MIX = (digit * 64 for digit in "1234")
SERVED = nets()


def clock():
    """A clock that says every second once."""
    ticks = count()
    return lambda: float(next(ticks))


def order(seed=1, *, served=SERVED, given=None, **changes):
    wanted = {"seconds": 40.0, "vocals": False, "line": "all"} | changes
    return Order(Ask("remix", seed=seed, **wanted), (given or full_song(),), nets=served)


def recipe_of(asked):
    return compose_by_nets(asked, clock()).recipe


@pytest.fixture(scope="module")
def made():
    return recipe_of(order())


def test_what_nets_decided_stands_in_the_recipe(made):
    assert from_json(to_json(made)) == made
    check_known(made)
    assert made.nets == (LINE, DRUMS, MIX)
    played = {(note.net, made.sources[note.source].role) for note in made.notes}
    assert played == {(LINE, "keys"), (LINE, "bass"), (DRUMS, "drums")}


def test_every_track_of_every_section_has_one_strip(made):
    places = [(strip.source, strip.section) for strip in made.strips]
    assert len(set(places)) == len(places)
    assert set(places) >= {(n, s) for n, _ in enumerate(made.sources)
                           for s, _ in enumerate(made.sections)}  # fmt: skip


def test_where_a_new_beat_plays_the_recorded_drums_rest(made):
    drums = next(n for n, source in enumerate(made.sources) if source.role == "drums")
    beaten = [note.start for note in made.notes if note.net == DRUMS]
    bodies = [one for one in made.sections if one.name.startswith("body")]
    assert bodies
    for body in bodies:
        assert any(body.start <= start < body.end for start in beaten)
        inside = [c for c in made.clips if c.source == drums and c.start < body.end - RATE // 10
                  and c.end > body.start + RATE // 10]  # fmt: skip
        assert inside == []
    assert any(clip.source == drums for clip in made.clips)


@pytest.mark.parametrize("others", [1, 4])
def test_an_order_is_answered_alike_alone_and_among_others(others):
    """Orders of other seeds, lengths and material, with chords and without."""
    asked = [
        order(1, seconds=16.0),
        order(2, seconds=24.0, density=0.9),
        order(3, seconds=20.0, given=without_chords(full_song(bpm=100.0)), vocals=True),
        order(4, seconds=16.0, line="melody", served=nets("line")),
        order(5, seconds=16.0, line="none"),
    ][: others + 1]
    alone = [recipe_of(one) for one in asked]
    together = compose_together(asked, clock())
    assert [one.recipe for one in together] == alone
    assert [one.recipe for one in compose_together(asked[::-1], clock())] == alone[::-1]


def test_one_order_that_cannot_be_met_does_not_harm_another():
    impossible = order(2, given=song(roles=("vocals",)))
    found = compose_together([order(), impossible], clock())
    assert isinstance(found[0], Composed)
    assert isinstance(found[1], CannotCompose)
    with pytest.raises(CannotCompose, match="only voices"):
        compose_by_nets(impossible, clock())


def test_a_kept_piece_is_given_back_and_no_net_is_asked():
    kept = Kept()
    first = compose_by_nets(order(), clock(), kept)
    mute = {name: replace(one, runs=None) for name, one in SERVED.items()}
    assert compose_by_nets(order(served=mute), clock(), kept) is first
    assert len(kept) == 1


def test_a_piece_is_kept_under_all_that_it_follows_from():
    one = order()
    other_net = dict(SERVED) | {"line": loaded("line", SERVED["line"].runs, "9")}
    others = [
        order(2),
        order(density=0.6),
        replace(one, limits=Limits(semitones_max=2)),
        order(served=other_net),
        order(served=nets("line", "mix")),
        order(given=full_song(bars=24)),
    ]
    keys = {key_of(one), *(key_of(other) for other in others)}
    assert len(keys) == len(others) + 1
    assert key_of(order()) == key_of(one)


def test_no_more_pieces_are_kept_than_was_said():
    kept, piece = Kept(most=2), compose_by_nets(order(line="none", served=NO_NETS), clock())
    for name in "abc":
        kept.put(name, piece)
    assert [kept.get(name) for name in "abc"] == [None, piece, piece]


def test_every_stage_says_how_long_it_took_and_for_how_many():
    found = compose_together([order(), order(2)], clock())
    assert [one.stage for one in found[0].took] == list(STAGES)
    assert set(NET_OF) <= set(STAGES)
    assert set(NET_OF.values()) == set(SERVED)
    assert {one.milliseconds for one in found[0].took} == {1_000.0}
    assert {one.drafts for one in found[0].took} == {2}


def test_others_get_their_turn_before_each_stage_and_are_not_timed():
    turns, now = [], [0.0]

    def turn():
        turns.append(now[0])
        now[0] += 60.0

    made = compose_by_nets(order(), lambda: now[0], pause=turn)
    assert len(turns) == len(STAGES)
    assert {one.milliseconds for one in made.took} == {0.0}


def test_requests_for_one_checkpoint_go_through_it_in_one_call():
    asked = []
    one, other = loaded("line", "first", "1"), loaded("line", "second", "2")
    found = answers(
        [(one, 1), (other, 2), (one, 3), (one, 1)],
        lambda runs, requests: asked.append((runs, requests)) or [10 * r for r in requests],
    )
    assert found == [10, 20, 30, 10]
    assert asked == [("first", [1, 3]), ("second", [2])]


# -- where nets do not serve ----------------------------------------------------------------------


def test_an_order_without_nets_is_answered_by_rules_and_says_so():
    made = recipe_of(order(served=NO_NETS, line="melody"))
    ruled = compose(order(line="melody").ask, [full_song()])
    assert (made.notes, made.clips, made.strips) == (ruled.notes, ruled.clips, ruled.strips)
    assert made.nets == ()
    assert lines.UNASKED.format(part="melody") in made.remarks
    assert mixing.UNASKED in made.remarks


class _OnlyCopies(LineNet):
    """A line net that has nothing to say but what it learned from, and so says nothing."""

    def write(self, requests):
        return [() for _ in requests]


def test_a_line_that_is_all_copies_is_written_by_a_rule_instead():
    served = {"line": loaded("line", _OnlyCopies(untaught_line()))}
    made = recipe_of(order(line="melody", served=served))
    assert made.notes
    assert {note.net for note in made.notes} == {""}
    assert any("was refused; a rule wrote those" in remark for remark in made.remarks)


class _NothingButCopies:
    """A drummer that copies at every attempt, but for parts of three bars."""

    def play(self, requests):
        if any(len(one.energies) != 3 for one in requests):
            raise NoPart("copies")
        return SERVED["drums"].runs.play(requests)


def test_where_no_beat_can_be_written_the_recorded_drums_play_on():
    served = {"drums": loaded("drums", _NothingButCopies())}
    made = recipe_of(order(line="beat", served=served))
    assert beats.REFUSED in made.remarks
    assert made.notes == ()
    assert made.clips == recipe_of(order(line="none", served=NO_NETS)).clips


def test_chords_that_nobody_told_are_found_for_the_voice():
    voice = order(given=without_chords(full_song()), vocals=True, line="bass", density=1.0)
    made = recipe_of(voice)
    assert HARMONY in made.nets
    assert any(note.net == LINE for note in made.notes)
    assert any("found the chords" in remark for remark in made.remarks)
    silent = recipe_of(replace(voice, nets=nets("line", "mix")))
    assert silent.notes == ()
    assert any(r.startswith("No harmony net serves") for r in silent.remarks)


def test_a_beat_needs_a_kit_and_four_beats():
    bare = full_song(roles=("keys", "bass", "pad"))
    assert beats.NO_DRUMS in recipe_of(order(given=bare, line="beat")).remarks
    waltz = recipe_of(order(given=full_song(per_bar=3), line="beat"))
    assert beats.NOT_FOUR in waltz.remarks
    assert waltz.notes == ()
    assert beats.UNASKED in recipe_of(order(line="beat", served=nets("mix"))).remarks


def test_stems_without_bands_are_mixed_by_rules():
    plain = replace(full_song(), stems=tuple(
        replace(one, analysis=replace(one.analysis, bands=None)) for one in full_song().stems
    ))  # fmt: skip
    made = recipe_of(order(given=plain, line="none"))
    assert mixing.NO_BANDS in made.remarks
    assert made.strips == compose(order(line="none").ask, [plain]).strips


def test_ambient_and_free_time_have_no_place_for_nets_to_write():
    ambient = recipe_of(Order(Ask("ambient", line="all"), (full_song(),), nets=SERVED))
    assert AMBIENT in ambient.remarks
    assert ambient.notes == ()
    free = recipe_of(order(given=free_song(roles=("other", "keys"))))
    assert free.notes == ()


def test_a_new_bass_that_nobody_can_play_takes_no_bass_away():
    plain = full_song()
    silent = replace(plain, stems=tuple(
        replace(one, analysis=replace(one.analysis, slices=())) for one in plain.stems
    ))  # fmt: skip
    made = recipe_of(order(line="bass", given=silent))
    assert made.clips == recipe_of(order(line="none", given=silent)).clips
    assert any("No stem has single tones" in remark for remark in made.remarks)
