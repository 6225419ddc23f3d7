"""A player of live sessions without a loudspeaker: real HTTP, a real clock, no decoding.

It keeps a few seconds ahead of a playhead that moves with wall time, as the page's player does, and
writes down when every second of sound was in its hands.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from benchmarks.live_stages import Moments
from generation.compose.stream import first_changed

RATE = 48_000
PATIENCE_S = 60.0
PREROLL_S = 0.25


@dataclass
class Held:
    """A second in the player's hands: its version, and the moment it came."""

    version: int
    came_at: float
    late_s: float


@dataclass
class LivePlayer:
    """One session of one listener. `session`: a logged-in requests session; `ahead_s`: the sound it
    keeps in hand.
    """

    base_url: str
    session: requests.Session
    ahead_s: float = 3.0
    token: str = ""
    more: str = ""
    steer_at: str = ""
    end_at: str = ""
    have: int = -1
    after: int = 0
    unbroken: int = 0
    sections: dict[int, dict[str, Any]] = field(default_factory=dict)
    listed: dict[int, dict[str, Any]] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    began_at: float = 0.0
    sources: int = 0
    is_over: bool = False

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "X-CSRFToken": self.session.cookies.get("csrftoken") or "",
            "Referer": self.base_url,
        }
        answer = self.session.post(
            self.base_url + path, json=body, headers=headers, timeout=PATIENCE_S
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def start(self, mode: str, wishes: dict[str, Any], **more: Any) -> Moments:
        """From "start" to holding the first second of FLAC."""
        pressed = time.time()
        told = self.post("/listen/live/start/", {"mode": mode, "wishes": wishes} | more)
        asked = time.time()
        self.steer_at, self.end_at = told["steer"], told["end"]
        coming: dict[str, Any] | None = None
        while not self.token:
            answer = self.post(told["play"], {})
            self.take(answer)
            coming = answer.get("coming")
        led = time.time()
        self._first(coming)
        self.began_at = time.perf_counter() + PREROLL_S
        return Moments(told["id"], pressed, asked, led, time.time())

    def _first(self, coming: dict[str, Any] | None) -> None:
        """Take the first second: the one that is coming, or where it did not come the listed."""
        if coming is not None:
            self.listed[coming["number"]] = coming
            self.fetch(coming["number"])
            # The list names it anew, with who sounds in it.
            self.listed.pop(coming["number"], None)
        while 0 not in self.held:
            while not self.listed:
                self.follow()
            self.fetch(0)

    def take(self, answer: dict[str, Any]) -> None:
        """Learn what an answer lists."""
        self.token = answer["token"] or self.token
        self.more = answer.get("more", self.more)
        self.is_over = answer["is_over"]
        for section in answer.get("sections", ()):
            self.sections[section["number"]] = section
            self.have = max(self.have, section["number"])
            stale = first_changed(section["start"])
            for number in [n for n in self.listed if n >= stale]:
                if self.listed[number]["version"] < section["number"]:
                    del self.listed[number]
                    self.after = min(self.after, number)
        for one in answer.get("segments", ()):
            self.listed[one["number"]] = one
        while self.after in self.listed:
            self.after += 1
        self.sources = len(answer.get("sources", ()))

    def follow(self) -> None:
        """Ask for news and wait for them."""
        answer = self.session.get(
            f"{self.base_url}{self.more}&after={self.after}&have={max(0, self.have)}",
            timeout=PATIENCE_S,
        )
        answer.raise_for_status()
        self.take(answer.json())

    def position(self) -> float:
        """The second of the session that sounds now; where one is missing, it is waited for."""
        if not self.began_at:
            return 0.0
        while self.unbroken in self.held:
            self.unbroken += 1
        return min(max(0.0, time.perf_counter() - self.began_at), float(self.unbroken))

    def fetch(self, number: int) -> None:
        """Take one second, in the version that is listed."""
        one = self.listed[number]
        at = round(self.position() * RATE)
        answer = self.session.get(f"{self.base_url}{one['url']}?at={at}", timeout=PATIENCE_S)
        if answer.status_code == requests.codes.not_found:
            del self.listed[number]
            self.after = min(self.after, number)
            return
        answer.raise_for_status()
        if not answer.content.startswith(b"fLaC"):
            raise SystemExit("What came is no FLAC.")
        now = time.perf_counter()
        late = now - (self.began_at + number) if self.began_at else 0.0
        if late > 0.0 and number == self.unbroken:
            self.began_at += late
        self.held[number] = Held(one["version"], now, late)

    def wanted(self) -> list[int]:
        """The seconds to fetch now, the soonest first."""
        first = int(self.position())
        last = int(self.position() + self.ahead_s)
        return [
            number
            for number in range(first, last + 1)
            if number in self.listed
            and (
                number not in self.held
                or self.held[number].version != self.listed[number]["version"]
            )
        ]

    def play_until(self, second: float, pause: threading.Event) -> None:
        """Go on as a player does until `second` of the session sounds."""
        while self.position() < second and not self.is_over:
            for number in self.wanted():
                self.fetch(number)
            if self.after - 1 < self.position() + self.ahead_s + 1:
                self.follow()
            else:
                pause.wait(0.05)

    def steer(self, wishes: dict[str, Any]) -> tuple[float, float]:
        """Change wishes: (seconds until the change is heard, seconds of its bar)."""
        before, at = self.have, self.position()
        pressed = time.perf_counter()
        self.post(self.steer_at, {"wishes": wishes, "at": round(at * RATE)})
        while not any(one["because"] for n, one in self.sections.items() if n > before):
            self.follow()
        new = next(one for n, one in sorted(self.sections.items()) if n > before and one["because"])
        line = new["start"]
        needed = line // RATE
        while needed not in self.held or self.held[needed].version < new["number"]:
            while needed not in self.listed:
                self.follow()
            self.fetch(needed)
        reached = self.began_at + line / RATE
        heard = max(reached, self.held[needed].came_at)
        return heard - pressed, (new["lines"][1] - new["lines"][0]) / RATE

    def end(self) -> None:
        self.post(self.end_at, {})

    def late(self) -> list[float]:
        """How late the seconds came that came late; the first are the preroll's."""
        return [one.late_s for number, one in self.held.items() if number and one.late_s > 0]
