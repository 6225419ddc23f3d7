"""Stems come in, are refused, meet their equals; a recording is complete when the artist says."""

import pytest
from django.db import IntegrityError, transaction

from licensing.audit.models import Fact
from licensing.catalog import operations, queries
from licensing.catalog.identifiers import InvalidIdentifier
from licensing.catalog.models import AudioObject, Party, Recording, Stem
from licensing.catalog.rules import CatalogRefused
from tests.licensing import stage as on


@pytest.fixture
def ana(db):
    return on.party("Ana")


@pytest.fixture
def tide(ana):
    return on.recording(ana, "Tide")


def add(recording, label="Drums", party=None, **more):
    return operations.add_stem(
        recording_id=recording.id,
        party_id=(party or recording.party).id,
        label=label,
        actor=on.ACTOR,
        now=on.NOON,
        **more,
    )


def complete(recording):
    return operations.mark_stems_complete(recording_id=recording.id, actor=on.ACTOR, now=on.NOON)


def test_party_carries_checked_identifiers_once(db):
    made = operations.create_party(
        name="Ana", isni="0000 0001 2281 955X", ipi="00014107338", actor=on.ACTOR, now=on.NOON
    )
    assert (made.isni, made.ipi) == ("000000012281955X", "00014107338")
    with pytest.raises(InvalidIdentifier):
        operations.create_party(name="Ben", ipi="00014107339", actor=on.ACTOR, now=on.NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        operations.create_party(name="Ben", ipi="00014107338", actor=on.ACTOR, now=on.NOON)
    assert Party.objects.count() == 1


def test_recording_comes_with_its_work(ana):
    made = operations.create_recording(
        party_id=ana.id,
        title="Tide",
        iswc="T-034.524.680-1",
        isrc="us-s1z-99-00001",
        explicit=True,
        actor=on.ACTOR,
        now=on.NOON,
    )
    assert (made.isrc, made.work.iswc, made.work.title) == ("USS1Z9900001", "T0345246801", "Tide")
    live = operations.create_recording(
        party_id=ana.id, title="Tide live", work_id=made.work_id, actor=on.ACTOR, now=on.NOON
    )
    assert live.work == made.work


def test_stems_stand_in_the_order_they_came(tide):
    for label in ("Drums", "Bass", "Pad"):
        add(tide, label)
    assert [one.label for one in queries.list_stems(tide.id)] == ["Drums", "Bass", "Pad"]
    assert [one.position for one in queries.list_stems(tide.id)] == [0, 1, 2]


def test_recording_takes_sixty_four_stems_and_a_refused_one_does_not_count(tide):
    first = add(tide)
    for number in range(63):
        add(tide, f"Part {number}")
    with pytest.raises(CatalogRefused) as refused:
        add(tide, "One more")
    assert refused.value.code == "too_many_stems"
    operations.refuse_stem(stem_id=first.id, sentence="This is not audio.", now=on.NOON)
    assert add(tide, "One more").position == 64


def test_refused_stem_says_why_and_takes_no_audio(tide):
    stem = operations.refuse_stem(stem_id=add(tide).id, sentence="Empty file.", now=on.NOON)
    assert (stem.state, stem.refusal) == ("REFUSED", "Empty file.")
    assert operations.refuse_stem(stem_id=stem.id, sentence="Again.", now=on.NOON) == stem
    with pytest.raises(CatalogRefused) as refused:
        on.attach(stem, on.digest_of("a"))
    assert refused.value.code == "stem_settled"


def test_attaching_twice_is_one_and_other_audio_is_refused(tide):
    stem = on.stem(tide, "Drums", "drums")
    facts = Fact.objects.count()
    assert on.attach(stem, stem.audio_id).state == "READY"
    assert Fact.objects.count() == facts
    with pytest.raises(CatalogRefused):
        on.attach(stem, on.digest_of("other"))


def test_equal_audio_inside_a_party_is_one_object(ana, tide):
    digest = on.digest_of("loop")
    first = on.stem(tide, "Loop", "drums", digest)
    second = on.stem(on.recording(ana, "Ebb"), "Loop", "drums", digest)
    assert (first.state, second.state) == ("READY", "READY")
    assert AudioObject.objects.filter(pk=digest).count() == 1


def test_equal_audio_of_two_parties_waits_for_a_person(tide):
    digest = on.digest_of("loop")
    on.stem(tide, "Loop", "drums", digest)
    theirs = on.stem(on.recording(on.party("Mallory"), "Copy"), "Loop", "drums", digest)
    assert theirs.state == "REVIEW"
    assert theirs.refusal == ""
    ready = operations.resolve_review(
        stem_id=theirs.id, accept=True, actor=("user", "admin"), now=on.NOON
    )
    assert ready.state == "READY"
    with pytest.raises(CatalogRefused):
        operations.resolve_review(
            stem_id=theirs.id, accept=True, actor=("user", "admin"), now=on.NOON
        )


def test_review_can_end_in_a_refusal_with_a_reason(tide):
    digest = on.digest_of("loop")
    on.stem(tide, "Loop", "drums", digest)
    theirs = on.stem(on.recording(on.party("Mallory"), "Copy"), "Loop", "drums", digest)
    with pytest.raises(CatalogRefused):
        operations.resolve_review(
            stem_id=theirs.id, accept=False, actor=("user", "admin"), now=on.NOON
        )
    refused = operations.resolve_review(
        stem_id=theirs.id,
        accept=False,
        sentence="The recording belongs to somebody else.",
        actor=("user", "admin"),
        now=on.NOON,
    )
    assert refused.state == "REFUSED"


def test_recording_is_complete_when_the_artist_says_and_every_stem_is_settled(tide):
    with pytest.raises(CatalogRefused) as refused:
        complete(tide)
    assert refused.value.code == "no_stems"
    on.stem(tide, "Drums", "drums")
    waiting = add(tide, "Bass")
    with pytest.raises(CatalogRefused) as refused:
        complete(tide)
    assert refused.value.code == "stems_on_the_way"
    assert "wait for it or stop its upload" in refused.value.sentence
    operations.refuse_stem(stem_id=waiting.id, sentence="Silence.", now=on.NOON)
    assert complete(tide).stems_complete_at == on.NOON
    assert complete(tide).state == "COMPLETE"
    add(tide, "Late")
    assert Recording.objects.get(pk=tide.id).state == "DRAFT"


def test_hidden_recording_comes_back_as_a_draft(tide):
    operations.hide_recording(recording_id=tide.id, actor=on.ACTOR, now=on.NOON)
    assert (
        operations.show_recording(recording_id=tide.id, actor=on.ACTOR, now=on.NOON).state
        == "DRAFT"
    )


def test_description_changes_are_facts_with_before_and_after(tide):
    stem = add(tide)
    operations.describe_stem(stem_id=stem.id, role="drums", actor=on.ACTOR, now=on.NOON)
    fact = Fact.objects.get(verb="describe_stem")
    assert (fact.before["role"], fact.after["role"]) == ("", "drums")


def test_deleted_stem_keeps_its_digest_and_leaves_the_list(tide):
    stem = on.stem(tide, "Drums", "drums")
    operations.mark_stem_deleted(stem_id=stem.id, actor=on.ACTOR, now=on.NOON)
    assert not queries.list_stems(tide.id).exists()
    assert Stem.objects.get(pk=stem.id).audio_id == stem.audio_id


def test_party_sees_what_it_keeps_or_brought_a_stem_to_and_a_stranger_nothing(ana, tide):
    guest, stranger = on.party("Guest"), on.party("Stranger")
    add(tide, party=guest)
    assert [one.id for one in queries.list_recordings_of(ana.id)] == [tide.id]
    assert [one.id for one in queries.list_recordings_of(guest.id)] == [tide.id]
    assert not queries.list_recordings_of(stranger.id).exists()
    assert queries.list_parties_of_recording(tide.id) == {ana.id, guest.id}
