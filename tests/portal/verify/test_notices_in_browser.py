"""Notices in a real browser: given without a login, read by the artist, seen at the desk."""

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from licensing.compliance.models import Takedown
from portal.accounts.models import Membership, User
from tests.licensing.compliance.told import answer, block, told
from tests.portal.accessible import faults_of
from tests.portal.backoffice.deciding import may_decide_rights
from tests.portal.listeners.looking import fits, log_in, shoot
from tests.portal.listeners.made import granted_stage

pytestmark = [pytest.mark.usefixtures("rows_beside_a_browser"), pytest.mark.xdist_group("browser")]


@pytest.fixture
def stage(committed_db):
    cache.clear()
    with transaction.atomic():
        return granted_stage()


def test_anybody_gives_notice_and_follows_it(site, stage, tab) -> None:
    tab.goto(f"{site}/notices/?about=/listen/recordings/{stage.tide.pk}/&stem={stage.drums.pk}")
    assert faults_of(tab) == []
    tab.get_by_label("Your name").fill("Dora Lund")
    tab.get_by_label("Your mail address").fill("dora@example.org")
    tab.get_by_label("It uses").select_option("RECORDING")
    tab.get_by_label("What is yours").fill("I played these drums in 1987.")
    tab.get_by_label("I believe in good faith").check()
    shoot(tab, "notice-form")
    assert fits(tab)
    tab.get_by_role("button", name="Send this notice").click()
    tab.get_by_role("heading", name="Your notice", level=1).wait_for()
    assert faults_of(tab) == []
    assert fits(tab)
    shoot(tab, "notice-status")
    with transaction.atomic():
        assert Takedown.objects.get().target_ref == str(stage.drums.pk)


def test_a_holder_reads_and_the_desk_decides(site, stage, tab) -> None:
    now = timezone.now()
    with transaction.atomic():
        ana = User.objects.create_user("ana@example.org", None, display_name="Ana")
        Membership.objects.create(user=ana, party=stage.ana, role="ADMIN", created_at=now)
        row = block(told("STEM", stage.drums.pk, now), now)
        told("RECORDING", stage.tide.pk, now)
        staff = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
        may_decide_rights(staff)
    log_in(tab, site, ana)
    tab.goto(f"{site}/artists/recordings/{stage.tide.pk}/")
    shoot(tab, "notice-recording")
    assert faults_of(tab) == []
    tab.goto(f"{site}/artists/notices/{row.pk}/")
    assert faults_of(tab) == []
    assert fits(tab)
    shoot(tab, "notice-artist")
    with transaction.atomic():
        answer(row, stage.ana, now, "We recorded them on 4 May 2019.")
    log_in(tab, site, staff)
    tab.goto(f"{site}/admin/")
    shoot(tab, "notice-queues")
    tab.goto(f"{site}/admin/compliance/takedown/")
    shoot(tab, "notice-list")
    tab.goto(f"{site}/admin/compliance/takedown/{row.pk}/change/")
    shoot(tab, "notice-desk")
    tab.goto(f"{site}/admin/compliance/takedown/{row.pk}/reject/")
    assert faults_of(tab) == []
    shoot(tab, "notice-deed")
