"""The player of live sessions in a real browser: an endless sound without a gap, changed in time.

The engine runs on an OfflineAudioContext that is halted where something happens, so that what it
plays can be compared sample by sample with what it was handed.
"""

import base64
import json
import threading

import numpy as np
import pytest

from tests.chromium import until
from tests.portal.listeners.conftest import page_text
from tests.portal.listeners.made import flac

RATE = 48_000
SECONDS = 6
AHEAD = 16_384
FADE = 480
LEAD = round(0.06 * RATE)


@pytest.fixture(scope="module")
def takes():
    """Two takes of the same six seconds: noise, another from the third second on less AHEAD."""
    random = np.random.default_rng(7)
    whole = np.round(random.uniform(-0.9, 0.9, (2, SECONDS * RATE)) * 2**23) / 2**23
    line = 3 * RATE + 7_000
    turned = whole.copy()
    turned[:, line - AHEAD :] = whole[::-1, line - AHEAD :]
    return {"old": whole, "new": turned, "line": line}


def _piece(number, version):
    return {
        "number": number,
        "version": version,
        "start": number * RATE,
        "end": (number + 1) * RATE,
        "url": f"/{version}-{number}.flac",
        "shares": [1000],
        "loudness": 0.5,
    }


def _section(number, start, end, because=""):
    return {
        "number": number, "start": start, "end": end, "lines": [start, end], "tempo_bpm": 120.0,
        "key": "A min", "energy": 0.5, "because": because, "control": number,
    }  # fmt: skip


def _answer(sections, segments, **more):
    return {
        "state": "LIVE", "is_over": False, "sentence": "", "is_waiting": False, "good_for_s": 600,
        "token": "a-token", "more": "/more?token=a-token", "after": 0, "ahead": AHEAD,
        "sources": [], "sections": sections, "segments": segments,
    } | more  # fmt: skip


@pytest.fixture
def served(sounds, takes):
    """The seconds of both takes, and the first answer: all of the old one."""
    for version, take in ((0, "old"), (1, "new")):
        for number in range(SECONDS):
            sound = takes[take][:, number * RATE : (number + 1) * RATE]
            sounds.put(f"/{version}-{number}.flac", "audio/flac", flac(sound))
    first = _answer([_section(0, 0, 100 * RATE)], [_piece(n, 0) for n in range(SECONDS)])
    sounds.put("/play", "application/json", json.dumps(first).encode())
    sounds.held["/more"] = threading.Event()
    yield sounds
    sounds.held["/more"].set()


def _changed(takes):
    """What the list is told of the change: a section from the line on, and its seconds."""
    first = (takes["line"] - AHEAD) // RATE
    section = _section(1, takes["line"], 100 * RATE, "steered")
    return _answer([section], [_piece(n, 1) for n in range(first, SECONDS)])


PROGRAM = """
import { LiveEngine } from "player/live_engine.js";
import { LiveList } from "player/live_list.js";
window.play = async ([deeds, length]) => {
  const context = new OfflineAudioContext(2, length + 48000, 48000);
  const list = new LiveList("/play", "csrf");
  await list.open();
  const engine = new LiveEngine(context, list);
  const swaps = [];
  engine.addEventListener("swapped", (event) => swaps.push(event.detail));
  const settle = async () => {
    do { await engine.tick(); await new Promise((go) => setTimeout(go)); } while (engine.busy);
  };
  await settle();
  const told = new Map(deeds.map(({ at, answer }) => [Math.round(at * 48000 / 128), answer]));
  const halts = new Set(told.keys());
  for (let at = 0; at < length; at += 12800) halts.add(at / 128);
  for (const frame of halts) {
    if (!frame) continue;
    context.suspend((frame * 128) / 48000).then(async () => {
      if (told.get(frame)) list.take(told.get(frame));
      await settle();
      context.resume();
    });
  }
  const heard = await context.startRendering();
  const bytes = new Uint8Array(new Float32Array(length * 2).buffer);
  const both = new Float32Array(bytes.buffer);
  both.set(heard.getChannelData(0).subarray(engine.anchor, engine.anchor + length), 0);
  both.set(heard.getChannelData(1).subarray(engine.anchor, engine.anchor + length), length);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) {
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  }
  return { heard: btoa(text), swaps, anchor: engine.anchor };
};
window.ready = true;
"""


def _played(tab, sounds, *deeds):
    """What is heard, shape (2, samples), and the swaps; each deed tells an answer at a second."""
    sounds.put("/", "text/html", page_text(PROGRAM).encode())
    tab.goto(sounds.address)
    until(tab, "window.ready")
    told = [{"at": at, "answer": answer} for at, answer in deeds]
    found = tab.evaluate("(asked) => window.play(asked)", [told, SECONDS * RATE])
    heard = np.frombuffer(base64.b64decode(found["heard"]), np.float32).reshape(2, -1)
    return heard, found["swaps"], found["anchor"]


def _is_same(heard, take) -> bool:
    """Sample for sample, to half of the last of 24 bits: the browser's clock is a float."""
    return heard.shape == take.shape and bool(np.max(np.abs(heard - take)) < 2.0**-25)


def test_seconds_are_played_as_one_sound_and_not_further_ahead_than_needed(
    served, takes, tab
) -> None:
    heard, swaps, _ = _played(tab, served)
    assert _is_same(heard, takes["old"])
    assert swaps == []
    fetched = [path for path in served.asked if ".flac" in path]
    assert fetched[:3] == [f"/0-{number}.flac?at=0" for number in range(3)]
    at = {path[:4]: int(path.partition("?at=")[2]) for path in fetched}
    assert RATE <= at["/0-4"] < 2 * RATE
    assert 2 * RATE <= at["/0-5"] < 3 * RATE


def test_a_change_that_comes_in_time_is_crossed_where_both_are_the_same(served, takes, tab) -> None:
    heard, swaps, _ = _played(tab, served, (2.3, _changed(takes)))
    assert swaps[0]["line"] == takes["line"]
    whole = swaps[0]["whole"]
    assert whole == takes["line"] - AHEAD
    assert _is_same(heard[:, : whole - FADE], takes["new"][:, : whole - FADE])
    assert _is_same(heard[:, whole:], takes["new"][:, whole:])
    assert np.max(np.abs(heard - takes["new"])) < 2.0**-20


def test_a_change_that_comes_late_is_crossed_at_the_bar_line(served, takes, tab) -> None:
    line = takes["line"]
    heard, swaps, _ = _played(tab, served, (2.95, _changed(takes)))
    assert swaps[0]["whole"] == line
    assert _is_same(heard[:, : line - FADE], takes["old"][:, : line - FADE])
    assert _is_same(heard[:, line:], takes["new"][:, line:])
    middle = line - FADE // 2
    between = (takes["old"][:, middle] + takes["new"][:, middle]) / 2
    assert np.max(np.abs(heard[:, middle] - between)) < 1e-3


def test_a_change_that_misses_its_line_is_heard_as_soon_as_it_is_there(served, takes, tab) -> None:
    heard, swaps, anchor = _played(tab, served, (3.4, _changed(takes)))
    whole, came = swaps[0]["whole"], round(3.4 * RATE) - anchor
    assert came < whole <= came + LEAD + FADE + 256
    assert _is_same(heard[:, : whole - FADE], takes["old"][:, : whole - FADE])
    assert _is_same(heard[:, whole:], takes["new"][:, whole:])


def test_seconds_that_have_not_begun_are_replaced_whole(served, takes, tab) -> None:
    heard, swaps, _ = _played(tab, served, (1.0, _changed(takes)))
    assert all(one["whole"] == one["number"] * RATE for one in swaps)
    assert _is_same(heard, takes["new"])


CLOCKED = """
import { LiveEngine } from "player/live_engine.js";
import { LiveList } from "player/live_list.js";
import { wishOf } from "player/live_steer.js";
window.wishOf = wishOf;
window.begun = [];
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when, offset) {
  window.begun.push({ first: Math.round(when * 48000), skipped: Math.round(offset * 48000) });
  return begin.call(this, when, offset);
};
window.run = async () => {
  window.list = new LiveList("/play", "csrf");
  await window.list.open();
  window.engine = new LiveEngine(new AudioContext({ sampleRate: 48000 }), window.list);
  await window.engine.play();
};
window.ready = true;
"""


def _clocked(tab, sounds) -> None:
    sounds.put("/", "text/html", page_text(CLOCKED).encode())
    tab.goto(sounds.address)
    until(tab, "window.ready")


def test_a_late_second_is_waited_for_and_nothing_is_skipped(served, tab) -> None:
    served.held["/0-1.flac"] = threading.Event()
    _clocked(tab, served)
    tab.evaluate("window.run()")
    until(tab, "window.engine.state === 'waiting' && window.engine.position === 48000")
    served.held["/0-1.flac"].set()
    until(tab, "window.begun.length >= 3")
    begun = tab.evaluate("window.begun")
    assert [one["skipped"] for one in begun] == [0] * len(begun)
    assert begun[1]["first"] > begun[0]["first"] + RATE
    assert begun[2]["first"] >= begun[1]["first"] + RATE


def test_a_second_whose_leave_ran_out_is_fetched_under_its_new_address(served, tab) -> None:
    gone = served.files.pop("/0-1.flac")
    renewed = _piece(1, 0) | {"url": "/renewed.flac"}
    rest = [renewed, *(_piece(number, 0) for number in range(2, SECONDS))]
    served.put("/renewed.flac", *gone)
    served.put("/more", "application/json", json.dumps(_answer([], rest)).encode())
    _clocked(tab, served)
    tab.evaluate("window.run()")
    until(tab, "window.list.pieces.get(1) === undefined")
    served.held["/more"].set()
    until(tab, "window.begun.length >= 3")
    assert sum(path.startswith("/renewed.flac") for path in served.asked) == 1


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ({"target": "energy", "step": "0.2"}, {"energy": 0.9}),
        ({"target": "brightness", "step": "0.2"}, {"brightness": 1}),
        ({"target": "density", "step": "-0.2"}, None),
        ({"target": "tempo_bpm", "ratio": "1.06"}, {"tempo_bpm": 106}),
        ({"target": "key", "along": "1"}, {"key": "A# min"}),
        ({"target": "key", "along": "-1"}, None),
        ({"target": "vocals", "set": "no"}, {"vocals": False}),
        ({"target": "vocals", "set": "yes"}, None),
    ],
)
def test_a_key_is_a_step_from_the_wishes_that_hold_and_none_at_their_end(
    sounds, tab, key, wish
) -> None:
    _clocked(tab, sounds)
    targets = {"energy": 0.7, "brightness": 0.95, "density": 0, "tempo_bpm": None, "vocals": True}
    targets["key"] = None
    section = {"tempo_bpm": 100, "key": "A min", "keys": ["A min", "A# min"]}
    asked = [key, targets, section]
    assert tab.evaluate("([key, now, one]) => window.wishOf(key, now, one)", asked) == wish
