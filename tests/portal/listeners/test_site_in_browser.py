"""The listener's pages in a real browser, served by the real web server, with real commits."""

import pytest
from django.utils import timezone

from tests.portal.listeners.looking import fits, log_in, shoot
from tests.portal.listeners.made import add_piece, granted_stage, measured, opened, pay, sealed

pytestmark = pytest.mark.usefixtures("rows_beside_a_browser")


@pytest.mark.xdist_group("browser")
def test_a_variation_plays_while_it_is_made_and_counts_when_it_was_heard(site, lea, tab) -> None:
    from licensing.royalties.models import Usage

    now = timezone.now()
    stage = granted_stage(tempo_min_ratio=0.9, tempo_max_ratio=1.1, semitones_max=2)
    measured(stage, now)
    pay(lea, now)
    log_in(tab, site, lea)
    refused: list[str] = []
    tab.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    tab.goto(f"{site}/listen/")
    assert tab.get_by_role("link", name="Tide").is_visible()
    assert fits(tab)
    shoot(tab, "recordings")
    tab.get_by_role("link", name="Tide").click()
    assert fits(tab)
    shoot(tab, "recording")

    row = opened(lea, stage, now, seconds=8)
    add_piece(row, 0, now)
    tab.goto(f"{site}/listen/variations/{row.pk}/")
    tab.get_by_role("button", name="Listen from the start").click()
    tab.get_by_role("button", name="Pause").wait_for()
    assert fits(tab)
    shoot(tab, "rendering")
    for index in range(1, row.piece_count):
        add_piece(row, index, timezone.now())
    tab.locator("label[for=job]", has_text="Bar 4 of 4").wait_for()
    _finish(row, stage)
    tab.get_by_role("heading", name="Playing").wait_for()
    assert fits(tab)
    shoot(tab, "playing")
    # The finished page comes with a key that says "Play" until the script that plays has taken it.
    tab.locator("[data-clock]", has_text="0:08").first.wait_for(timeout=20_000)
    tab.get_by_role("button", name="Play").wait_for()
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
    log_in(tab, site, lea)
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
    shoot(tab, "finished")
    tab.goto(f"{site}/listen/variations/{row.pk}/licence/")
    assert fits(tab)
    shoot(tab, "licence")
    tab.goto(f"{site}/listen/variations/")
    assert fits(tab)
    shoot(tab, "library")
    tab.goto(f"{site}/")
    shoot(tab, "home")


@pytest.mark.xdist_group("browser")
def test_back_from_a_variation_leads_to_the_form_and_no_page_is_kept(site, lea, tab) -> None:
    """What a page shows of somebody must not outlive their session in the browser's storage."""
    from generation.variations.models import Variation

    stage = granted_stage()
    measured(stage, timezone.now())
    log_in(tab, site, lea)
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
