"""From an address to what a notice is about: ours alone, and a stem only inside something."""

import pytest
from django.utils import timezone

from portal.verify.pointing import named_by, page_of, stem_in
from tests.portal.listeners.made import granted_stage, pay, sealed
from tests.portal.listeners.made_live import going_on

HOSTS = {"stemma.example"}
NOW = timezone.now()


@pytest.fixture
def stage(db):
    return granted_stage()


def test_addresses_of_recordings_variations_and_sessions_are_understood(stage, make_user):
    lea = make_user("Lea")
    pay(lea, NOW)
    row, session = sealed(lea, stage, NOW), going_on(lea, stage, NOW)
    for path, kind, ref in (
        (f"/listen/recordings/{stage.tide.pk}/", "RECORDING", stage.tide.pk),
        (f"/listen/variations/{row.pk}/", "RECORD", row.record_id),
        (f"/listen/variations/{row.pk}/licence/", "RECORD", row.record_id),
        (f"/listen/live/{session.pk}/licence/", "RECORD", session.record_id),
    ):
        for said in (path, f"https://stemma.example{path}?play=1#now", f"  {path} "):
            assert named_by(said, HOSTS) == (kind, str(ref))
        assert page_of(kind, str(ref)) == path.replace("licence/", "")
    assert named_by(str(row.record_id), HOSTS) == ("RECORD", str(row.record_id))


NOBODYS = "0d5b5a4e-3f0c-4c8e-8a35-6d1f0a7e9b21"


@pytest.mark.parametrize(
    "said",
    [
        "", "my song", "/", "/listen/", "/admin/", "https://[broken", "../..", "\x00",
        f"/listen/recordings/{NOBODYS}/", f"/listen/variations/{NOBODYS}/",
        NOBODYS, "https://elsewhere.example/listen/recordings/{tide}/",
        "//elsewhere.example/listen/recordings/{tide}/",
    ],
)  # fmt: skip
def test_anything_else_means_nothing(stage, said):
    assert named_by(said.replace("{tide}", str(stage.tide.pk)), HOSTS) is None


def test_a_stem_is_named_only_inside_something_it_is_in(stage, make_user):
    record = ("RECORD", str(sealed(make_user("Lea"), stage, NOW).record_id))
    tide = ("RECORDING", str(stage.tide.pk))
    drums, pad = str(stage.drums.pk), str(stage.pad.pk)
    for whole in (record, tide):
        assert stem_in(whole, drums) == ("STEM", drums)
        assert stem_in(whole, pad) is None
        assert stem_in(whole, "drums") is None
    assert page_of("STEM", drums) == f"/listen/recordings/{stage.tide.pk}/"
