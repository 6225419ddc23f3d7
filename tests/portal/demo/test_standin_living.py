"""The demo's stand-in lives by itself: it rings until it is heard, and remembers over a restart."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from portal.demo.standin.calls import Call
from portal.demo.standin.living import Life
from portal.demo.standin.server import StandIn

JANUARY = 1_767_700_000
A_MONTH = 32 * 86_400


class Ear(BaseHTTPRequestHandler):
    """Takes events, or not, as the server's `answers` says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers
        if status == 200:
            self.server.heard.append(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def ear():
    server = HTTPServer(("127.0.0.1", 0), Ear)
    server.answers, server.heard = 200, []
    server.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def living(ear, keep, at=JANUARY):
    with StandIn(clock=lambda: at) as standin:
        yield Life(standin, ear.address, keep)


def subscribe(life):
    customer = life.standin.billing.open_customer({})
    return life.standin.billing.subscribe(customer["id"], (999, "eur"), {})


def kinds(ear):
    return [body.split(b'"type": "')[-1].split(b'"')[0].decode() for body in ear.heard]


def test_every_event_rings_once_and_in_order(ear, tmp_path):
    with living(ear, tmp_path / "kept") as life:
        subscribe(life)
        life.pass_by()
        life.pass_by()
        assert kinds(ear) == [one["type"] for one in life.standin.books.events]


def test_what_is_not_taken_rings_again_and_nothing_overtakes_it(ear, tmp_path):
    with living(ear, tmp_path / "kept") as life:
        subscribe(life)
        ear.answers = 500
        life.pass_by()
        assert ear.heard == []
        ear.answers = 200
        life.pass_by()
        assert kinds(ear)[0] == "customer.subscription.created"


def test_a_second_process_goes_on_where_the_first_was(ear, tmp_path):
    with living(ear, tmp_path / "kept") as life:
        made = subscribe(life)
        life.pass_by()
        before = len(ear.heard)
    with living(ear, tmp_path / "kept", at=JANUARY + A_MONTH) as life:
        life.pass_by()
        paid = [one for one in life.standin.billing.all_of("invoice") if one["status"] == "paid"]
        assert len(paid) == 2
        assert life.standin.billing.get("subscription", made["id"])["status"] == "active"
        assert "customer.subscription.created" not in kinds(ear)[before:]


def test_a_payout_to_a_bank_arrives(ear, tmp_path):
    with living(ear, tmp_path / "kept") as life:
        books = life.standin.books
        account = books.open_account({})
        books.answer_questions(account["id"])
        books.fund(500)
        asked = {"amount": 500, "currency": "eur", "destination": account["id"]}
        books.send_transfer(asked)
        payout = books.send_payout(account["id"], {"amount": 500, "currency": "eur"})
        life.pass_by()
        assert books.payout(account["id"], payout["id"])["status"] == "paid"
        assert kinds(ear)[-1] == "payout.paid"


def test_answers_to_repeated_calls_outlive_a_restart(ear, tmp_path):
    call = Call("POST", "/v1/accounts", {"country": "DE"}, key="once")
    with living(ear, tmp_path / "kept") as life:
        first = life.standin.board.answer(call)
        life.pass_by()
    with living(ear, tmp_path / "kept") as life:
        again = life.standin.board.answer(call)
        assert again.replayed
        assert again.body == first.body
