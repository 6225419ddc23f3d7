"""The desk's page of nets: what serves, on which cards it rests, how long stages take, what waits.

It gathers and shows; the two deeds that it leads to stand in net_deeds. Staff see it; the deeds
are for those who may route nets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from generation.nets.cards import Card
from generation.serving.consents import fallen_nets
from generation.serving.models import NetRoute
from generation.serving.queries import (
    Latency,
    has_route,
    list_routes,
    route_of,
    route_without_rows,
    stage_latencies,
    worker_loads,
)
from generation.serving.released import NETS, list_released
from generation.serving.rules import Route, shares_of
from generation.work.models import Job
from generation.work.queries import list_running, list_waiting
from generation.work.rules import Priority
from portal.accounts.models import User

MAY_ROUTE = "serving.route_nets"
SHOWN = 30
WRITES = {
    "line": "Melodies and basses over given chords.",
    "harmony": "Chords under a melody.",
    "drums": "Grooves: what is struck, how hard, how far off the grid.",
    "mix": "Settings of the console, section by section.",
}
WAITS_FOR = {
    Priority.LIVE: "live, heard within seconds",
    Priority.FIRST_PIECE: "first piece of a request",
    Priority.LIVE_AHEAD: "live, planned ahead",
    Priority.PIECE: "pieces of a request",
    Priority.SEAL: "sealing",
    Priority.PREVIEW: "previews",
    Priority.INGEST: "ingest",
    Priority.ANALYSIS: "analysis",
}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a net. `share`: in words, empty where it serves nobody; `digest`: empty where
    the version is not sound; `problem` says why, or why it may not serve although it is.
    """

    version: int
    digest: str
    share: str
    card: Card | None
    problem: str


@dataclass(frozen=True, slots=True)
class NetEntry:
    """One net. `gone`: digests that the route names and no folder holds; `is_routed`: whether
    somebody ever decided, else the newest serves; `has_earlier`: whether it can be rolled back.
    """

    net: str
    writes: str
    versions: tuple[VersionRow, ...]
    gone: tuple[str, ...]
    is_routed: bool
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A route as it was decided, in words."""

    row: NetRoute
    shares: str
    who: str


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage and which version of a net ran in it."""

    latency: Latency
    ran: str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker: how busy it was in the last minute, 0 to 100, and what it holds."""

    worker: str
    busy: float
    ended: int
    holds: tuple[Job, ...]


def nets(request: HttpRequest) -> HttpResponse:
    """The page; staff alone get here."""
    now = timezone.now()
    routes = [row for net in NETS for row in list_routes(net)[:SHOWN]]
    waiting = [(WAITS_FOR[one.priority], one) for one in list_waiting(now)]
    context = {
        "entries": [_entry(net) for net in NETS],
        "stages": _stages(now),
        "waiting": waiting,
        "workers": _workers(now),
        "history": _history(sorted(routes, key=lambda row: row.at, reverse=True)[:SHOWN]),
        "may_route": request.user.has_perm(MAY_ROUTE),
        "now": now,
    }
    return render(request, "backoffice/nets.html", context)


def percent(share: int) -> str:
    """A share in per mille as a page says it."""
    return f"{share / 10:g} %"


def in_words(net: str, route: Route) -> str:
    """The shares of a route by version, the largest first."""
    names = names_of(net)
    shares = sorted(shares_of(route).items(), key=lambda one: -one[1])
    return ", ".join(f"{percent(share)} {names.get(one, one[:12])}" for one, share in shares)


def earlier_routes(net: str) -> list[tuple[int, str]]:
    """The routes that may be laid again, newest first, with words for each; those that serve
    already, and all where none was laid yet, are left out.
    """
    rows = list_routes(net)
    if not rows:
        return []
    found = [
        (row.number, f"route {row.number} of {row.at:%-d %B %Y, %H:%M} UTC", row.route)
        for row in rows[1:]
    ]
    found.append((0, "the newest release alone", route_without_rows(net)))
    return [
        (number, f"{when}: {in_words(net, route)}")
        for number, when, route in found
        if route and route != rows[0].route
    ]


def names_of(net: str) -> dict[str, str]:
    """What a page calls the versions of a net, by digest."""
    found = [one for one in list_released(net) if one.card is not None]
    return {one.card.weights_sha256: f"version {one.version}" for one in found if one.card}


def _entry(net: str) -> NetEntry:
    shares = shares_of(route_of(net))
    fallen = {
        one.digest: f"May not serve: {'; '.join(one.reasons)}." for one in fallen_nets((net,))
    }
    versions = []
    for one in reversed(list_released(net)):
        digest = one.card.weights_sha256 if one.card else ""
        share = percent(shares.pop(digest)) if digest in shares else ""
        problem = one.problem
        if digest in fallen:
            problem = f"May not serve: {fallen[digest]}."
        versions.append(VersionRow(one.version, digest, share, one.card, problem))
    return NetEntry(
        net,
        WRITES.get(net, ""),
        tuple(versions),
        gone=tuple(shares),
        is_routed=has_route(net),
        has_earlier=bool(earlier_routes(net)),
    )


def _stages(now: datetime) -> list[StageRow]:
    named = {digest: f"{net}, {name}" for net in NETS for digest, name in names_of(net).items()}
    return [StageRow(one, named.get(one.digest, one.digest[:12])) for one in stage_latencies(now)]


def _workers(now: datetime) -> list[WorkerRow]:
    loads = {one.worker: one for one in worker_loads(now)}
    holds: dict[str, list[Job]] = {}
    for job in list_running():
        holds.setdefault(job.worker, []).append(job)
    return [
        WorkerRow(
            name,
            100 * loads[name].busy if name in loads else 0.0,
            loads[name].ended if name in loads else 0,
            tuple(holds.get(name, ())),
        )
        for name in sorted(loads.keys() | holds.keys())
    ]


def _history(routes: Iterable[NetRoute]) -> list[HistoryRow]:
    rows = list(routes)
    people = {row.actor_ref for row in rows if row.actor_kind == "user"}
    named = {str(user.pk): str(user) for user in User.objects.filter(pk__in=people)}
    return [
        HistoryRow(row, in_words(row.net, row.route), named.get(row.actor_ref, row.actor_ref))
        for row in rows
    ]
