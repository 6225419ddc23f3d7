"""One call to the stand-in, from method, path and form to status and JSON.

It knows the addresses, the form encoding, idempotency and the faults that a test asks for; what a
call does stands in books.py. Invariant: a key that was used once gives its first answer again,
whatever that was (Stripe keeps also its 5xx), or 400 for other parameters.
"""

import copy
import pickle
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from portal.demo.standin import billing_calls, shapes
from portal.demo.standin.billing import Billing, expanded
from portal.demo.standin.books import Books, Declined, rows_of
from portal.demo.standin.shapes import Json

FAULTS = ("rate_limited", "broken_before", "broken_after", "silent_before", "silent_after")
"""429; 500 without and with the deed done; no answer without and with the deed done."""


class NoAnswer(Exception):
    """The connection ends here without a word."""


@dataclass(frozen=True, slots=True)
class Call:
    """What came in. `owner` is the Stripe-Account header, "" for the platform."""

    method: str
    path: str
    given: Json
    owner: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out; `replayed` when the key was known."""

    status: int
    body: Json
    replayed: bool = False


@dataclass
class Switchboard:
    """Answers calls one at a time; `address` is where its own pages are.

    Whoever changes books or billing while calls may come holds `turn`.
    """

    books: Books
    billing: Billing
    address: str = ""
    made: list[Call] = field(default_factory=list)
    links: dict[str, Json] = field(default_factory=dict)
    turn: threading.RLock = field(default_factory=threading.RLock)
    _faults: list[tuple[str, str]] = field(default_factory=list)
    _kept: dict[tuple[str, str], tuple[Call, Answer]] = field(default_factory=dict)

    def fail_next(self, fault: str, path: str) -> None:
        """Let the next POST whose path begins like this go wrong, in one of FAULTS."""
        if fault not in FAULTS:
            raise ValueError(f"unknown fault: {fault}")
        self._faults.append((fault, path))

    def forget_keys(self) -> None:
        """A day passes: idempotency keys are pruned."""
        self._kept.clear()

    def state(self) -> bytes:
        """Everything that was agreed so far, for `take_up`."""
        with self.turn:
            return pickle.dumps((self.books, self.billing, self.links, self._kept))

    def take_up(self, state: bytes) -> None:
        """Go on where another board was, by the clock and under the address of this one.

        Only for what `state` wrote on this machine: a pickle does whatever its writer says.
        """
        with self.turn:
            clock = self.books.clock
            self.books, self.billing, self.links, self._kept = pickle.loads(state)
            self.books.clock, self.billing.address = clock, self.address

    def answer(self, call: Call) -> Answer:
        """The answer to a call; raises NoAnswer where a fault says so."""
        with self.turn:
            self.made.append(call)
            if call.method == "GET":
                return self._do(call)
            kept = self._kept.get((call.owner, call.key)) if call.key else None
            if kept is not None:
                return self._again(call, *kept)
            return self._first(call)

    def _first(self, call: Call) -> Answer:
        fault = self._fault(call.path)
        if fault == "rate_limited":
            return Answer(429, shapes.error("rate_limit_error", "rate_limit", "Too many requests"))
        if fault == "silent_before":
            raise NoAnswer
        done = Answer(500, shapes.error("api_error", None, "An unknown error occurred"))
        if fault != "broken_before":
            real = self._do(call)
            done = done if fault == "broken_after" else real
        if call.key:
            self._kept[call.owner, call.key] = (call, done)
        if fault == "silent_after":
            raise NoAnswer
        return done

    def _again(self, call: Call, first: Call, answer: Answer) -> Answer:
        if first != call:
            message = "Keys for idempotent requests can only be used with the same parameters"
            return Answer(400, shapes.error("idempotency_error", None, message))
        return Answer(answer.status, answer.body, replayed=True)

    def _fault(self, path: str) -> str:
        for waiting in self._faults:
            if path.startswith(waiting[1]):
                self._faults.remove(waiting)
                return waiting[0]
        return ""

    def _do(self, call: Call) -> Answer:
        try:
            for method, pattern, deed in DEEDS:
                found = re.fullmatch(pattern, call.path)
                if method == call.method and found:
                    return Answer(200, copy.deepcopy(deed(self, call, *found.groups())))
            for method, pattern, deed in billing_calls.DEEDS:
                found = re.fullmatch(pattern, call.path)
                if method == call.method and found:
                    return Answer(200, self._billed(deed, call, found.groups()))
            raise Declined(404, None, f"Unrecognized request URL ({call.method}: {call.path})")
        except Declined as declined:
            told = shapes.error("invalid_request_error", declined.code, str(declined))
            return Answer(declined.status, told)
        except KeyError as missing:
            message = f"Missing required param: {missing.args[0]}."
            return Answer(400, shapes.error("invalid_request_error", "parameter_missing", message))

    def _billed(self, deed: billing_calls.Deed, call: Call, ids: tuple[str, ...]) -> Json:
        made = copy.deepcopy(deed(self.billing, call.given, *ids))
        return expanded(self.billing, made, list(call.given.get("expand", {}).values()))

    def _link(self, call: Call) -> Json:
        account = self.books.account(call.given["account"])
        token = f"{account['id']}/{len(self.links) + 1}"
        self.links[token] = dict(call.given)
        url = f"{self.address}/onboarding/{token}"
        return shapes.account_link(url, int(self.books.clock()))

    def _list(self, call: Call) -> Json:
        rows = [row for row in rows_of(self.books, call.path, call.owner) if _fits(row, call.given)]
        after = call.given.get("starting_after")
        if after:
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(after) + 1 :]
        limit = int(call.given.get("limit", 10))
        return shapes.page(rows[:limit], call.path, has_more=len(rows) > limit)


Deed = Callable[..., Json]
DEEDS: tuple[tuple[str, str, Deed], ...] = (
    ("POST", r"/v1/accounts", lambda board, call: board.books.open_account(call.given)),
    ("GET", r"/v1/accounts/(\w+)", lambda board, call, id: board.books.account(id)),
    ("POST", r"/v1/account_links", lambda board, call: board._link(call)),
    ("GET", r"/v1/balance", lambda board, call: board.books.balance(call.owner)),
    ("POST", r"/v1/transfers", lambda board, call: board.books.send_transfer(call.given)),
    ("GET", r"/v1/transfers/(\w+)", lambda board, call, id: board.books.transfer(id)),
    (
        "POST",
        r"/v1/transfers/(\w+)/reversals",
        lambda board, call, id: board.books.reverse_transfer(id, call.given),
    ),
    ("POST", r"/v1/payouts", lambda board, call: board.books.send_payout(call.owner, call.given)),
    ("GET", r"/v1/payouts/(\w+)", lambda board, call, id: board.books.payout(call.owner, id)),
    (
        "GET",
        r"/v1/(?:transfers|payouts|balance_transactions|events)",
        lambda board, call: board._list(call),
    ),
)


def _fits(row: Json, given: Json) -> bool:
    created = given.get("created", {})
    if int(created.get("gte", 0)) > row["created"]:
        return False
    if "lt" in created and row["created"] >= int(created["lt"]):
        return False
    wanted = ("transfer_group", "destination", "source")
    return all(row.get(name) == given[name] for name in wanted if name in given)


def read_form(text: str) -> Json:
    """A form with a[b][c]=d as nested JSON; amounts become ints."""
    read: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *more = re.findall(r"[^\[\]]+", name)
        place: Json = read
        for part in more:
            place, first = place.setdefault(first, {}), part
        place[first] = _number(value) if first == "amount" else value
    return read


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        raise Declined(400, "parameter_invalid_integer", f"Invalid integer: {text}") from None
