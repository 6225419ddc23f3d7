"""The stand-in as a server: HTTP on the loopback address, signed webhooks, its own pages.

Started and stopped by whoever uses it. It signs as Stripe documents it (v1, HMAC-SHA-256 over
"timestamp.body"). Webhooks go out when and in whatever order the caller says; `living` lets them go
by themselves.
"""

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from portal.demo.standin import pages
from portal.demo.standin.billing import Billing
from portal.demo.standin.books import Books, Declined
from portal.demo.standin.calls import Answer, Call, NoAnswer, Switchboard, read_form
from portal.demo.standin.shapes import Json


def sign(body: bytes, secret: str, at: int) -> str:
    """The Stripe-Signature header of a body."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={made.hexdigest()}"


class StandIn:
    """A running stand-in: `board` holds its state, answers and takes faults.

    Leaving the block stops it. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        *,
        secret: str = "whsec_standin",
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.secret = secret
        books = Books(clock)
        self.board = Switchboard(books, Billing(books))
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.board = self.board
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.board.address = self.board.billing.address = self.address
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> "StandIn":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def books(self) -> Books:
        """Accounts, balances, transfers, payouts, events."""
        return self.board.books

    @property
    def billing(self) -> Billing:
        """Customers, subscriptions, invoices."""
        return self.board.billing

    def signed(self, event: Json, *, at: int | None = None) -> tuple[bytes, str]:
        """An event as it goes over the wire: (body, Stripe-Signature)."""
        body = json.dumps(event).encode()
        return body, sign(body, self.secret, int(self.books.clock()) if at is None else at)

    def deliver(self, url: str, events: Iterable[Json]) -> list[int]:
        """Send these events to `url`, in this order, repeats and all; the statuses answered."""
        return [self._post(url, *self.signed(event)) for event in events]

    def _post(self, url: str, body: bytes, signature: str) -> int:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


class _Server(ThreadingHTTPServer):
    """Threads, so that a call may come while another hangs."""

    daemon_threads = True
    board: Switchboard


class _Handler(BaseHTTPRequestHandler):
    """HTTP around the switchboard."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet; each alone waits for the client's leave
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        page = pages.shown(self.server.board, parts.path)
        if page is not None:
            self._send(page[0], "text/html; charset=utf-8", page[1], {})
            return
        self._answer("GET", parts.path, parts.query)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.path.startswith("/v1/"):
            self._press(text)
            return
        self._answer("POST", self.path, text)

    def do_DELETE(self) -> None:
        self._answer("DELETE", self.path, "")

    def _answer(self, method: str, path: str, form: str) -> None:
        try:
            if not self.headers.get("Authorization", "").startswith("Bearer sk_"):
                raise Declined(401, None, "You did not provide an API key.")
            owner = self.headers.get("Stripe-Account", "")
            key = self.headers.get("Idempotency-Key", "")
            answer = self.server.board.answer(Call(method, path, read_form(form), owner, key))
        except NoAnswer:
            self.close_connection = True
            return
        except Declined as declined:
            body = {"error": {"type": "invalid_request_error", "message": str(declined)}}
            answer = Answer(declined.status, body)
        more = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        self._send(answer.status, "application/json", json.dumps(answer.body), more)

    def _press(self, text: str) -> None:
        with self.server.board.turn:
            leads_to = pages.pressed(self.server.board, self.path, dict(parse_qsl(text)))
        if leads_to is None:
            self._send(pages.GONE[0], "text/plain", pages.GONE[1], {})
            return
        self._send(303, "text/plain", "", {"Location": leads_to})

    def _send(self, status: int, kind: str, text: str, more: dict[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: whoever uses the stand-in sees its calls in `board.made`."""
