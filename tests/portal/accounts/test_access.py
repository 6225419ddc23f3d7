"""Who reaches which row: roles, shares in a sheet, and the stranger who reaches nothing."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from licensing.catalog.models import Share, SplitSheet
from portal.accounts import access

from ..conftest import NOW


@pytest.fixture
def ines(make_user):
    return make_user("Ines")


@pytest.fixture
def maravel(make_party, ines, join):
    party = make_party("Ines Maravel")
    join(ines, party)
    return party


@pytest.fixture
def recording(make_recording, maravel):
    return make_recording(maravel, stems=[("Drums", "drums")])


def propose(recording, parties, right="MASTER", state="PROPOSED"):
    on = {"recording": recording} if right == "MASTER" else {"work": recording.work}
    sheet = SplitSheet.objects.create(
        right=right, version=1, text="t", text_sha256="0" * 64, proposed_by="x",
        proposed_at=NOW, state="DRAFT", **on,
    )  # fmt: skip
    for party in parties:
        Share.objects.create(sheet=sheet, party=party, share_ppm=1_000_000 // len(parties))
    SplitSheet.objects.filter(pk=sheet.pk).update(state=state)
    return sheet


def test_member_reaches_party_recording_and_stem(ines, maravel, recording):
    stem = recording.stems.get()
    assert access.get_party_for(ines, maravel.id, "edit") == maravel
    assert access.get_recording_for(ines, recording.id, "edit") == recording
    assert access.get_stem_for(ines, stem.id, "edit") == stem
    assert list(access.recordings_of(ines)) == [recording]


@pytest.mark.parametrize("role", ["VIEW", "SIGN"])
def test_lesser_role_sees_and_does_not_edit(role, make_user, join, maravel, recording):
    user = make_user("Helper")
    join(user, maravel, role)
    assert access.get_recording_for(user, recording.id) == recording
    with pytest.raises(Http404):
        access.get_recording_for(user, recording.id, "edit")
    assert access.parties_of(user, "sign").exists() is (role == "SIGN")


def test_stranger_and_anonymous_reach_nothing(make_user, join, make_party, maravel, recording):
    stranger = make_user("Stranger")
    join(stranger, make_party("Somebody Else"))
    sheet = propose(recording, [maravel])
    for user in (stranger, AnonymousUser()):
        for find, row in (
            (access.get_party_for, maravel),
            (access.get_recording_for, recording),
            (access.get_stem_for, recording.stems.get()),
            (access.get_sheet_for, sheet),
        ):
            with pytest.raises(Http404):
                find(user, row.id)
        assert not access.recordings_of(user).exists()
        assert not access.holdings_of(user).exists()


@pytest.mark.parametrize("right", ["MASTER", "PUBLISHING"])
def test_holder_of_a_share_sees_and_signs_but_edits_nothing(
    right, make_user, make_party, join, maravel, recording
):
    bo, fennering = make_user("Bo"), make_party("Bo Fennering")
    join(bo, fennering, "SIGN")
    sheet = propose(recording, [maravel, fennering], right)
    assert access.get_sheet_for(bo, sheet.id, "sign") == sheet
    assert access.get_recording_for(bo, recording.id, "sign") == recording
    for find, row in (
        (access.get_recording_for, recording),
        (access.get_stem_for, recording.stems.get()),
    ):
        with pytest.raises(Http404):
            find(bo, row.id, "edit")


def test_hidden_recording_is_missing(ines, recording):
    recording.state = "HIDDEN"
    recording.save()
    with pytest.raises(Http404):
        access.get_recording_for(ines, recording.id)
