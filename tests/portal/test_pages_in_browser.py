"""Pages of money and of asking, measured in a real browser against WCAG 2.2 AA."""

import pytest
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Membership, User
from portal.backoffice.models import ProposedDeed
from tests.licensing.deductions import world as told
from tests.licensing.invoicing import used_month
from tests.licensing.royalties import small_world as world
from tests.portal.accessible import faults_of
from tests.portal.backoffice.deciding import Desk, may_decide
from tests.portal.listeners.looking import log_in, shoot
from tests.portal.listeners.made import granted_stage, measured

pytestmark = [pytest.mark.usefixtures("rows_beside_a_browser"), pytest.mark.xdist_group("browser")]


@pytest.fixture
def cleo(committed_db):
    """Somebody who reads for Cleo: a dispute that waits, one that was divided, a closed month."""
    user = User.objects.create_user("cleo@example.org", None, display_name="Cleo reads")
    with transaction.atomic():
        _, lamp, _, _ = told.tell_the_story()
        for name in ("Eve", "Fay", "Gus"):
            world.party(name)
        divided = told.dispute(stem_id=lamp.pk, right="MASTER")
        told.dispute(stem_id=lamp.pk, right="PUBLISHING")
        told.close()
        ppm = {"Eve": 400_000, "Fay": 300_000, "Gus": 200_000, "Cleo": 100_000}
        told.decide(divided, [(*told.payee(name), share) for name, share in ppm.items()])
    reads(user, "Cleo")
    return user


def reads(user, name) -> None:
    given = {"party": world.party(name), "role": "VIEW", "created_at": timezone.now()}
    Membership.objects.create(user=user, **given)


def test_earnings_with_disputes_waiting_plays_and_a_line_opened(site, cleo, tab) -> None:
    log_in(tab, site, cleo)
    tab.goto(f"{site}/artists/earnings/?party={world.ref('Cleo')}")
    assert tab.get_by_role("heading", name="Disputes").is_visible()
    assert faults_of(tab) == []
    shoot(tab, "earnings-disputes")
    tab.get_by_role("link", name="Open line 1", exact=True).click()
    tab.locator("#line h2, #line h3, section#line").first.wait_for()
    assert faults_of(tab) == []


def test_earnings_that_wait_for_a_partner(site, committed_db, tab) -> None:
    user = User.objects.create_user("dora@example.org", None)
    with transaction.atomic():
        remix, session = used_month.pieces()
        used_month.agree()
        used_month.use(remix, session)
    reads(user, "Dora")
    log_in(tab, site, user)
    tab.goto(f"{site}/artists/earnings/")
    assert tab.get_by_role("heading", name="Waiting for a partner").is_visible()
    assert faults_of(tab) == []
    shoot(tab, "earnings-waiting")


def test_deeds_of_the_desk_with_what_they_post(site, committed_db, tab) -> None:
    staff = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    log_in(tab, site, may_decide(staff))
    with transaction.atomic():
        told.tell_the_story()
        row = told.dispute(recording_id=world.ref("Lamp"))
    tab.goto(f"{site}/admin/royalties/period/close/")
    tab.get_by_label("Any day of the month").fill("2026-10-01")
    tab.get_by_role("button", name="Show what this does").click()
    tab.get_by_role("heading", name="What this does").wait_for()
    assert faults_of(tab) == []
    shoot(tab, "month-end")
    told.close()
    tab.goto(f"{site}/admin/deductions/dispute/{row.pk}/propose/")
    assert faults_of(tab) == []
    tab.get_by_label("Who gets it").fill("Ana\nBen\nCleo\nDov\nGEMA")
    tab.get_by_label("Reason").fill("They agreed to share it.")
    tab.get_by_role("button", name="Show what this does").click()
    tab.get_by_role("heading", name="What this does").wait_for()
    assert faults_of(tab) == []
    shoot(tab, "award")
    for page in ("receipts/receipt/record", "invoicing/invoice/draft"):
        tab.goto(f"{site}/admin/{page}/")
        assert faults_of(tab) == []


def test_a_deed_of_two_as_its_second_person_sees_it(site, committed_db, tab) -> None:
    User.objects.create_user("lea@example.org", None, country="DE", display_name="Lea Brandt")
    first, second = Desk("hanna"), Desk("mara")
    log_in(tab, site, first.user)
    tab.goto(f"{site}/admin/receipts/receipt/record/")
    for label, words in (
        ("Listener's e-mail", "lea@example.org"),
        ("Amount with tax", "9.99"),
        ("Covers the month of", "2026-11-01"),
        ("Number of the payment", "statement 11, line 4"),
        ("Reason", "Paid by bank transfer, seen on the statement."),
    ):
        tab.get_by_label(label).fill(words)
    tab.get_by_label("Currency").select_option("EUR")
    tab.get_by_role("button", name="Show what this does").click()
    tab.get_by_role("heading", name="What this does").wait_for()
    assert faults_of(tab) == []
    tab.get_by_role("button", name="Record a receipt").click()
    tab.get_by_text("Proposed: somebody else does it or drops it.").wait_for()
    second.show_code()
    session = second.browser.cookies["sessionid"].value
    tab.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    tab.goto(f"{site}/admin/backoffice/proposeddeed/{ProposedDeed.objects.get().pk}/do/")
    assert tab.get_by_text("Lea Brandt").is_visible()
    assert faults_of(tab) == []
    shoot(tab, "deed-of-two")
    tab.get_by_role("button", name="Record a receipt").click()
    tab.get_by_text("9.99 EUR are in the books.").wait_for()


def test_asking_and_subscribing(site, committed_db, tab) -> None:
    now = timezone.now()
    lea = User.objects.create_user("lea@example.org", None, country="DE", confirmed_16_at=now)
    stage = granted_stage()
    measured(stage, now)
    log_in(tab, site, lea)
    for page in (f"listen/recordings/{stage.tide.pk}", "listen/live", "listen/subscription"):
        tab.goto(f"{site}/{page}/")
        assert faults_of(tab) == []
