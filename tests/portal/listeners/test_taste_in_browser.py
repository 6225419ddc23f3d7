"""The pages of one's taste in a real browser: keys that answer in place, faders set by keyboard."""

import pytest
from django.utils import timezone

from generation.taste.models import Feedback
from generation.taste.queries import taste_view
from tests.portal.listeners.looking import fits, log_in, shoot
from tests.portal.listeners.made import granted_stage, pay, sealed

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("browser"),
]


def test_what_is_said_beside_the_player_is_read_on_the_page_of_ones_taste(site, lea, tab) -> None:
    refused: list[str] = []
    tab.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    stage = granted_stage()
    pay(lea, timezone.now())
    row = sealed(lea, stage, timezone.now())
    log_in(tab, site, lea)
    tab.goto(f"{site}/listen/variations/{row.pk}/")
    tab.get_by_role("button", name="Like", exact=True).click()
    tab.locator("button[aria-pressed=true]", has_text="Like").wait_for()
    tab.get_by_role("button", name="Darker").click()
    tab.locator("button[aria-pressed=true]", has_text="Darker").wait_for()
    assert set(Feedback.objects.values_list("said", "attribute")) == {
        ("LIKE", ""),
        ("LESS", "brightness"),
    }
    assert fits(tab)
    shoot(tab, "said")

    tab.get_by_role("link", name="Your taste").first.click()
    tab.locator("#brightness").focus()
    tab.keyboard.press("Home")
    tab.locator("output[for=brightness]", has_text="0").wait_for()
    tab.get_by_role("button", name="Set brightness").click()
    tab.get_by_text("Set. The next variation by your taste follows it.").wait_for()
    tab.locator("span", has_text="You prefer it dark").wait_for()
    found = {one.attribute: one.best for one in taste_view(("user", str(lea.pk))).leanings}
    assert found["brightness"] == pytest.approx(-1.0, abs=0.05)
    assert fits(tab)
    shoot(tab, "taste")
    tab.get_by_role("link", name="Erase my taste").click()
    shoot(tab, "taste-erase")
    tab.goto(f"{site}/listen/anew/")
    tab.locator("#by-taste:checked").wait_for(state="attached")
    shoot(tab, "anew")
    assert refused == []
