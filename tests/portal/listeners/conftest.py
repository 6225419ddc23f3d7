"""A small server that hands the player's modules and some sound to a real browser.

The page it serves has the product's content policy, so a module that would break it fails here.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.utils import timezone

PLAYER = Path(__file__).resolve().parents[3] / "portal" / "static" / "player"
NAMES = tuple(sorted(path.stem for path in PLAYER.glob("*.js")))
_POLICY = "default-src 'none'; script-src 'nonce-n' 'strict-dynamic'; connect-src 'self'"


def page_text(program: str) -> str:
    """A page that imports the modules by their bare names and runs `program`."""
    imports = {f"player/{name}.js": f"/player/{name}.js" for name in NAMES}
    return (
        "<!doctype html><title>player</title>"
        f'<script type="importmap" nonce="n">{json.dumps({"imports": imports})}</script>'
        f'<script type="module" nonce="n">{program}</script>'
    )


class SoundServer:
    """Serves files by path and records what was posted; `held` paths answer when released."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.held: dict[str, threading.Event] = {}
        self.posted: list[str] = []
        self.asked: list[str] = []
        handler = partial(_Handler, self)
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def put(self, path: str, kind: str, body: bytes) -> None:
        self.files[path] = (kind, body)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, sounds: SoundServer, *more: object) -> None:
        self.sounds = sounds
        super().__init__(*more)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.sounds.asked.append(self.path)
        if path in self.sounds.held:
            self.sounds.held[path].wait(10)
        kind, body = self.sounds.files.get(path, ("text/plain", b""))
        self.send_response(200 if path in self.sounds.files else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if kind == "text/html":
            self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.sounds.posted.append(self.rfile.read(size).decode())
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def sounds() -> Iterator[SoundServer]:
    server = SoundServer()
    for path in PLAYER.glob("*.js"):
        server.put(f"/player/{path.name}", "text/javascript", path.read_bytes())
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def listener(make_user, client):
    """Somebody in Germany who is logged in."""
    user = make_user("Lea")
    user.country = "DE"
    user.save()
    client.force_login(user)
    return user


@pytest.fixture
def lea(committed_db):
    """A listener in Germany, for pages that a real browser asks for."""
    from portal.accounts.models import User

    user = User.objects.create_user("lea@example.org", None, display_name="Lea", country="DE")
    user.confirmed_16_at = timezone.now()
    user.save()
    return user
