"""What was measured is kept once, and an artist's correction wins over it for good."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, transaction

from generation.analysis import operations, queries
from generation.analysis.models import Correction, StemMeasure
from generation.analysis.rules import CorrectionRefused
from generation.analysis.values import Part, RecordingAnalysis, StemAnalysis
from licensing.catalog.models import Party, Recording, Stem, Work

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def stem_value(**changes) -> StemAnalysis:
    fields = {
        "length": 480_000,
        "role": "pad",
        "role_confidence": 0.4,
        "loudness_lufs": -20.0,
        "true_peak_dbtp": -3.0,
        "tempo_bpm": 60.0,
        "tempo_confidence": 0.5,
        "key": None,
        "key_confidence": 0.1,
        "centroid_hz": 500.0,
        "onsets": (0, 48_000),
        "onset_db": (60.0, 12.5),
        "chroma": (1.0,) + (0.0,) * 11,
        "peaks": ((-3, 4),),
        "active": ((0, 480_000),),
    }
    return StemAnalysis(**(fields | changes))


def recording_value(**changes) -> RecordingAnalysis:
    beats = tuple(range(0, 480_000, 48_000))
    fields = {
        "length": 480_000,
        "tempo_bpm": 60.0,
        "tempo_confidence": 0.9,
        "beats": beats,
        "downbeats": beats[::4],
        "beats_per_bar": 4,
        "key": "C maj",
        "key_confidence": 0.9,
        "parts": (Part("A", 0, 1, 0.2), Part("B", 1, 1, 0.9)),
        "gram": (((0.25,),),),
        "gram_span": 48_000,
    }
    return RecordingAnalysis(**(fields | changes))


@pytest.fixture
def stem(db) -> Stem:
    party = Party.objects.create(name="Mara Voss", created_at=NOW)
    work = Work.objects.create(title="Low Tide", created_at=NOW)
    recording = Recording.objects.create(title="Low Tide", party=party, work=work, created_at=NOW)
    return Stem.objects.create(
        recording=recording, party=party, label="Pad", position=0, created_at=NOW
    )


def correct(stem: Stem, field: str, value, minutes: int = 0) -> None:
    moment = NOW + timedelta(minutes=minutes)
    operations.correct_stem(stem_id=stem.id, field=field, value=value, made_by="7", now=moment)


def correct_recording(stem: Stem, field: str, value) -> RecordingAnalysis:
    operations.correct_recording(
        recording_id=stem.recording_id, field=field, value=value, made_by="7", now=NOW
    )
    found = queries.recording_analysis(stem.recording_id)
    assert found is not None
    return found


def store_recording(stem: Stem, **changes) -> None:
    operations.store_recording_measure(
        recording_id=stem.recording_id,
        stems=[stem.id],
        analysis=recording_value(**changes),
        now=NOW,
    )


def test_unmeasured_stem_and_recording_have_no_analysis(stem):
    assert queries.stem_analysis(stem.id) is None
    assert queries.recording_analysis(stem.recording_id) is None
    assert queries.measured_stems(stem.recording_id) == ()


def test_measure_is_read_back_equal(stem):
    operations.store_stem_measure(stem_id=stem.id, analysis=stem_value(), now=NOW)
    store_recording(stem)
    assert queries.stem_analysis(stem.id) == stem_value()
    assert queries.recording_analysis(stem.recording_id) == recording_value()
    assert queries.measured_stems(stem.recording_id) == (stem.id,)


def test_measuring_again_replaces_the_measure(stem):
    for loudness in (-20.0, -18.0):
        value = stem_value(loudness_lufs=loudness)
        operations.store_stem_measure(stem_id=stem.id, analysis=value, now=NOW)
    assert StemMeasure.objects.count() == 1
    assert queries.measured_stem(stem.id) == stem_value(loudness_lufs=-18.0)


def test_artists_newest_correction_wins_over_a_later_measure(stem):
    operations.store_stem_measure(stem_id=stem.id, analysis=stem_value(), now=NOW)
    correct(stem, "role", "strings")
    correct(stem, "role", "vocals", minutes=1)
    correct(stem, "tempo_bpm", None, minutes=2)
    operations.store_stem_measure(stem_id=stem.id, analysis=stem_value(), now=NOW)
    found = queries.stem_analysis(stem.id)
    assert found is not None
    assert (found.role, found.role_confidence) == ("vocals", 1.0)
    assert found.tempo_bpm is None
    assert queries.measured_stem(stem.id) == stem_value()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "kazoo"),
        ("role", None),
        ("tempo_bpm", 5000),
        ("tempo_bpm", "fast"),
        ("tempo_bpm", True),
        ("key", "H min"),
        ("key", "A"),
        ("key", "Bb maj"),
        ("loudness_lufs", -3.0),
    ],
)
def test_senseless_correction_of_a_stem_is_refused(stem, field, value):
    with pytest.raises(CorrectionRefused):
        correct(stem, field, value)
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("beats_per_bar", 1), ("beats_per_bar", None), ("first_downbeat", 480_000), ("role", "bass")],
)
def test_senseless_correction_of_a_recording_is_refused(stem, field, value):
    store_recording(stem)
    with pytest.raises(CorrectionRefused):
        correct_recording(stem, field, value)


def test_recording_without_a_measure_cannot_be_corrected(stem):
    with pytest.raises(CorrectionRefused):
        correct_recording(stem, "key", "A min")


def test_correction_cannot_be_changed_or_deleted(stem):
    correct(stem, "key", "A min")
    for change in (
        lambda: Correction.objects.update(value="C maj"),
        Correction.objects.all().delete,
    ):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_an_artist_who_says_there_is_no_key_is_not_asked_about_one_again(stem):
    unsure = replace(stem_value(), key=None, likely_key="A min")
    operations.store_stem_measure(stem_id=stem.id, analysis=unsure, now=NOW)
    assert queries.stem_analysis(stem.id).likely_key == "A min"
    correct(stem, "key", None)
    found = queries.stem_analysis(stem.id)
    assert (found.key, found.likely_key) == (None, "")


def test_correction_stands_on_one_thing(stem):
    both = Correction(stem=stem, recording=stem.recording, field="key", made_by="7", made_at=NOW)
    with pytest.raises(Error), transaction.atomic():
        both.save()


def test_stranger_measure_does_not_move_with_another_stems_correction(stem):
    other = Stem.objects.create(
        recording=stem.recording, party=stem.party, label="Other", position=1, created_at=NOW
    )
    for one in (stem, other):
        operations.store_stem_measure(stem_id=one.id, analysis=stem_value(), now=NOW)
    correct(stem, "key", "A min")
    assert queries.stem_analysis(other.id) == stem_value()


def test_gram_needs_one_row_for_each_stem(stem):
    with pytest.raises(ValueError, match="Gram"):
        operations.store_recording_measure(
            recording_id=stem.recording_id, stems=[], analysis=recording_value(), now=NOW
        )


def test_doubled_tempo_doubles_the_beats_and_keeps_the_parts_in_place(stem):
    store_recording(stem)
    found = correct_recording(stem, "tempo_bpm", 120.0)
    assert found.tempo_bpm == 120.0
    assert found.beats[:3] == (0, 24_000, 48_000)
    assert found.downbeats[:3] == (0, 96_000, 192_000)
    assert [(part.bar, part.bars) for part in found.parts] == [(0, 2), (2, 2)]


def test_halved_tempo_halves_the_beats(stem):
    store_recording(stem)
    found = correct_recording(stem, "tempo_bpm", 30.0)
    assert found.beats == tuple(range(0, 480_000, 96_000))
    assert found.downbeats == (0, 384_000)


def test_another_tempo_lays_a_straight_grid_through_the_first_downbeat(stem):
    store_recording(stem, downbeats=(48_000, 240_000, 432_000))
    found = correct_recording(stem, "tempo_bpm", 90.0)
    assert found.downbeats[0] == 48_000
    assert {later - one for one, later in zip(found.beats, found.beats[1:], strict=False)} == {
        32_000
    }


def test_recording_said_to_have_no_tempo_has_no_grid(stem):
    store_recording(stem)
    found = correct_recording(stem, "tempo_bpm", None)
    assert (found.tempo_bpm, found.beats, found.downbeats, found.parts) == (None, (), (), ())


def test_bars_follow_the_corrected_meter_and_first_downbeat(stem):
    store_recording(stem)
    found = correct_recording(stem, "beats_per_bar", 3)
    assert found.downbeats == (0, 144_000, 288_000, 432_000)
    found = correct_recording(stem, "first_downbeat", 49_000)
    assert found.downbeats == (49_000, 193_000, 337_000)
    assert set(found.downbeats) <= set(found.beats)


def test_facts_tell_who_corrected_what(stem):
    from licensing.audit.queries import facts_about

    correct(stem, "role", "keys")
    fact = list(facts_about("stem", str(stem.id)))[-1]
    assert (fact.actor, fact.verb) == (("user", "7"), "corrected")
    assert fact.after == {"role": "keys"}
