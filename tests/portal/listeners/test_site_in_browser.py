"""The listener's pages in a real browser, served by the real web server, with real commits."""

import os

import pytest
from django.test import Client
from django.utils import timezone

from tests.portal.listeners.made import add_piece, granted_stage, measured, opened, pay, sealed
from tests.processes import Processes

SHOTS = os.environ.get("STEMMA_SHOTS", "")


pytestmark = pytest.mark.usefixtures("rows_beside_a_browser")


@pytest.fixture
def site(committed_db, broker, browser, tmp_path):
    """The address of a web server of this test's own."""
    processes = Processes(broker, tmp_path / "logs")
    yield processes.web()
    processes.stop()


@pytest.fixture
def lea(committed_db):
    from portal.accounts.models import User

    user = User.objects.create_user("lea@example.org", None, display_name="Lea", country="DE")
    user.confirmed_16_at = timezone.now()
    user.save()
    return user


def _log_in(tab, site: str, user) -> None:
    """A session made here; the form of the log-in page is other rooms' business."""
    client = Client()
    client.force_login(user)
    value = client.cookies["sessionid"].value
    tab.context.add_cookies([{"name": "sessionid", "value": value, "url": site}])


def _shoot(tab, name: str) -> None:
    """Pictures of the page for whoever looks, when STEMMA_SHOTS names a folder."""
    if not SHOTS:
        return
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.emulate_media(color_scheme=scheme)
            tab.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
    tab.emulate_media(color_scheme="light")


def _fits(tab) -> bool:
    """No sideways scroll of the page at 390 px."""
    tab.set_viewport_size({"width": 390, "height": 900})
    return tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.xdist_group("browser")
def test_a_variation_plays_while_it_is_made_and_counts_when_it_was_heard(site, lea, tab) -> None:
    from licensing.royalties.models import Usage

    now = timezone.now()
    stage = granted_stage(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2)
    measured(stage, now)
    pay(lea, now)
    _log_in(tab, site, lea)
    refused: list[str] = []
    tab.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    tab.goto(f"{site}/listen/")
    assert tab.get_by_role("link", name="Tide").is_visible()
    assert _fits(tab)
    _shoot(tab, "recordings")
    tab.get_by_role("link", name="Tide").click()
    assert _fits(tab)
    _shoot(tab, "recording")

    row = opened(lea, stage, now, seconds=8)
    add_piece(row, 0, now)
    tab.goto(f"{site}/listen/variations/{row.pk}/")
    tab.get_by_role("button", name="Listen from the start").click()
    tab.get_by_role("button", name="Pause").wait_for()
    assert _fits(tab)
    _shoot(tab, "rendering")
    for index in range(1, row.piece_count):
        add_piece(row, index, timezone.now())
    tab.locator("label[for=job]", has_text="Bar 4 of 4").wait_for()
    _finish(row, stage)
    tab.get_by_role("heading", name="Playing").wait_for()
    assert _fits(tab)
    _shoot(tab, "playing")
    tab.get_by_role("button", name="Play").wait_for(timeout=20_000)
    assert tab.locator("[data-clock]").first.text_content() == "0:08"
    tab.wait_for_timeout(500)
    assert Usage.objects.get().record_id == row.record_id
    assert refused == []


def _finish(row, stage) -> None:
    from generation.variations import operations

    operations.seal_variation(
        variation_id=row.pk,
        lines=[(stage.drums.pk, 500_000), (stage.vocals.pk, 500_000)],
        windows_sha256="a" * 64,
        measured={"target_lufs": -14.0, "reached_lufs": -14.2, "integrated_lufs": -14.1,
                  "true_peak_dbtp": -1.2, "trim_db": 0.1},
        files=[],
        now=timezone.now(),
    )  # fmt: skip


@pytest.mark.xdist_group("browser")
def test_the_player_works_by_keyboard_alone_and_names_who_sounds(site, lea, tab) -> None:
    stage = granted_stage()
    pay(lea, timezone.now())
    row = sealed(lea, stage, timezone.now(), seconds=12)
    _log_in(tab, site, lea)
    tab.goto(f"{site}/listen/variations/{row.pk}/")
    first = tab.locator("[data-credits] tr").first
    assert "Drums" in first.text_content()
    tab.locator("#play").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Pause").wait_for()
    tab.locator("#position").focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    tab.locator("[data-credits] tr", has_text="Vocals").first.wait_for()
    tab.wait_for_function("document.querySelector('[data-clock]').textContent >= '0:03'")
    tab.locator("#play").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("button", name="Play").wait_for()
    _shoot(tab, "finished")
    tab.goto(f"{site}/listen/variations/{row.pk}/licence/")
    assert _fits(tab)
    _shoot(tab, "licence")
    tab.goto(f"{site}/listen/variations/")
    assert _fits(tab)
    _shoot(tab, "library")
    tab.goto(f"{site}/")
    _shoot(tab, "home")


@pytest.mark.xdist_group("browser")
def test_back_from_a_variation_leads_to_the_form_and_no_page_is_kept(site, lea, tab) -> None:
    """What a page shows of somebody must not outlive their session in the browser's storage."""
    from generation.variations.models import Variation

    stage = granted_stage()
    measured(stage, timezone.now())
    _log_in(tab, site, lea)
    refused: list[str] = []
    tab.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    tab.goto(f"{site}/listen/recordings/{stage.tide.pk}/")
    tab.locator("label[for=mode-mood]").click()
    tab.locator("#mode-mood:checked").wait_for()
    for made, length in ((1, "30"), (2, "60")):
        tab.locator(f"label[for=length-{length}]").click()
        tab.get_by_role("button", name="Make this variation").click()
        tab.wait_for_url("**/listen/variations/*/")
        assert Variation.objects.count() == made
        tab.go_back()
        tab.get_by_role("button", name="Make this variation").wait_for()
    kept = tab.evaluate("[sessionStorage, localStorage].flatMap(Object.values).join()")
    assert "<" not in kept
    assert refused == []
