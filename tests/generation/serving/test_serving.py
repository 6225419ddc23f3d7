"""Routes in rows: what serves without one, canary, roll-back, refusals, and the log of facts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from generation.nets import checkpoints
from generation.nets.chosen import Choice, Shelf
from generation.serving import queries
from generation.serving.models import NetRoute
from generation.serving.operations import roll_back_net, route_net
from generation.serving.released import folders, list_released
from generation.serving.rules import RoutingRefused, shares_of
from licensing.audit.queries import facts_about
from tests.generation.nets.material import untaught_harmony
from tests.generation.serving.material import release

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HANNA = ("user", "5")
NET = "harmony"
KEYS = [f"session {n}" for n in range(50)]

pytestmark = pytest.mark.django_db


@pytest.fixture
def digests(own):
    """Two versions in the operator's folder."""
    return release(own, 1), release(own, 2)


def route(shares, reason="A first look at version 2.", net=NET, now=NOW):
    return route_net(net=net, shares=shares, reason=reason, actor=HANNA, now=now)


def back(to, reason="It plays too high.", now=NOW):
    return roll_back_net(net=NET, to=to, reason=reason, actor=HANNA, now=now)


def versions_for(keys):
    return [queries.chosen_for(key).of(NET).version for key in keys]


def test_without_any_row_the_newest_sound_release_serves(own, digests) -> None:
    path = checkpoints.path_of(own, NET, 3)
    release(own, 3)
    path.with_suffix(".json").unlink()
    assert set(versions_for(KEYS[:20])) == {2}
    assert queries.route_of(NET) == queries.route_without_rows(NET)


def test_every_net_that_ships_serves_without_any_row() -> None:
    chosen = queries.chosen_for("request 1")
    assert [(one.net, one.version) for one in chosen] == [
        (net, checkpoints.versions(net)[-1]) for net in ("drums", "harmony", "line", "mix")
    ]


def test_a_canary_serves_its_share_of_keys_and_always_the_same_ones(digests) -> None:
    first, second = digests
    route({first: 700, second: 300})
    served = versions_for(KEYS)
    # 15 expected; 4 standard deviations of a binomial are 13.
    assert 2 < served.count(2) < 28
    assert versions_for(KEYS) == served
    route({first: 400, second: 600}, now=NOW + timedelta(hours=1))
    wider = versions_for(KEYS)
    assert all(after == 2 for before, after in zip(served, wider, strict=True) if before == 2)
    assert wider.count(2) > served.count(2)


def test_a_roll_back_lays_the_earlier_route_again_for_every_key(digests) -> None:
    first, second = digests
    route({first: 600, second: 400})
    before = versions_for(KEYS)
    route({second: 1_000})
    assert set(versions_for(KEYS[:9])) == {2}
    row = back(1)
    assert (row.number, row.restores) == (3, 1)
    assert versions_for(KEYS) == before


def test_rolled_back_to_nothing_the_newest_release_serves_alone(digests) -> None:
    first, second = digests
    route({first: 1_000})
    assert back(0).digests == [second]


def test_a_net_once_routed_stays_so_when_a_newer_version_is_released(own, digests) -> None:
    first, _ = digests
    route({first: 1_000})
    release(own, 3)
    assert set(versions_for(KEYS[:20])) == {1}


def test_each_net_spreads_keys_by_itself(own, digests) -> None:
    first, second = digests
    route({first: 500, second: 500})
    lines = release(own, 1, "line"), release(own, 2, "line")
    route(dict.fromkeys(lines, 500), net="line")
    both = {tuple(one.version for one in queries.chosen_for(key)) for key in KEYS[:30]}
    assert both == {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.parametrize(
    ("shares", "reason", "net", "told"),
    [
        ({"f" * 64: 1_000}, "why", NET, "No released checkpoint of the harmony net .* ffff"),
        ({"first": 500, "second": 400}, "why", NET, "add up to 90 %"),
        ({"first": 1_000}, "  ", NET, "Write the reason"),
        ({"first": 1_000}, "why", "choir", "no net called “choir”"),
        ({"first": 1_000}, "why", "line", "No released checkpoint of the line net"),
    ],
)
def test_what_cannot_serve_is_refused_and_leaves_no_trace(
    digests, shares, reason, net, told
) -> None:
    named = dict(zip(("first", "second"), digests, strict=True))
    with pytest.raises(RoutingRefused, match=told):
        route({named.get(one, one): share for one, share in shares.items()}, reason, net)
    assert not NetRoute.objects.exists()
    assert facts_about("net", net) == ()


def test_a_checkpoint_without_a_sound_card_is_not_routed(own, digests) -> None:
    first, second = digests
    card = checkpoints.path_of(own, NET, 2).with_suffix(".json")
    card.write_text(card.read_text().replace("CC0-1.0", ""))
    with pytest.raises(RoutingRefused, match="No released checkpoint"):
        route({first: 900, second: 100})
    assert "licence" in list_released(NET)[1].problem


def test_a_roll_back_to_weights_that_are_gone_is_refused(own, digests) -> None:
    first, second = digests
    route({first: 1_000})
    route({second: 1_000})
    checkpoints.path_of(own, NET, 1).unlink()
    with pytest.raises(RoutingRefused, match="No released checkpoint"):
        back(1)


def test_in_place_of_a_routed_checkpoint_that_is_gone_the_newest_serves(own, digests) -> None:
    route({digests[0]: 1_000})
    checkpoints.path_of(own, NET, 1).unlink()
    assert set(versions_for(KEYS[:20])) == {2}


@pytest.mark.parametrize("to", [-1, 1, 2])
def test_a_roll_back_to_no_earlier_route_is_refused(digests, to) -> None:
    with pytest.raises(RoutingRefused, match="no earlier route"):
        back(to)
    route({digests[0]: 1_000})
    with pytest.raises(RoutingRefused, match="no earlier route"):
        back(to)


def test_what_is_in_force_already_is_refused(digests) -> None:
    first, second = digests
    route({first: 400, second: 600})
    with pytest.raises(RoutingRefused, match="already"):
        route({second: 600, first: 400})
    route({first: 1_000})
    back(1)
    with pytest.raises(RoutingRefused, match="already"):
        back(1)


def test_the_newest_release_can_be_pinned_by_a_row_of_its_own(digests) -> None:
    assert route({digests[1]: 1_000}).number == 1


def test_every_route_is_a_fact_with_who_what_and_why(digests) -> None:
    first, second = digests
    route({first: 950, second: 50})
    back(0)
    laid, rolled = facts_about("net", NET)
    assert (laid.verb, laid.actor, laid.before) == ("route_net", HANNA, {"shares": {second: 1_000}})
    assert laid.after["shares"] == {first: 950, second: 50}
    assert (rolled.verb, rolled.after["reason"]) == ("roll_back_net", "It plays too high.")


def test_the_database_refuses_to_change_a_route_or_to_lay_half_a_one(digests) -> None:
    row = route({digests[0]: 1_000})
    for deed in (
        lambda: NetRoute.objects.update(reason="another"),
        lambda: NetRoute.objects.all().delete(),
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
        ):
            deed()
    for places in ([999], [1_000, 0], [500]):
        half = NetRoute(
            net=NET, number=2, digests=["a"] * len(places), places=places, reason="r", at=NOW
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            half.save(force_insert=True)
    twice = NetRoute(net=NET, number=1, digests=["a"], places=[1_000], reason="r", at=NOW)
    with pytest.raises(IntegrityError, match="route_number_once"), transaction.atomic():
        twice.save(force_insert=True)
    assert shares_of(row.route) == {digests[0]: 1_000}


def test_a_version_that_ships_goes_before_the_operators_own_of_that_number(own, digests) -> None:
    shipped = release(checkpoints.RELEASED, 2, "line")
    release(own, 2, "line")
    assert [one.choice for one in list_released("line")] == [Choice("line", 2, shipped)]


def test_what_is_chosen_loads_from_the_folders_of_serving(own) -> None:
    made = untaught_harmony()
    checkpoints.save(made, own)
    chosen = queries.chosen_for("request 7")
    (loaded,) = Shelf(folders()).load(chosen).values()
    assert loaded.choice == chosen.of(NET)
