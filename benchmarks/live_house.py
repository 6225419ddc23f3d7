"""A demo for measuring live sessions: seeded, with listeners who pay, stopped at the end.

It knows no figures. A crowd is asked of sessions of four stems and the demo's pieces have five and
six, so a third one can be added: the second without its voice.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import soundfile

from benchmarks.first_audio import free_port
from benchmarks.live_player import LivePlayer
from benchmarks.processes import tree_of
from portal.demo.parts import Parts
from portal.demo.song import harbour
from portal.demo.song.canvas import RATE

ROOT = Path(__file__).resolve().parent.parent
QUARTET = "Quartet"

LISTENERS = """
import json
from datetime import timedelta
from django.conf import settings
from django.test import Client
from django.utils import timezone
from licensing.receipts.operations import record_receipt
from portal.accounts.models import User
now, keys = timezone.now(), []
for number in range({count}):
    email = f"crowd{{number}}@example.org"
    user = User.objects.filter(email=email).first() or User.objects.create_user(
        email=email, password=None, country="DE", confirmed_16_at=now
    )
    record_receipt(
        key=f"crowd {{number}} {{now}}", kind="SUBSCRIPTION", payer=("user", str(user.pk)),
        amount_micros=9_990_000, currency="EUR", tax_micros=1_595_042,
        covers_from=now - timedelta(days=1), covers_until=now + timedelta(days=1), now=now,
    )
    client = Client()
    client.force_login(user)
    keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
with open({target!r}, "w") as file:
    json.dump({{"keys": keys, "cookie": settings.SESSION_COOKIE_NAME}}, file)
"""


RESTS = """
import threading
from django.utils import timezone
from generation.work.models import Job
pause = threading.Event()
for _ in range(600):
    waiting = Job.objects.filter(state="WAITING", due_at__lte=timezone.now())
    if not (waiting.exists() or Job.objects.filter(state="RUNNING").exists()):
        break
    pause.wait(0.2)
else:
    raise SystemExit("The workers were still at work after two minutes.")
"""


@dataclass
class House:
    """A seeded demo of this benchmark's own."""

    parts: Parts
    seeded: dict[str, Any]
    listeners: list[requests.Session]

    def player(self, number: int) -> LivePlayer:
        """The player of listener `number`."""
        return LivePlayer(self.parts.base_url, self.listeners[number])

    def tree(self, name: str) -> list[int]:
        """The processes of one part: "web", "worker1", "worker2", "sweeper"."""
        part = next(one for one in self.parts.supervisor.children if one.name == name)
        assert part.process is not None
        return tree_of(part.process.pid)

    def rest(self) -> None:
        """Return when the workers have nothing to do; files of a render are sealed long after it
        was heard.
        """
        self.parts.manage("shell", "-v", "0", "-c", RESTS)

    def add_quartet(self) -> None:
        """Beside the demo's pieces the one of four stems, under the title QUARTET."""
        stems = write_quartet(self.parts.var / QUARTET.lower())
        self.parts.manage("seed_demo", "--stems", str(stems))
        self.seeded = _seeded(self.parts)


def _seeded(parts: Parts) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((parts.var / "demo.json").read_text())
    return told


def listeners(parts: Parts, folder: Path, count: int) -> list[requests.Session]:
    """People who pay and are logged in; people log in by a form, which is not measured here."""
    target = folder / "crowd.json"
    code = LISTENERS.format(count=count, target=str(target))
    parts.manage("shell", "-v", "0", "-c", code)
    told = json.loads(target.read_text())
    found = []
    for key in told["keys"]:
        session = requests.Session()
        session.cookies.set(told["cookie"], key)
        page = session.get(f"{parts.base_url}/listen/live/", timeout=30)
        page.raise_for_status()
        if "data-live-start" not in page.text:
            raise SystemExit(f"Nobody is logged in: {page.url}")
        found.append(session)
    return found


def write_quartet(folder: Path) -> Path:
    """Four stems of the demo's second piece as files, a little softer than they are there."""
    if folder.exists():
        return folder
    folder.mkdir(parents=True)
    for name in ("percussion", "bass", "guitar", "strings"):
        sound = 0.9 * harbour.STEMS[name]()
        soundfile.write(folder / f"{name}.flac", sound.T, RATE, subtype="PCM_24", format="FLAC")
    return folder


@contextmanager
def demo(count: int, kept: Path | None = None) -> Iterator[House]:
    """A demo with `count` listeners for as long as the block runs; `kept`: a folder for the next
    time, in place of one that goes.
    """
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        var = Path(folder) if kept is None else kept
        parts = Parts(ROOT, var, free_port())
        try:
            parts.start_servers()
            parts.start_workers()
            parts.start_web()
            parts.manage("seed_demo")
            yield House(parts, _seeded(parts), listeners(parts, var, count))
        finally:
            parts.stop()
