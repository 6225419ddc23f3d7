"""From a listener's request to the first playable segment, over HTTP, on the warm demo.

Starts a demo of its own in a temporary folder and on a free port, seeds it, asks as a listener
asks, and stops it: first idle, then while a 180 s render runs. Medians of wall time. `--json`
prints the figures for machines, `--check` exits 1 when a median is above 1 s, `--quick` asks three
times each; `--line melody` asks for new notes by nets as well.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import requests

from generation.compose.values import LINES
from portal.demo.parts import Parts
from portal.demo.visitor import Form, Visitor

REACH_S = 1.0
PATIENCE_S = 120.0
_PAUSE = threading.Event()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask_form(visitor: Visitor, recording: str) -> tuple[str, Form]:
    """The page of a recording and the form on it that asks for a variation."""
    url, forms = visitor.forms(f"/listen/recordings/{recording}/")
    return url, next(form for form in forms if "length" in form.offered and form.method == "post")


def send_form(visitor: Visitor, page: str, form: Form, **values: str) -> str:
    """Send the form as a browser does; the address of the variation's page."""
    sent = [(name, value) for name, value in form.fields if name not in values]
    answer = visitor.session.post(
        visitor.address(form.action),
        data=[*sent, *values.items()],
        headers={"Referer": page},
        timeout=PATIENCE_S,
    )
    answer.raise_for_status()
    if "/variations/" not in answer.url:
        raise SystemExit(f"The request was not taken: {answer.url}")
    return answer.url


def opened(visitor: Visitor, variation: str) -> dict[str, Any]:
    """The play list with its first segment, waited for as the page and the player wait."""
    headers = {"X-CSRFToken": visitor.session.cookies.get("csrftoken") or "", "Referer": variation}
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        answer = visitor.session.post(f"{variation}play/", headers=headers, timeout=PATIENCE_S)
        if answer.status_code == requests.codes.ok:
            break
        waited = visitor.session.get(
            f"{variation}place/", params={"have": "COMPOSING:0"}, timeout=PATIENCE_S
        )
        waited.raise_for_status()
    found: dict[str, Any] = answer.json()
    while not found["segments"] and time.monotonic() < until:
        more = visitor.session.get(
            visitor.address(found["more"]), params={"after": 0}, timeout=PATIENCE_S
        )
        more.raise_for_status()
        found = more.json()
    if not found["segments"]:
        raise SystemExit("No segment came in time.")
    return found


def first_audio(visitor: Visitor, recording: str, seed: int, line: str) -> float:
    """Seconds from sending the form to holding the first segment; then the rest is cancelled."""
    page, form = ask_form(visitor, recording)
    begun = time.perf_counter()
    variation = send_form(visitor, page, form, length="60", seed=str(seed), line=line)
    found = opened(visitor, variation)
    segment = visitor.get(found["segments"][0]["url"])
    took = time.perf_counter() - begun
    if not segment.content.startswith(b"fLaC"):
        raise SystemExit("What came first is no FLAC segment.")
    cancel(visitor, variation)
    return took


def cancel(visitor: Visitor, variation: str) -> None:
    """Stop what is left of it, so that the next request meets an idle house."""
    headers = {"X-CSRFToken": visitor.session.cookies.get("csrftoken") or "", "Referer": variation}
    visitor.session.post(f"{variation}cancel/", headers=headers, timeout=PATIENCE_S)
    _PAUSE.wait(1.5)


def with_demo(work: Callable[[Parts, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Run `work` on a seeded demo of this benchmark's own."""
    with tempfile.TemporaryDirectory(prefix="first-audio-") as folder:
        for name in ("DATABASE_URL", "BROKER_URL"):
            os.environ.pop(name, None)
        parts = Parts(ROOT, Path(folder), free_port())
        try:
            parts.start_servers()
            parts.start_workers()
            parts.start_web()
            parts.manage("seed_demo")
            return work(parts, json.loads((Path(folder) / "demo.json").read_text()))
        finally:
            parts.stop()


def measure(parts: Parts, seeded: dict[str, Any], times: int, line: str) -> dict[str, Any]:
    """Both medians, with every single reading beside them."""
    person = next(one for one in seeded["people"] if one["role"] == "listener")
    visitor = Visitor(parts.base_url)
    visitor.log_in(person["email"], person["password"])
    recording = seeded["recording"]
    first_audio(visitor, recording, 1, line)
    idle = [first_audio(visitor, recording, 10 + n, line) for n in range(times)]
    busy = []
    for n in range(times):
        page, form = ask_form(visitor, recording)
        long = send_form(visitor, page, form, length="180", seed=str(100 + n))
        opened(visitor, long)
        busy.append(first_audio(visitor, recording, 200 + n, line))
        cancel(visitor, long)
    return {
        "idle_median_s": round(statistics.median(idle), 3),
        "busy_median_s": round(statistics.median(busy), 3),
        "idle_s": [round(one, 3) for one in idle],
        "busy_s": [round(one, 3) for one in busy],
        "reach_s": REACH_S,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--line", choices=LINES, default="none")
    options = parser.parse_args()
    # What was started is stopped also when somebody stops this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # A listener may ask 20 times a minute; 6 alone and 6 beside a render each are 18.
    times = 3 if options.quick else 6
    try:
        figures = with_demo(lambda parts, seeded: measure(parts, seeded, times, options.line))
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from error
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(f"idle              {figures['idle_median_s']:.3f} s  {figures['idle_s']}")
        print(f"beside a render   {figures['busy_median_s']:.3f} s  {figures['busy_s']}")
        print(f"to reach          {REACH_S:.3f} s")
    missed = max(figures["idle_median_s"], figures["busy_median_s"]) > REACH_S
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
