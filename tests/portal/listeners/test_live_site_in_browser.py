"""A live session on its page in a real browser, from the real web server, with real commits."""

import pytest
from django.utils import timezone

from generation.sessions.models import ControlPoint, LiveSession
from generation.taste.models import Decision
from tests.chromium import until
from tests.portal.listeners.looking import fits, log_in, shoot
from tests.portal.listeners.made import granted_stage, measured, pay
from tests.portal.listeners.made_live import BAR, RATE, planned, sounded

pytestmark = [pytest.mark.usefixtures("rows_beside_a_browser"), pytest.mark.xdist_group("browser")]


@pytest.fixture
def refused(tab) -> list[str]:
    """What the browser complains of, but for a second that is made anew while it is fetched: that
    one is refused, and asked for again.
    """
    lines: list[str] = []

    def note(line) -> None:
        if line.type == "error" and "/audio/live/" not in line.location["url"]:
            lines.append(line.text)

    tab.on("console", note)
    return lines


def _says(tab, name: str, text: str) -> None:
    until(tab, f"document.querySelector('[data-{name}]').textContent.includes('{text}')", 1500)


def _begin(tab, site, lea, by="") -> tuple[LiveSession, object]:
    """Press the key of the form by keyboard alone, and let five seconds be made."""
    stage = granted_stage()
    measured(stage, timezone.now())
    pay(lea, timezone.now())
    log_in(tab, site, lea)
    tab.goto(f"{site}/listen/live/")
    assert fits(tab)
    shoot(tab, "live-form")
    tab.get_by_label("Key", exact=True).select_option("B min")
    if by:
        tab.get_by_text(by, exact=True).click()
    tab.get_by_role("button", name="Start this session").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/listen/live/*-*/")
    session = LiveSession.objects.get()
    planned(session, stage, 0, timezone.now())
    sounded(session, stage, range(8), timezone.now())
    _says(tab, "clock", "0:01")
    return session, stage


def test_one_press_starts_it_and_a_wish_is_heard_from_the_next_bar(site, lea, tab, refused) -> None:
    session, stage = _begin(tab, site, lea)
    assert tab.locator("[data-credits] tr").first.text_content().startswith("Drums")
    _says(tab, "moment", "120 bpm, A min")
    tab.get_by_role("button", name="More energy").click()
    _says(tab, "answer", "More energy")
    until(tab, "document.querySelector('[data-wish-energy]').textContent === '55'")
    wish = ControlPoint.objects.get()
    assert (wish.said_at or 0) >= RATE
    bar = -(-(wish.said_at + 2 * RATE) // BAR)
    planned(session, stage, bar, timezone.now(), control=1, because="steered", energy=0.7)
    sounded(session, stage, range((bar * BAR - 16_384) // RATE, 12), timezone.now())
    _says(tab, "answer", "from the next bar, in ")
    _says(tab, "answer", f"More energy since 0:{bar * 2:02}.")
    _says(tab, "moment", "section 2")
    assert fits(tab)
    shoot(tab, "live-playing")
    tab.get_by_role("button", name="Undo").click()
    until(tab, "document.querySelector('[data-wish-energy]').textContent === '35'")
    assert LiveSession.objects.get().targets["key"] == "B min"
    tab.get_by_role("button", name="Key up").click()
    until(tab, "document.querySelector('[data-wish-key]').textContent === 'A# min'")
    _says(tab, "answer", "A semitone up")
    assert ControlPoint.objects.last().targets["key"] == "A# min"
    tab.get_by_role("button", name="Key up").click()
    _says(tab, "answer", "No key here goes further up.")
    assert refused == []


def test_it_pauses_goes_on_after_a_reload_and_ends_with_an_account(site, lea, tab, refused) -> None:
    session, _ = _begin(tab, site, lea, by="By my taste")
    chosen = Decision.objects.get(subject_ref=str(session.pk)).targets
    energy = tab.locator("[data-wish-energy]").text_content()
    assert energy == str(round(100 * chosen["energy"]))
    tab.locator("h1").click()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Play", exact=True).wait_for()
    session.refresh_from_db()
    handed = session.handed
    assert handed >= RATE
    tab.reload()
    tab.locator("#play").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Pause").wait_for()
    until(tab, "document.querySelector('[data-credits]').children.length === 2")
    tab.get_by_role("button", name="End this session").click()
    tab.get_by_role("heading", name="Over").wait_for()
    assert tab.get_by_text("You ended this session.").is_visible()
    assert tab.get_by_role("row", name="Vocals").is_visible()
    assert fits(tab)
    shoot(tab, "live-over")
    assert LiveSession.objects.get().handed >= handed
    tab.goto(f"{site}/listen/variations/")
    assert tab.get_by_role("link", name="Mood bed").is_visible()
    assert fits(tab)
    assert refused == []
