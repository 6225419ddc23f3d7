"""A live session on real parts: steered in a browser, through a killed worker and a withdrawal.

Web server, two workers and the sweeper are real processes. What was heard is read off the FLAC that
was fetched; the second listener is a client with a real clock and four seconds in hand.
"""

import base64
import threading

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
from portal.demo.supervisor import Child
from portal.demo.visitor import Visitor
from tests import chromium
from tests.portal.listeners.looking import log_in
from tests.studio import ACTOR, build_studio

RATE = 48_000
PASSWORD = "tape organ at low tide"
FRAME = RATE // 100
# Keeps what the page fetches: sound by address, play lists in the order of time.
KEEPS = """
window.heard = {}, window.told = [];
const really = window.fetch;
window.fetch = async (...asked) => {
  const answer = await really(...asked), kept = answer.clone();
  const type = answer.headers.get("content-type") || "";
  if (answer.ok && type.includes("json")) window.told.push(await kept.json());
  if (answer.ok && type.includes("flac")) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    window.heard[new URL(answer.url).pathname] = btoa(text);
  }
  return answer;
};
"""

pytestmark = [
    pytest.mark.usefixtures("rows_beside_a_browser"),
    pytest.mark.xdist_group("product"),
]


def _listener(name: str) -> User:
    """Somebody who confirmed their login and has paid."""
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, display_name=name.title())
    user.confirmed_16_at, user.country = timezone.now(), "DE"
    user.save()
    seed_receipt(("user", str(user.pk)), timezone.now())
    return user


def _what_came(tab) -> tuple[dict[int, np.ndarray], list[dict]]:
    """(each second in the last version that the page fetched, the sections it was told of)."""
    # In one look: whatever was fetched by then had been listed by then.
    told, heard = tab.evaluate("[window.told, window.heard]")
    listed = [one for answer in told for one in answer.get("segments", ())]
    coming = [answer["coming"] for answer in told if answer.get("coming")]
    versions = {one["url"]: one for one in (*listed, *coming)}
    sections = {one["number"]: one for answer in told for one in answer.get("sections", ())}
    seconds: dict[int, tuple[int, np.ndarray]] = {}
    for path, packed in heard.items():
        one = versions[path]
        if one["version"] >= seconds.get(one["number"], (0,))[0]:
            seconds[one["number"]] = (one["version"], decode_flac(base64.b64decode(packed)))
    return {number: sound for number, (_, sound) in seconds.items()}, list(sections.values())


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
    site = processes.address
    _more_energy_is_heard_at_the_next_bar(new_tab(), site)
    _a_killed_worker_leaves_no_gap_and_a_withdrawn_stem_leaves(processes, studio, site)


def _more_energy_is_heard_at_the_next_bar(tab, site) -> None:
    lea = _listener("lea")
    log_in(tab, site, lea)
    tab.add_init_script(KEEPS)
    tab.goto(f"{site}/listen/live/?mode=focus&energy=20")
    tab.get_by_role("button", name="Start this session").click()
    tab.wait_for_url("**/listen/live/*-*/")
    _until_clock(tab, 5, 6000)
    for _ in range(3):
        tab.get_by_role("button", name="More energy").click()
    chromium.until(
        tab,
        "window.told.some((one) => (one.sections || []).some((two) => two.control === 3))",
        3000,
    )
    changes = [one for one in _what_came(tab)[1] if one["because"]]
    line = next(one["start"] for one in changes if one["control"] == 3)
    assert next(one["energy"] for one in changes if one["control"] == 3) == 0.8
    last = line // RATE + 6
    _until_clock(tab, last, 3000)
    seconds, sections = _what_came(tab)
    tab.get_by_role("button", name="End this session").click()
    sound = np.concatenate([seconds[n] for n in range(last)], axis=1)
    first = min(one["start"] for one in changes)
    assert first in [at for one in sections if not one["because"] for at in one["lines"]]
    assert _rate(sound[:, line:]) > 1.25 * _rate(sound[:, :first])


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
    session = LiveSession.objects.get(requester_ref=str(ben.pk))
    doomed = _home_of(processes, session)
    doomed.kill()
    already = session.segments.count()
    player.play_until(12.0, pause)
    assert max(player.late(), default=0.0) <= 2.0
    session.refresh_from_db()
    assert session.segments.count() > already
    assert _home_of(processes, session) is not doomed

    gone = next(stem for stem in studio.stems if stem.label == "drums")
    assert session.segments.filter(sources__contains=[gone.audio_id]).exists()
    for grant in studio.grants:
        if grant.stem_id == gone.pk:
            withdraw_grant(grant_id=grant.pk, actor=ACTOR, now=timezone.now())
    player.play_until(24.0, pause)
    player.end()
    without = session.sections.filter(because="withdrawn").first()
    later = session.sections.filter(index__gte=without.index)
    assert not any(gone.audio_id in one.recipe for one in later)
    last = session.segments.order_by("number", "version").last()
    sounding = np.frombuffer(bytes(last.windows)).reshape(-1, len(last.sources)).max(axis=0)
    assert sounding.max() > 0.0
    assert dict(zip(last.sources, sounding, strict=True)).get(gone.audio_id, 0.0) == 0.0
    assert max(player.late(), default=0.0) <= 2.0
    until(lambda: SealedMinute.objects.filter(record=session.record).exists(), "Sealing the minute")
    lines = MinuteLine.objects.filter(sealed_minute__record=session.record)
    shares = dict(lines.values_list("stem__label", "ppm"))
    assert sum(shares.values()) == 1_000_000
    assert shares["drums"] > 0


def _home_of(processes, session: LiveSession) -> Child:
    """The worker that rendered the session's newest second."""
    workers = (child for child in processes.children if child.name.startswith("render"))
    return next(child for child in workers if session.home.startswith(f"{child.name}@"))
