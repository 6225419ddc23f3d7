"""A section that does not keep the song is taken back, judged by the samples that were stored."""

import hashlib
import io
from dataclasses import replace

import numpy as np
from django.utils import timezone

from generation import recipe as recipes
from generation.compose.stream import BARS, place_as_written
from generation.engine.codecs import decode_flac, encode_flac
from generation.engine.render import render
from generation.sessions import rules
from generation.sessions.jobs import put_judge
from generation.sessions.models import LiveSegment
from generation.sessions.queries import places_of
from generation.sessions.rules import State
from generation.work.models import Job
from licensing.catalog.store import audio_store, object_name, put_once
from tests.generation.sessions.conftest import begin, heard, listen, rendered, work_off

RATE = 48_000


def test_a_section_is_judged_by_its_first_whole_seconds_and_a_short_one_is_not():
    chain = [place_as_written(0, 0, 16 * RATE), place_as_written(1, 16 * RATE + 5, 32 * RATE)]
    assert rules.judged_seconds(chain, 0) == range(6)
    assert rules.judged_seconds(chain, 1) == range(17, 23)
    assert rules.judged_seconds([place_as_written(0, 0, 6 * RATE)], 0) == range(0)
    assert rules.judged_seconds(chain, 7) == range(0)
    assert chain[0].bar * BARS == 16 * RATE


def test_every_section_is_judged_once_and_an_honest_one_stays(studio):
    session = begin(targets={"density": 1.0, "energy": 0.8})
    work_off()
    listen(session, 22)
    judged = Job.objects.filter(kind=rules.JUDGE)
    begun = [one for one in session.sections.all() if one.start < 21 * RATE]
    assert sorted(judged.values_list("part", flat=True)) == [one.index for one in begun]
    assert set(judged.values_list("state", flat=True)) == {"DONE"}
    assert set(session.sections.values_list("because", flat=True)) == {""}


def _a_semitone_up(number, _true):
    """The studio's chord, a semitone above where any section has it."""
    at = (np.arange(RATE) + number * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * hz * 2 ** (1 / 12) * at) for hz in (220.0, 261.63, 329.63))
    return np.stack([0.1 * tones] * 2)


def _spoil(session, numbers, sound):
    """Put other sound in the place of stored seconds, as a machine that errs would have made it."""
    for number in numbers:
        row = LiveSegment.objects.filter(session=session, number=number).latest("version")
        with audio_store().open(row.name) as stored:
            true = decode_flac(stored.read())
        data = encode_flac(np.ascontiguousarray(sound(number, true), dtype=np.float32))
        digest = hashlib.sha256(data).hexdigest()
        name = put_once(object_name("live", digest, "flac"), io.BytesIO(data))
        LiveSegment.objects.filter(pk=row.pk).update(name=name)


def _rendered_without(plan, digest, material):
    """Six seconds of a recipe as an engine that forgets one source would make them."""
    place = [one.digest for one in plan.sources].index(digest)
    less = replace(plan, clips=tuple(one for one in plan.clips if one.source != place))
    stems = dict(zip(material.digests, material.audio, strict=True))
    onsets = {
        one: (np.array(known.onsets, dtype=np.int64), np.array(known.onset_db))
        for one, known in zip(material.digests, material.measures, strict=True)
    }
    return render(less, stems, onsets, 0, 6 * RATE, with_parts=False, with_windows=False).audio


def _judged_again(session, number):
    put_judge(session, number, timezone.now())
    work_off(kinds=[rules.JUDGE])
    session.refresh_from_db()


def _begun(seconds=2, **targets):
    session = begin(targets={"density": 1.0, "energy": 0.8} | targets)
    work_off()
    listen(session, seconds)
    return session


def test_a_section_whose_notes_are_others_gives_way_to_a_plain_one_at_the_next_bar(
    studio, material
):
    session = _begun()

    _spoil(session, range(6), _a_semitone_up)
    _judged_again(session, 0)
    new = session.sections.last()
    assert (new.because, new.frame["by"]) == ("unlike", "rules")
    assert 2 * RATE < new.start < 6 * RATE
    (told,) = [one for one in recipes.from_json(new.recipe).remarks if "taken back" in one]
    assert told.startswith("Section 1 was taken back. It does not keep the song: its notes")
    assert told in new.frame["said"]["remarks"]
    listen(session, 20)
    assert session.state == State.LIVE
    late = -(-new.start // RATE)
    played, whole = heard(session, range(late, 20)), rendered(session, material, 20 * RATE)
    assert np.array_equal(played, whole[:, late * RATE :])


def test_a_stem_that_is_not_heard_where_the_section_has_it_is_left_out_from_then_on(
    studio, material
):
    session = _begun()
    drums = next(stem.audio_id for stem in studio.stems if stem.label == "drums")
    first = recipes.from_json(session.sections.get(index=0).recipe)
    assert drums in {one.digest for one in first.sources}
    less = _rendered_without(first, drums, material)
    _spoil(session, range(6), lambda number, _true: less[:, number * RATE :][:, :RATE])
    _judged_again(session, 0)
    new = session.sections.last()
    assert new.because == "unlike"
    assert new.frame["left_out"] == [drums]
    assert any("of drums nothing is heard" in one for one in new.frame["said"]["remarks"])
    listen(session, 30)
    later = session.sections.filter(index__gte=new.index)
    assert later.count() >= 2
    assert not any(drums in one.recipe for one in later)


def test_what_was_handed_out_is_not_taken_back(studio):
    session = _begun(seconds=16)
    _spoil(session, range(6), _a_semitone_up)
    count = session.sections.count()
    _judged_again(session, 0)
    assert (session.sections.count(), session.state) == (count, State.LIVE)


def test_where_the_plain_section_fails_as_well_the_session_ends_with_the_reason(studio):
    session = _begun()
    _spoil(session, range(6), _a_semitone_up)
    _judged_again(session, 0)
    plain = session.sections.last()
    listen(session, 10)
    numbers = rules.judged_seconds(places_of(session), plain.index)
    _spoil(session, numbers, _a_semitone_up)
    _judged_again(session, plain.index)
    assert (session.state, session.end_code) == (State.ENDED, "not_the_song")
    assert session.end_sentence.startswith("It does not keep the song: its notes")
    assert session.sections.last().because in ("", "unlike")
