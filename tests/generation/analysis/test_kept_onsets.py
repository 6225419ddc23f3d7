"""Onsets are written once, and what was measured before they had names gets them in order."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import Error, connection, transaction

from generation.analysis.models import FirstOnsets, Onsets, StemMeasure
from generation.analysis.operations import store_stem_measure
from generation.analysis.queries import first_onsets, kept_onsets
from generation.onsets import onsets_bytes, onsets_sha256
from licensing.catalog.models import AudioObject, Party, Recording, Stem, Work
from tests.generation.analysis.test_slice import stem_value

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AUDIO = "ab" * 32
pytestmark = pytest.mark.django_db
naming = import_module("generation.analysis.migrations.0003_onsets_of_what_was_measured")


def two_stems_of_one_audio():
    """In the order of their ids."""
    party = Party.objects.create(name="Mara Voss", created_at=NOW)
    work = Work.objects.create(title="Low Tide", created_at=NOW)
    recording = Recording.objects.create(title="Low Tide", party=party, work=work, created_at=NOW)
    audio = AudioObject.objects.create(
        digest=AUDIO,
        frames=480_000,
        original_sha256=AUDIO,
        original_bytes=1,
        archive_name="a",
        original_name="o",
        created_at=NOW,
    )
    of = {"recording": recording, "party": party, "audio": audio, "created_at": NOW}
    made = [Stem.objects.create(label=f"{n}", position=n, **of) for n in range(2)]
    return sorted(made, key=lambda stem: stem.id)


def test_measuring_again_adds_onsets_and_the_first_of_an_audio_stay_its_first():
    one, other = two_stems_of_one_audio()
    store_stem_measure(stem_id=other.id, analysis=stem_value(), now=NOW)
    later = stem_value(onsets=(7,), onset_db=(9.5,))
    for stem in (one, other, one):
        store_stem_measure(stem_id=stem.id, analysis=later, now=NOW + timedelta(days=1))
    assert first_onsets(AUDIO) == ((0, 48_000), (60.0, 12.5))
    assert Onsets.objects.count() == 2
    named = set(StemMeasure.objects.values_list("onsets_id", flat=True))
    assert named == {onsets_sha256([7], [9.5])}
    assert kept_onsets(named.pop()) == ((7,), (9.5,))


@pytest.mark.parametrize("table", ["analysis_onsets", "analysis_firstonsets"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_onsets_are_never_changed_or_removed(table, change):
    stem, _ = two_stems_of_one_audio()
    store_stem_measure(stem_id=stem.id, analysis=stem_value(), now=NOW)
    moment = "kept_at" if table == "analysis_onsets" else "measured_at"
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table, moment))
    assert first_onsets(AUDIO) is not None


@pytest.mark.parametrize("minutes", [(5, 1), (1, 5), (3, 3)])
def test_what_was_measured_before_gets_names_and_the_earliest_is_first(minutes):
    stems = two_stems_of_one_audio()
    nothing = Onsets.objects.create(sha256=onsets_sha256([], []), data=b"", kept_at=NOW)
    for stem, place, minute in zip(stems, (10, 20), minutes, strict=True):
        StemMeasure.objects.create(
            stem=stem,
            onsets=nothing,
            data={"onsets": [place], "onset_db": [12]},
            version=1,
            measured_at=NOW + timedelta(minutes=minute),
        )
    for _ in range(2):  # safe to repeat
        naming._keep(apps, None)
    for stem, place in zip(stems, (10, 20), strict=True):
        named = StemMeasure.objects.get(stem=stem).onsets
        assert bytes(named.data) == onsets_bytes([place], [12.0])
        assert named.sha256 == onsets_sha256([place], [12.0])
    assert FirstOnsets.objects.count() == 1
    earliest = min(zip(minutes, stems, (10, 20), strict=True), key=lambda one: one[0])
    assert first_onsets(AUDIO) == ((earliest[2],), (12.0,))
