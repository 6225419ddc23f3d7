"""The verbs of serving: route a net, roll it back; write stage times down, let old ones go.

A route holds for plans made after it; what is planned keeps its nets, because recipes name them.
Invariant: only checkpoints that are sound now come into a route, and every route is one fact in the
log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from generation.serving import queries, rules
from generation.serving.consents import servable_choices
from generation.serving.models import NetRoute, StageTime
from generation.serving.released import NETS, sound_choices
from generation.serving.rules import Route, RoutingRefused
from licensing.audit.operations import record_fact

Actor = tuple[str, str]
STAGE_TIMES_KEPT = timedelta(days=7)

_NO_NET = "There is no net called “{net}”."
_NO_REASON = "Write the reason: it goes into the record."
_UNKNOWN = "No released checkpoint of the {net} net has the digest {digest}."
_FELL = "What the {net} net {digest} learned from is no longer permitted; see net_consents."
_UNCHANGED = "The {net} net is served in these shares already."
_OVERTAKEN = "Somebody else routed the {net} net a moment ago; look again."
_NOTHING = "The {net} net has no earlier route {number}."


@dataclass(frozen=True, slots=True)
class StageTaken:
    """One stage that ended at `at`. `digest`: of the net's weights, "" where no net ran; `batch`:
    requests that were answered together.
    """

    stage: str
    duration_ms: float
    at: datetime
    digest: str = ""
    batch: int = 1


@transaction.atomic
def route_net(
    *, net: str, shares: Mapping[str, int], reason: str, actor: Actor, now: datetime
) -> NetRoute:
    """Serve the keys of `net` by the checkpoints in `shares` (digest -> per mille) from now on.

    Raises RoutingRefused: no such net, a digest that is not that of a sound checkpoint, shares that
    are not a thousand together or in force already, no reason, or somebody was faster.
    """
    wanted = {digest: share for digest, share in shares.items() if share}
    before = queries.route_of(net) if net in NETS else ()
    route = rules.rerouted(before, wanted)
    if rules.shares_of(route) == rules.shares_of(before) and queries.has_route(net):
        raise RoutingRefused(_UNCHANGED.format(net=net))
    return _lay(net, before, route, reason, actor, now)


@transaction.atomic
def roll_back_net(*, net: str, to: int, reason: str, actor: Actor, now: datetime) -> NetRoute:
    """Lay the earlier route number `to` again, place by place; 0 is the newest release alone.

    Raises RoutingRefused as `route_net` does, and where there is no such route or it is in force.
    """
    newest = queries.latest_route(net)
    if newest is None or not 0 <= to < newest.number:
        raise RoutingRefused(_NOTHING.format(net=net, number=to))
    route = queries.route_without_rows(net)
    if to:
        route = NetRoute.objects.get(net=net, number=to).route
    if not route:
        raise RoutingRefused(_NOTHING.format(net=net, number=to))
    if route == newest.route:
        raise RoutingRefused(_UNCHANGED.format(net=net))
    return _lay(net, newest.route, route, reason, actor, now, restores=to)


def _lay(
    net: str,
    before: Route,
    route: Route,
    reason: str,
    actor: Actor,
    now: datetime,
    restores: int | None = None,
) -> NetRoute:
    if net not in NETS:
        raise RoutingRefused(_NO_NET.format(net=net))
    if not reason.strip():
        raise RoutingRefused(_NO_REASON)
    sound, servable = sound_choices(net), servable_choices(net)
    for digest in rules.shares_of(route):
        if digest not in servable:
            sentence = _FELL if digest in sound else _UNKNOWN
            raise RoutingRefused(sentence.format(net=net, digest=digest[:12]))
    newest = queries.latest_route(net)
    try:
        with transaction.atomic():
            row = NetRoute.objects.create(
                net=net,
                number=newest.number + 1 if newest else 1,
                digests=[span.digest for span in route],
                places=[span.places for span in route],
                restores=restores,
                reason=reason.strip()[:300],
                actor_kind=actor[0],
                actor_ref=actor[1],
                at=now,
            )
    except IntegrityError as error:
        raise RoutingRefused(_OVERTAKEN.format(net=net)) from error
    record_fact(
        actor=actor,
        verb="route_net" if restores is None else "roll_back_net",
        object_kind="net",
        object_ref=net,
        before={"shares": rules.shares_of(before)},
        after={"shares": rules.shares_of(route), "number": row.number, "reason": row.reason},
        at=now,
    )
    return row


def record_stage_times(*, taken: Iterable[StageTaken], worker: str) -> int:
    """Write down what `worker` timed, in one statement; how many."""
    rows = [
        StageTime(
            stage=one.stage,
            digest=one.digest,
            duration_ms=one.duration_ms,
            batch=one.batch,
            worker=worker,
            at=one.at,
        )
        for one in taken
    ]
    return len(StageTime.objects.bulk_create(rows))


def forget_stage_times(*, now: datetime) -> int:
    """Remove the stage times that are older than STAGE_TIMES_KEPT; how many."""
    removed, _ = StageTime.objects.filter(at__lt=now - STAGE_TIMES_KEPT).delete()
    return removed
