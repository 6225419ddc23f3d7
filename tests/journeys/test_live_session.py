"""A live session on real parts: steered in a browser, through a killed worker and a withdrawal.

Web server, two workers and the sweeper are real processes. What was heard is read off the FLAC that
was fetched; the second listener is a client with a real clock and four seconds in hand.
"""

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from django.utils import timezone

from benchmarks.live_player import LivePlayer
from generation.engine.codecs import decode_flac
from generation.sessions.models import LiveSession
from licensing.attribution.models import MinuteLine, SealedMinute
from licensing.clearance.operations import withdraw_grant
from portal.accounts.models import User
from portal.demo.journey import until
from portal.demo.seed import seed_receipt
from portal.demo.visitor import Visitor
from tests import chromium
from tests.portal.listeners.looking import log_in
from tests.studio import ACTOR, build_studio

RATE = 48_000
PASSWORD = "tape organ at low tide"
FRAME = RATE // 100
PATIENCE_S = 60.0

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("browser"),
]


def _listener(name: str) -> User:
    """Somebody who confirmed their login and has paid."""
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, display_name=name.title())
    user.confirmed_16_at, user.country = timezone.now(), "DE"
    user.save()
    seed_receipt(("user", str(user.pk)), timezone.now())
    return user


@dataclass
class Ears:
    """The seconds a page fetched, in the order in which they came: (number, version, samples)."""

    known: dict[str, tuple[int, int]] = field(default_factory=dict)
    came: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    sections: dict[int, dict] = field(default_factory=dict)

    def hear(self, response) -> None:
        if response.status != 200:
            return
        path = "/" + response.url.split("/", 3)[3].split("?")[0]
        if path in self.known:
            self.came.append((*self.known[path], decode_flac(response.body())))
        elif "json" in response.headers.get("content-type", ""):
            self._learn(response.json())

    def _learn(self, told: dict) -> None:
        for one in told.get("segments", ()):
            self.known[one["url"]] = (one["number"], one["version"])
        for one in told.get("sections", ()):
            self.sections[one["number"]] = one

    def seconds(self) -> dict[int, np.ndarray]:
        """Each second in the last version that came."""
        return {number: sound for number, _version, sound in self.came}


def _onsets(sound: np.ndarray) -> np.ndarray:
    """Samples at which the energy rises by 9 dB within 20 ms, 50 ms apart at least."""
    frames = sound[:, : sound.shape[1] // FRAME * FRAME].reshape(2, -1, FRAME)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=(0, 2)) + 1e-6)
    rises = np.flatnonzero(level[2:] - level[:-2] >= 9.0) + 2
    kept: list[int] = []
    for at in rises:
        if not kept or at - kept[-1] > 5:
            kept.append(int(at))
    return np.array(kept) * FRAME


def _rate(sound: np.ndarray) -> float:
    return len(_onsets(sound)) * RATE / sound.shape[1]


def test_a_session_follows_its_listener_and_outlives_a_worker_and_a_stem(
    processes, material, new_tab
):
    studio = build_studio(material)
    site = processes.product()
    _more_energy_is_heard_at_the_next_bar(new_tab(), site)
    _a_killed_worker_leaves_no_gap_and_a_withdrawn_stem_leaves(processes, studio, site)


def _more_energy_is_heard_at_the_next_bar(tab, site) -> None:
    lea, ears = _listener("lea"), Ears()
    log_in(tab, site, lea)
    tab.on("response", ears.hear)
    tab.goto(f"{site}/listen/live/?mode=focus&energy=20")
    tab.get_by_role("button", name="Start this session").click()
    tab.wait_for_url("**/listen/live/*-*/")
    _until_clock(tab, 5, 6000)
    for _ in range(3):
        tab.get_by_role("button", name="More energy").click()
    chromium.until(
        tab, "document.querySelector('[data-answer]').textContent.includes('since')", 3000
    )
    changed = next(one for _, one in sorted(ears.sections.items()) if one["because"])
    line, last = changed["start"], changed["start"] // RATE + 4
    _until_clock(tab, last, 3000)
    tab.get_by_role("button", name="End this session").click()
    seconds = ears.seconds()
    first = min(seconds)
    sound = np.concatenate([seconds[n] for n in range(first, last)], axis=1)
    place = line - first * RATE
    before, after = sound[:, max(0, place - 4 * RATE) : place], sound[:, place:]
    assert line in [at for one in ears.sections.values() for at in one["lines"]]
    assert _rate(after) > 1.25 * _rate(before)


def _until_clock(tab, second: int, turns: int) -> None:
    says = "document.querySelector('[data-clock]').textContent"
    chromium.until(tab, f"{says} >= '0:{second:02}'", turns)


def _a_killed_worker_leaves_no_gap_and_a_withdrawn_stem_leaves(processes, studio, site) -> None:
    ben = _listener("ben")
    visitor = Visitor(site)
    visitor.log_in(ben.email, PASSWORD)
    player, pause = LivePlayer(site, visitor.session, ahead_s=4.0), threading.Event()
    player.start("mood", {"density": 0.8, "energy": 0.6})
    player.play_until(4.0, pause)
    doomed = next(child for child in processes.children if child.name == "render1")
    doomed.kill()
    player.play_until(12.0, pause)
    assert max(player.late(), default=0.0) <= 2.0

    session = LiveSession.objects.get(requester_ref=str(ben.pk))
    gone = next(stem for stem in studio.stems if stem.label == "drums")
    assert session.segments.filter(sources__contains=[gone.audio_id]).exists()
    for grant in studio.grants:
        if grant.stem_id == gone.pk:
            withdraw_grant(grant_id=grant.pk, actor=ACTOR, now=timezone.now())
    player.play_until(22.0, pause)
    player.end()
    without = session.sections.filter(because="withdrawn").first()
    later = session.segments.filter(version__gte=without.index, number__gt=without.start // RATE)
    assert later.exists()
    assert not any(gone.audio_id in one.sources for one in later)
    assert max(player.late(), default=0.0) <= 2.0
    until(lambda: SealedMinute.objects.filter(record=session.record).exists(), "Sealing the minute")
    lines = MinuteLine.objects.filter(sealed_minute__record=session.record)
    shares = dict(lines.values_list("stem__label", "ppm"))
    assert sum(shares.values()) == 1_000_000
    assert shares["drums"] > 0
