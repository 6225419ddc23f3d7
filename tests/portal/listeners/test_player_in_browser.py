"""The player in a real browser: decoded segments join to the sample, late ones lose nothing."""

import io
import json
import threading
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from tests.chromium import until
from tests.portal.listeners.conftest import page_text

RATE = 48_000
PIECE = 2_400
COUNT = 8
LENGTH = PIECE * (COUNT - 1) + 1_237


def _flac(sound: np.ndarray) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, sound.T, RATE, format="FLAC", subtype="PCM_24")
    return out.getvalue()


@pytest.fixture
def piece(sounds):
    """Noise (the hardest thing to join unnoticed), whole and in segments; its play list."""
    noise = np.random.default_rng(7).uniform(-0.9, 0.9, (2, LENGTH))
    whole = np.round(noise * 2**23) / 2**23
    sounds.put("/whole.flac", "audio/flac", _flac(whole))
    segments = []
    for index in range(COUNT):
        start, end = index * PIECE, min(LENGTH, (index + 1) * PIECE)
        sounds.put(f"/s{index}.flac", "audio/flac", _flac(whole[:, start:end]))
        url = f"/s{index}.flac"
        segments.append({"index": index, "start": start, "end": end, "url": url, "shares": []})
    return segments


def _listed(segments, *, complete=True):
    return {
        "state": "READY",
        "length": LENGTH,
        "audible": LENGTH,
        "complete": complete,
        "good_for_s": 600,
        "token": "a-token",
        "more": "/more?token=a-token",
        "segments": segments,
    }


def _serve(sounds, segments, program, **more):
    body = json.dumps(_listed(segments, **more)).encode()
    sounds.put("/open", "application/json", body)
    sounds.put("/report", "application/json", b"{}")
    sounds.put("/", "text/html", page_text(program).encode())


JOIN = """
import { placed } from "player/schedule.js";
const decode = async (context, url) =>
  context.decodeAudioData(await (await fetch(url)).arrayBuffer());
window.join = async (segments, length, from, lead) => {
  const context = new OfflineAudioContext(2, lead + length - from, 48000);
  for (const segment of segments) {
    const place = placed(segment, lead, from);
    if (!place) continue;
    const node = new AudioBufferSourceNode(context, { buffer: await decode(context, segment.url) });
    node.connect(context.destination);
    node.start(place.when, place.offset);
  }
  const joined = await context.startRendering();
  const whole = await decode(new OfflineAudioContext(2, 1, 48000), "/whole.flac");
  let worst = 0;
  for (const channel of [0, 1]) {
    const [a, b] = [joined.getChannelData(channel), whole.getChannelData(channel)];
    for (let i = from; i < length; i += 1) {
      worst = Math.max(worst, Math.abs(a[lead + i - from] - b[i]));
    }
  }
  return { worst, frames: whole.length };
};
window.ready = true;
"""


@pytest.mark.parametrize(("start", "lead"), [(0, 0), (0, 4_801), (PIECE * 2 + 731, 1_234_567)])
def test_segments_scheduled_one_by_one_equal_one_decode_of_the_whole(
    sounds, tab, piece, start, lead
) -> None:
    _serve(sounds, piece, JOIN)
    tab.goto(sounds.address)
    until(tab, "window.ready")
    found = tab.evaluate("([s, n, f, l]) => window.join(s, n, f, l)", [piece, LENGTH, start, lead])
    assert found["frames"] == LENGTH
    assert found["worst"] == 0.0


ENGINE = """
import { Engine } from "player/engine.js";
import { Playlist } from "player/playlist.js";
window.begun = [];
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when, offset) {
  const first = Math.round(when * 48000);
  const skipped = Math.round((offset || 0) * 48000);
  window.begun.push({ first, skipped, frames: this.buffer.length - skipped });
  return begin.call(this, when, offset);
};
const playlist = new Playlist("/open", "csrf");
const clock = new AudioContext({ sampleRate: 48000 });
window.stopTheClock = async () => {
  await clock.suspend();
  clock.resume = async () => {};
};
window.letItRun = () => AudioContext.prototype.resume.call(clock);
window.run = async () => {
  await playlist.open();
  window.engine = new Engine(clock, playlist);
  window.ended = new Promise((done) => window.engine.addEventListener("ended", done));
  await window.engine.play();
};
window.ready = true;
"""


def _open(sounds, tab):
    tab.goto(sounds.address)
    until(tab, "window.ready")


def _run(sounds, tab):
    _open(sounds, tab)
    tab.evaluate("window.run()")


def test_the_engine_places_neighbours_on_neighbouring_frames(sounds, tab, piece) -> None:
    _serve(sounds, piece, ENGINE)
    _open(sounds, tab)
    # No segment can be late while no time passes: a busy machine must not decide this test.
    tab.evaluate("window.stopTheClock()")
    tab.evaluate("window.run()")
    until(tab, f"window.begun.length === {COUNT}")
    tab.evaluate("window.letItRun()")
    tab.evaluate("window.ended")
    begun = tab.evaluate("window.begun")
    assert len(begun) == COUNT
    assert all(a["first"] + a["frames"] == b["first"] for a, b in pairwise(begun))
    assert sum(one["frames"] for one in begun) == LENGTH
    assert tab.evaluate("window.engine.position") == LENGTH


def test_a_late_segment_is_waited_for_and_nothing_is_skipped(sounds, tab, piece) -> None:
    sounds.held["/s3.flac"] = threading.Event()
    _serve(sounds, piece, ENGINE)
    _run(sounds, tab)
    until(tab, "window.engine.state === 'waiting' && window.begun.length === 3")
    assert tab.evaluate("window.engine.position") == 3 * PIECE
    sounds.held["/s3.flac"].set()
    tab.evaluate("window.ended")
    begun = tab.evaluate("window.begun")
    assert [one["skipped"] for one in begun] == [0] * COUNT
    assert begun[3]["first"] > begun[2]["first"] + begun[2]["frames"]
    # On a busy machine another may come late too; none is laid over the one before.
    assert all(a["first"] + a["frames"] <= b["first"] for a, b in pairwise(begun[3:]))


def test_sound_starts_with_the_first_segment_while_more_are_made(sounds, tab, piece) -> None:
    _serve(sounds, piece[:1], ENGINE, complete=False)
    sounds.held["/more"] = threading.Event()
    rest = json.dumps(_listed(piece[1:])).encode()
    sounds.put("/more", "application/json", rest)
    _run(sounds, tab)
    until(tab, "window.begun.length === 1")
    until(tab, "window.engine.state === 'waiting'")
    sounds.held["/more"].set()
    tab.evaluate("window.ended")
    assert sum(one["frames"] for one in tab.evaluate("window.begun")) == LENGTH


def test_seeking_goes_on_at_the_very_sample(sounds, tab, piece) -> None:
    sounds.held["/s7.flac"] = threading.Event()
    _serve(sounds, piece, ENGINE)
    _run(sounds, tab)
    wanted = 4 * PIECE + 345
    tab.evaluate("(sample) => { window.begun.length = 0; window.engine.seek(sample); }", wanted)
    sounds.held["/s7.flac"].set()
    tab.evaluate("window.ended")
    begun = tab.evaluate("window.begun")
    assert begun[0]["skipped"] == 345
    assert sum(one["frames"] for one in begun) == LENGTH - wanted


def test_a_pause_keeps_its_place(sounds, tab, piece) -> None:
    sounds.held["/s7.flac"] = threading.Event()
    _serve(sounds, piece, ENGINE)
    _run(sounds, tab)
    until(tab, "window.engine.position > 0")
    tab.evaluate("window.engine.pause()")
    place = tab.evaluate("window.engine.position")
    assert 0 < place < LENGTH
    tab.evaluate("window.begun.length = 0")
    sounds.held["/s7.flac"].set()
    tab.evaluate("window.engine.play()")
    tab.evaluate("window.ended")
    assert sum(one["frames"] for one in tab.evaluate("window.begun")) == LENGTH - place
