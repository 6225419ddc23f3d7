"""Notices at the desk: the queue with deadlines, deeds that fit, the case file, the mail."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from licensing.compliance.models import Takedown
from licensing.compliance.rules import DECIDE_WITHIN, KEEP_CLAIMANT
from portal.accounts.models import User
from portal.backoffice.queues import list_queues
from tests.licensing import stage as on
from tests.licensing.attribution.test_records import opened, seal
from tests.licensing.compliance.told import WORDS, ask, block, decide, told
from tests.portal.backoffice.deciding import decider, may_decide_rights

NOW = timezone.now()
LATE = NOW - DECIDE_WITHIN - timedelta(hours=1)


@pytest.fixture
def stage(db):
    return on.open_stage()


@pytest.fixture
def desk(client):
    return decider(client)


def counts():
    return {one.name: one.count for one in list_queues()[:3]}


def test_overdue_notices_stand_first_on_the_first_page(stage, desk):
    late, soon = told("STEM", stage.drums.pk, LATE), told("STEM", stage.pad.pk, NOW)
    assert counts() == {
        "Takedown notices overdue": 1,
        "Takedown notices": 2,
        "Upheld notices to look at again": 0,
    }
    overdue, every = (desk.get(one.address).content.decode() for one in list_queues()[:2])
    assert late.reference in overdue
    assert soon.reference not in overdue
    assert every.index(late.reference) < every.index(soon.reference)
    assert "■ overdue" in every
    block(late, NOW)
    assert counts()["Takedown notices overdue"] == 1, "a block is no decision"
    decide(late, NOW, upheld=False)
    assert counts()["Takedown notices overdue"] == 0


def test_only_deeds_that_fit_are_offered(stage, desk):
    row = told("STEM", stage.drums.pk, NOW)
    offered = {
        "RECEIVED": {"ask", "block", "reject", "withdraw", "dispute"},
        "ASKED": {"block", "uphold", "reject", "withdraw", "dispute"},
        "ACTING": {"uphold", "reject", "withdraw", "dispute"},
        "REJECTED": set(),
    }
    steps = (None, ask, block, lambda row, now: decide(row, now, upheld=False))
    for state, step in zip(offered, steps, strict=True):
        if step is not None:
            step(row, NOW)
        page = desk.get(f"/admin/compliance/takedown/{row.pk}/change/").content.decode()
        every = {one for deeds in offered.values() for one in deeds} | {"look-again"}
        shown = {one for one in every if f"/takedown/{row.pk}/{one}/" in page}
        assert shown == offered[state], state


def test_a_page_shows_what_is_said_who_is_asked_and_where_the_same_sound_is(stage, desk):
    on.stem(stage.drift, "Borrowed", "drums", stage.drums.audio_id)
    row = told("STEM", stage.drums.pk, NOW)
    page = desk.get(f"/admin/compliance/takedown/{row.pk}/change/").content.decode()
    for text in (WORDS, "Dora Lund", "“Drums” of “Tide”", "Ana", "Ben", "Borrowed, Cleo"):
        assert text in page, text


def test_staff_who_may_only_look_decide_nothing(stage, client):
    row = told("STEM", stage.drums.pk, NOW)
    client.force_login(User.objects.create_user("c@example.org", "a-long-word", is_staff=True))
    assert client.get(f"/admin/compliance/takedown/{row.pk}/change/").status_code == 200
    for deed in ("ask", "block", "uphold", "reject", "withdraw", "look-again", "dispute"):
        answer = client.post(f"/admin/compliance/takedown/{row.pk}/{deed}/", {"reasons": "x"})
        assert answer.status_code == 403, deed
    assert Takedown.objects.get().state == "RECEIVED"


def test_a_dispute_about_the_money_begins_with_what_the_notice_says(stage, desk):
    row = told("STEM", stage.drums.pk, NOW)
    form = desk.get(f"/admin/compliance/takedown/{row.pk}/dispute/", follow=True).content.decode()
    for text in (str(stage.drums.pk), "Dora Lund", f"Notice {row.reference}"):
        assert text in form


def test_a_case_file_shows_the_notices_on_its_sources(stage, desk):
    record = opened(stage)
    seal(record, [(stage.drums.pk, 600_000), (stage.vocals.pk, 400_000)])
    rows = [
        told(kind, ref, NOW)
        for kind, ref in (
            ("STEM", stage.drums.pk), ("RECORDING", stage.tide.pk), ("RECORD", record.pk),
        )
    ]  # fmt: skip
    elsewhere = told("STEM", stage.pad.pk, NOW)
    page = desk.get(f"/admin/case/{record.pk}/").content.decode()
    for row in rows:
        assert f"/admin/compliance/takedown/{row.pk}/change/" in page
    assert elsewhere.reference not in page
    assert WORDS not in page


def minded():
    said = StringIO()
    call_command("mind_takedowns", stdout=said)
    return said.getvalue()


def test_the_desk_is_mailed_what_is_overdue_and_only_those_who_may_decide(stage):
    may_decide_rights(User.objects.create_user("h@example.org", "a-long-word", is_staff=True))
    User.objects.create_user("c@example.org", "a-long-word", is_staff=True)
    told("STEM", stage.pad.pk, NOW)
    assert "0 notices overdue, 0 told" in minded()
    assert mail.outbox == []
    late = told("STEM", stage.drums.pk, LATE)
    unasked = told("STEM", stage.vocals.pk, NOW - timedelta(days=8))
    assert "1 notices overdue, 1 told" in minded()
    (message,) = mail.outbox
    assert message.to == ["h@example.org"]
    assert message.subject == "Takedown notices: 1 overdue, 1 pressing"
    for row in (late, unasked):
        assert row.reference in message.body
    assert "Dora" not in message.body
    assert Takedown.objects.get(pk=late.pk).state == "RECEIVED", "time decides nothing"


def test_the_night_erases_claimants_whose_time_is_over(stage):
    long_ago = NOW - KEEP_CLAIMANT - timedelta(days=1)
    row = told("STEM", stage.drums.pk, long_ago)
    decide(row, long_ago, upheld=False)
    assert "1 claimants erased" in minded()
    row.refresh_from_db()
    assert (row.claimant_name, row.claimant_mail, row.statement) == ("", "", "")
