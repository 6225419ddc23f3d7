"""Reads of serving: what serves for a key, what stands in the record, how long stages take.

Without a row the newest sound release of a net serves. So does it in place of a checkpoint that a
route names and that is gone from the folders, or whose training is no longer permitted: nobody who
waits for music pays for a lost file.
Percentiles are PostgreSQL's own (percentile_cont), loads are unions of spans of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from generation.nets.chosen import Choice, Chosen
from generation.serving.consents import servable_choices
from generation.serving.models import NetRoute
from generation.serving.released import NETS
from generation.serving.rules import WHOLE, Route, Span, choose

LATENCIES_OVER = timedelta(hours=1)
LOAD_OVER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a stage took: percentiles in ms over `count` times; `batch`: requests at once."""

    stage: str
    digest: str
    count: int
    batch: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Load:
    """The part of a stretch of time in which a worker worked, 0 to 1, and stages it ended then."""

    worker: str
    busy: float
    ended: int


def latest_route(net: str) -> NetRoute | None:
    """The newest route of `net`; None where nobody ever routed it."""
    return NetRoute.objects.filter(net=net).order_by("-number").first()


def has_route(net: str) -> bool:
    """Whether somebody ever routed `net`."""
    return NetRoute.objects.filter(net=net).exists()


def list_routes(net: str) -> tuple[NetRoute, ...]:
    """Every route of `net`, newest first."""
    return tuple(NetRoute.objects.filter(net=net).order_by("-number"))


def route_without_rows(net: str) -> Route:
    """The newest sound release alone; empty where there is none."""
    sound = list(servable_choices(net))
    return (Span(sound[-1], WHOLE),) if sound else ()


def route_of(net: str) -> Route:
    """What is in force for `net`; empty where no sound checkpoint lies anywhere."""
    row = latest_route(net)
    return row.route if row is not None else route_without_rows(net)


def chosen_for(key: str) -> Chosen:
    """The nets that serve `key` (the hash of a request, the id of a session), one query for all.

    Each net spreads keys by itself, so canaries of two nets do not meet in the same listeners.
    """
    newest = NetRoute.objects.order_by("net", "-number").distinct("net")
    rows = {row.net: row.route for row in newest}
    found = [_choice(net, rows.get(net) or route_without_rows(net), key) for net in NETS]
    return Chosen(tuple(one for one in found if one is not None))


def routed() -> tuple[Choice, ...]:
    """Every checkpoint that serves anybody, by net."""
    found = [_serving(net, span.digest) for net in NETS for span in route_of(net)]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _choice(net: str, route: Sequence[Span], key: str) -> Choice | None:
    return _serving(net, choose(route, f"{net} {key}")) if route else None


def _serving(net: str, digest: str) -> Choice | None:
    """The checkpoint of that digest, the newest in its absence; None where none is sound."""
    sound = servable_choices(net)
    return sound.get(digest, list(sound.values())[-1]) if sound else None


_LATENCIES = """
SELECT stage, digest, count(*), avg(batch),
       percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms)
  FROM serving_stagetime WHERE at > %s AND at <= %s
 GROUP BY stage, digest ORDER BY stage, digest
"""


def stage_latencies(now: datetime, over: timedelta = LATENCIES_OVER) -> tuple[Latency, ...]:
    """Percentiles of every stage and net that ran in the stretch before `now`."""
    with connection.cursor() as cursor:
        cursor.execute(_LATENCIES, [now - over, now])
        rows = cursor.fetchall()
    return tuple(
        Latency(stage, digest, count, float(batch), *(float(one) for one in found))
        for stage, digest, count, batch, found in rows
    )


# Stages lie inside others, and a job may lie inside one that stepped aside: a union counts once.
_LOADS = """
WITH spans AS (
    SELECT worker, count(*) AS ended,
           range_agg(tstzrange(greatest(at - duration_ms * interval '1 ms', %(since)s), at)) AS busy
      FROM serving_stagetime WHERE at > %(since)s AND at <= %(now)s GROUP BY worker
)
SELECT worker, ended,
       (SELECT coalesce(sum(extract(epoch FROM upper(one) - lower(one))), 0)
          FROM unnest(busy) AS one)
  FROM spans ORDER BY worker
"""


def worker_loads(now: datetime, over: timedelta = LOAD_OVER) -> tuple[Load, ...]:
    """How busy each worker was in the stretch before `now`, by what it has ended."""
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, {"now": now, "since": now - over})
        rows = cursor.fetchall()
    whole = over.total_seconds()
    return tuple(Load(worker, float(seconds) / whole, ended) for worker, ended, seconds in rows)
