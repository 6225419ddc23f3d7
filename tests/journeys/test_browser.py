"""From stems to sound in a real browser: an artist shares, a listener hears, the artist withdraws.

Web server, two workers and the sweeper are real processes; what was heard is read off the frames
that the player gave to the audio clock, not off a watch.
"""

import io
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from django.utils import timezone

from generation import recipe as recipes
from generation.variations.models import Variation
from portal.demo import people, seed
from portal.demo.journey import until
from tests import chromium

INES, LENA = "ines@stemma.example", "lena@stemma.example"
RATE = 48_000
STEMS = ("bass", "drums", "keys", "plucks")
PATIENCE_MS = 240_000
LISTENS = """
window.begun = [];
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when, offset) {
  const skipped = Math.round((offset || 0) * 48000);
  const peak = Math.max(...this.buffer.getChannelData(0).map(Math.abs));
  const while_made = Boolean(document.querySelector("#job"));
  const first = Math.round(when * 48000);
  window.begun.push({ first, frames: this.buffer.length - skipped, peak, while_made });
  return begin.call(this, when, offset);
};
"""
LABEL_IS_FIRST = """() => {
  const label = document.querySelector(".ai-label"), key = document.querySelector("#play");
  return Boolean(label.compareDocumentPosition(key) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("product"),
]


@dataclass
class Person:
    """Somebody at a browser of their own; `refused`: what the page's console complained about."""

    tab: object
    site: str
    email: str
    password: str
    refused: list = field(default_factory=list)

    def __post_init__(self):
        self.tab.set_default_timeout(PATIENCE_MS)
        self.tab.on(
            "console",
            lambda line: self.refused.append(line.text) if line.type == "error" else None,
        )

    def log_in(self):
        self.tab.goto(f"{self.site}/account/login/")
        self.tab.get_by_label("E-mail").fill(self.email)
        self.tab.get_by_label("Password").fill(self.password)
        self.press("Log in")
        self.tab.wait_for_url(f"{self.site}/**")

    def press(self, name):
        self.tab.get_by_role("button", name=name, exact=True).click()

    def follow(self, name):
        self.tab.get_by_role("link", name=name).first.click()


@pytest.fixture
def cast(browser, processes, new_tab):
    """Ines, who keeps recordings, and Lena, who has paid, each at a browser."""
    site = processes.address
    now = timezone.now()
    known = {person.email: person.password for person in people.seed_people({}, now)}
    people.seed_party("Ines Maravel", INES, now)
    seed.seed_receipt(("user", people.login_ref(LENA)), now)
    return [Person(new_tab(), site, email, known[email]) for email in (INES, LENA)]


def test_stems_become_a_variation_that_plays_until_it_is_withdrawn(cast, stems):
    ines, lena = cast
    recording = _bring(ines, stems)
    _agree(ines)
    assert ines.refused == []
    _ask(lena)
    audio = _hear(lena)
    _see_who_is_heard(lena)
    files = _download(lena)
    assert lena.refused == []
    _withdraw(ines, recording)
    _is_refused(lena, [*audio, *files])


def _bring(ines, stems):
    """Upload, wait until each stem is checked and measured, and say that these are all."""
    tab = ines.tab
    ines.log_in()
    tab.goto(f"{ines.site}/artists/")
    ines.follow("Bring a recording")
    tab.get_by_label("Title of the recording").fill("Kelp Lantern")
    ines.press("Make this recording")
    tab.get_by_role("heading", name="Kelp Lantern").wait_for()
    tab.locator("#files").set_input_files(sorted(map(str, stems.iterdir())))
    ines.press("All stems are in")
    rows = tab.locator("#stem-list > li")
    assert rows.count() == len(STEMS)
    assert tab.get_by_text("Not taken").count() == 0
    until(lambda: _is_heard_together(tab), "Hearing the stems together")
    return tab.url


def _is_heard_together(tab):
    tab.reload()
    return tab.get_by_text("all are in", exact=True).is_visible()


def _agree(ines):
    """Both sheets and the grant; the first signature asks for the password again."""
    tab, page = ines.tab, ines.tab.url
    for right, is_first in (("master", True), ("publishing", False)):
        tab.goto(page)
        ines.follow(f"Draw up a {right} sheet")
        tab.locator("[name=shares-0-share]").fill("100")
        ines.press("Propose this sheet")
        ines.press("Sign as Ines Maravel")
        if is_first:
            tab.get_by_role("heading", name="Your password, once more").wait_for()
            tab.get_by_label("Password").fill(ines.password)
            ines.press("Go on")
        tab.get_by_text("Signed as Ines Maravel").wait_for()
    tab.goto(page)
    ines.follow("Say what may be made")
    for box in tab.locator("input[name=grant]").all():
        box.check()
    ines.press("Sign this grant")
    tab.get_by_role("link", name="Withdraw the grant").wait_for()


def _ask(lena):
    lena.log_in()
    lena.tab.add_init_script(LISTENS)
    lena.tab.goto(f"{lena.site}/listen/")
    lena.follow("Kelp Lantern")
    lena.tab.locator("label[for=length-30]").click()
    lena.press("Make this variation")


def _hear(lena):
    """Press play while it is being made; every frame sounds once. Gives the addresses of sound."""
    tab, audio = lena.tab, []
    tab.on("request", lambda sent: audio.append(sent.url) if "/audio/" in sent.url else None)
    tab.get_by_role("button", name="Listen from the start").wait_for()
    assert tab.get_by_role("heading", name="Being made").is_visible()
    assert tab.evaluate(LABEL_IS_FIRST)
    assert "100 % human stems" in tab.locator(".ai-label").inner_text()
    tab.locator("#play").click()
    tab.get_by_role("heading", name="Playing").wait_for()
    assert tab.evaluate(LABEL_IS_FIRST)
    length = _length()
    half = length // RATE // 2
    _until_begun(tab, half * RATE)
    begun = tab.evaluate("begun.splice(0)")
    assert begun[0]["while_made"]
    _is_one_sound(begun)
    _hear_from(tab, half, length)
    return audio


def _length():
    """Of the one variation there is, in samples."""
    return recipes.from_json(Variation.objects.get().recipe).length


def _hear_from(tab, second, length):
    """Move on to `second`; all that follows sounds, to the last frame."""
    tab.locator("#position").fill(str(second))
    rest = length - second * RATE
    _until_begun(tab, rest)
    begun = tab.evaluate("begun")
    assert sum(one["frames"] for one in begun) == rest
    _is_one_sound(begun)


def _until_begun(tab, frames):
    chromium.until(
        tab, f"begun.reduce((sum, one) => sum + one.frames, 0) >= {frames}", PATIENCE_MS // 10
    )


def _is_one_sound(begun):
    """Each stretch begins on the frame on which the one before ended, and none is silent."""
    for before, after in pairwise(begun):
        assert after["first"] == before["first"] + before["frames"]
    assert all(one["peak"] > 0.01 for one in begun[:-1])


def _see_who_is_heard(lena):
    rows = lena.tab.locator("[data-credits] tr")
    assert rows.count() == len(STEMS)
    for row in rows.all():
        assert "Ines Maravel" in row.inner_text()
    assert any("%" in row.inner_text() for row in rows.all())


def _download(lena):
    """Both files decode to the whole length; gives their addresses."""
    length = _length()
    links = []
    for word, slack in (("FLAC", 0), ("MP3", 4_000)):
        link = lena.tab.get_by_role("link", name=f"Save as {word}")
        links.append(lena.site + link.get_attribute("href"))
        with lena.tab.expect_download() as saved:
            link.click()
        body = saved.value.path().read_bytes()
        assert b"AI-assisted" in body[:20_000]
        sound, rate = soundfile.read(io.BytesIO(body))
        assert rate == RATE
        assert abs(len(sound) - length) <= slack
        assert np.abs(sound).max() > 0.1
    return links


def _withdraw(ines, recording):
    ines.tab.goto(recording)
    ines.follow("Withdraw the grant")
    ines.tab.get_by_text("Take them down now: 1 stops playing at once").wait_for()
    ines.press("Withdraw everything for Kelp Lantern")
    ines.tab.get_by_text("You have granted nothing yet").wait_for()


def _is_refused(lena, addresses):
    """What was fetched a moment ago is not there any more, and the open player says why."""
    tab = lena.tab
    assert {tab.request.get(address).status for address in addresses} == {404}
    tab.locator("#position").fill("0")
    tab.get_by_text("a permission in it was withdrawn").wait_for()
    assert any("404" in line for line in lena.refused)
    tab.reload()
    assert tab.locator("[data-play]").count() == 0
    assert tab.get_by_role("link", name="Save as").count() == 0
    tab.goto(f"{lena.site}/listen/")
    assert tab.get_by_role("link", name="Kelp Lantern").count() == 0
