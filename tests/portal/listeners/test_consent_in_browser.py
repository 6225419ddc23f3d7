"""An artist's consent in a real browser: hear it first, answer what waits; and the listener."""

import pytest
from django.utils import timezone

from licensing.clearance.approval import ApproveFirst
from tests.licensing.stage import grant, set_stage
from tests.portal.accessible import faults_of
from tests.portal.listeners.looking import fits, log_in, shoot
from tests.portal.listeners.made import finished, measured, pay

pytestmark = pytest.mark.usefixtures("rows_beside_a_browser")


@pytest.fixture
def stage(committed_db):
    """Tide, measured; Ana hears the first variation of it before anybody else does."""
    stage = set_stage()
    measured(stage, timezone.now())
    for stem in (stage.drums, stage.vocals):
        grant(stem, stage.ana, "REMIX", approval=ApproveFirst(first=1))
        grant(stem, stage.ben, "REMIX")
    return stage


@pytest.fixture
def ana(stage):
    from portal.accounts.models import Membership, User

    user = User.objects.create_user("ana@example.org", None, display_name="Ana", country="DE")
    user.confirmed_16_at = timezone.now()
    user.save()
    Membership.objects.create(user=user, party=stage.ana, role="SIGN", created_at=timezone.now())
    return user


@pytest.mark.xdist_group("browser")
def test_a_preview_is_asked_for_on_the_page_without_losing_what_is_ticked(
    site, stage, ana, tab
) -> None:
    log_in(tab, site, ana)
    tab.goto(f"{site}/artists/recordings/{stage.tide.pk}/grant/")
    tab.get_by_label("Mood bed, Drums").check()
    tab.get_by_label("As which use").select_option("MOOD")
    tab.get_by_label("How far").select_option("high")
    tab.get_by_role("button", name="Make this preview").press("Enter")
    tab.get_by_text("Tide, preview of a mood bed").wait_for()
    assert tab.get_by_text("Being made, 0 %").is_visible()
    assert tab.get_by_label("Mood bed, Drums").is_checked()
    assert fits(tab)
    shoot(tab, "grant")
    tab.get_by_role("button", name="Delete Tide, preview of a mood bed").press("Enter")
    tab.get_by_text("Tide, preview of a mood bed").wait_for(state="detached")


@pytest.mark.xdist_group("browser")
def test_what_waits_is_heard_and_approved_by_keyboard_and_then_plays(
    site, stage, ana, lea, tab, new_tab
) -> None:
    pay(lea, timezone.now())
    row = finished(lea, stage, timezone.now())
    log_in(tab, site, lea)
    tab.goto(f"{site}/listen/variations/{row.pk}/")
    assert tab.get_by_text("Waits for Ana’s yes.").is_visible()
    assert fits(tab)
    shoot(tab, "waiting")
    hers = new_tab()
    log_in(hers, site, ana)
    hers.goto(f"{site}/artists/approvals/")
    assert hers.get_by_role("button", name="Play: Tide, remix").is_visible()
    assert fits(hers)
    shoot(hers, "approvals")
    hers.goto(f"{site}/artists/recordings/{stage.tide.pk}/consent/")
    assert fits(hers)
    shoot(hers, "agreement")
    hers.goto(f"{site}/artists/approvals/")
    hers.get_by_role("button", name="Approve: Tide, remix").press("Enter")
    hers.get_by_text("Approved as Ana").wait_for()
    shoot(hers, "approved")
    tab.get_by_role("heading", name="Playing").wait_for(timeout=30_000)


@pytest.mark.xdist_group("browser")
def test_the_record_of_consents_is_read_whole_by_keyboard_and_on_a_phone(
    site, stage, ana, tab
) -> None:
    log_in(tab, site, ana)
    tab.goto(f"{site}/artists/signatures/")
    tab.get_by_role("link", name="Read your consents").press("Enter")
    tab.get_by_role("heading", name="Your consents").wait_for()
    granted = tab.get_by_role("listitem").filter(has_text="Granted").first
    granted.get_by_text("How far, and how it was given").press("Enter")
    assert granted.get_by_text("not recorded then").first.is_visible()
    assert faults_of(tab) == []
    assert fits(tab)
    shoot(tab, "consents")
    tab.goto(f"{site}/artists/recordings/{stage.tide.pk}/grant/")
    assert tab.get_by_label("Of those, also with recordings").is_checked(), "as it was granted"
    assert faults_of(tab) == []
    assert fits(tab)
    shoot(tab, "grant-limits")
