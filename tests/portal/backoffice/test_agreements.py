"""A society's share blocks where it collects, until the operator's agreement is recorded here."""

from datetime import timedelta

import pytest
from django.utils import timezone

from licensing.catalog.rules import ShareAsked
from licensing.clearance.models import SocietyAgreement
from licensing.clearance.queries import preflight_use
from licensing.given import Given
from portal.accounts.models import User
from tests.licensing import stage as on
from tests.portal.backoffice.deciding import asked_for, done_by_two, may_decide_rights

RECORD = "/admin/clearance/societyagreement/record/"
SAID = {"society": "Gema", "reference": "A-1", "uses": ["REMIX"], "territories": "DE"}


@pytest.fixture
def stage(db):
    """All of Drift's publishing is collected by GEMA in Germany and Austria."""
    stage = on.set_stage()
    sheet = on.catalog.propose_sheet(
        right="PUBLISHING",
        shares=[ShareAsked(stage.cleo.id, 1_000_000, "SOCIETY", "GEMA", ("AT", "DE"))],
        work_id=stage.drift.work_id,
        actor=on.ACTOR,
        now=on.NOON,
    )
    on.catalog.sign_sheet(
        sheet_id=sheet.id, party_id=stage.cleo.id, user_ref="7",
        given=Given("password", locale="en"), text_sha256=sheet.text_sha256, now=on.NOON,
    )  # fmt: skip
    on.grant(stage.pad, stage.cleo, "REMIX", "MOOD")
    return stage


@pytest.fixture
def staff(client):
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    client.force_login(may_decide_rights(user))
    return client


def codes(stage, use="REMIX", territory="DE"):
    decision = preflight_use(
        use=use, stems=[stage.pad.id], requester=("user", "1"), territory=territory,
        channel="SITE", now=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    return [reason.code for reason in decision.reasons]


def test_an_agreement_opens_its_uses_in_its_places_and_no_others(stage, staff):
    assert codes(stage) == ["society_licence_required"]
    assert codes(stage, territory="FR") == []
    assert done_by_two(staff, RECORD, SAID)[1].status_code == 302
    assert codes(stage) == []
    assert codes(stage, territory="AT") == ["society_licence_required"]
    assert codes(stage, use="MOOD") == ["society_licence_required"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"territories": "Germany"}, "no country code"),
        ({"until": "2001-01-01"}, "This day is over."),
        ({"uses": []}, "This field is required."),
    ],
)
def test_an_odd_agreement_is_not_recorded(stage, staff, changes, sentence):
    assert sentence in staff.post(RECORD, SAID | changes).content.decode()
    assert not SocietyAgreement.objects.exists()


def test_a_reference_is_recorded_once(stage, staff):
    done_by_two(staff, RECORD, SAID)
    again = staff.post(RECORD, asked_for(SAID))
    assert "is recorded already" in again.content.decode()
    assert SocietyAgreement.objects.count() == 1


def test_who_is_no_administrator_records_none(stage, client, make_user):
    client.force_login(make_user("Lea"))
    assert client.post(RECORD, SAID).status_code == 404
    assert not SocietyAgreement.objects.exists()
