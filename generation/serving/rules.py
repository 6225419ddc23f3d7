"""Which checkpoint of a net serves a key, by shares in per mille: pure answers on plain values.

A route lays its checkpoints over a thousand places in a row; a key has one place for ever, by its
hash. It refuses to know nets, rows and files. Invariant: a share of 5 % gets the keys of 50 places,
and a change of shares moves no more places than it must: a canary that grows takes keys and gives
none away.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WHOLE = 1_000


class RoutingRefused(ValueError):
    """The nets cannot be routed so; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Span:
    """Neighboring places that one checkpoint serves; `places`: how many of the thousand."""

    digest: str
    places: int


Route = tuple[Span, ...]


def place_of(key: str) -> int:
    """The place of a key, 0 to 999: the first 64 bits of its SHA-256, modulo a thousand."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % WHOLE


def choose(route: Sequence[Span], key: str) -> str:
    """The digest of the checkpoint that serves `key`. The spans of `route` fill all places."""
    place = place_of(key)
    for span in route:
        place -= span.places
        if place < 0:
            return span.digest
    raise ValueError("A route fills a thousand places.")


def shares_of(route: Sequence[Span]) -> dict[str, int]:
    """Per mille of each checkpoint, in the order in which they first appear."""
    shares: dict[str, int] = {}
    for span in route:
        shares[span.digest] = shares.get(span.digest, 0) + span.places
    return shares


def rerouted(route: Sequence[Span], shares: Mapping[str, int]) -> Route:
    """`shares` laid over the places so that as few as possible change hands.

    Each checkpoint keeps what it had, from the front, up to its new share; what becomes free goes
    to those that grow, in the order of `shares`. Raises RoutingRefused where the shares are none.
    """
    check_shares(shares)
    left = dict(shares)
    laid: list[tuple[str | None, int]] = []
    for span in route:
        kept = min(span.places, left.get(span.digest, 0))
        if kept:
            left[span.digest] -= kept
        laid += [(span.digest, kept), (None, span.places - kept)]
    if not route:
        laid = [(None, WHOLE)]
    return _merged(_filled(laid, left))


def check_shares(shares: Mapping[str, int]) -> None:
    """Raises RoutingRefused unless the shares are whole, not negative, and a thousand together."""
    if any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in shares.values()):
        raise RoutingRefused("A share is a whole number of per mille, never negative.")
    total = sum(shares.values())
    if total != WHOLE:
        raise RoutingRefused(f"The shares add up to {total / 10:g} %, not to 100 %.")


def _filled(laid: Sequence[tuple[str | None, int]], left: dict[str, int]) -> list[Span]:
    """The free places of `laid` (digest None) given to those that have something `left`."""
    waiting = [Span(digest, count) for digest, count in left.items() if count]
    filled = []
    for digest, count in laid:
        if digest is not None:
            filled.append(Span(digest, count))
            continue
        while count:
            first = waiting[0]
            taken = min(count, first.places)
            filled.append(Span(first.digest, taken))
            count -= taken
            rest = first.places - taken
            waiting[:1] = [Span(first.digest, rest)] if rest else []
    return filled


def _merged(spans: Sequence[Span]) -> Route:
    """Empty spans left out, neighbors of one checkpoint made one."""
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].digest == span.digest:
            merged[-1] = Span(span.digest, merged[-1].places + span.places)
        elif span.places:
            merged.append(span)
    return tuple(merged)
