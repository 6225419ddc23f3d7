"""Tokens and plays in the database: what counts, what only is kept, what is refused."""

from datetime import date, timedelta

import pytest
from django.core.signing import Signer

from licensing.ledger.months import close_month
from licensing.royalties import operations
from licensing.royalties.models import Play, PlaybackToken, Usage
from licensing.royalties.operations import PlaybackRefused
from tests.licensing.royalties import small_world as world


@pytest.fixture
def piece(db):
    stems = world.recording("Tide", master={"Ana": 1_000_000}, publishing={"Bea": 1_000_000})
    return world.record("7QK2", [(stems[0], 1_000_000)])


def issue(piece, listener="l1", at=world.OCTOBER, **more):
    return operations.issue_token(
        record_id=piece.pk,
        listener=("user", listener),
        client_key="k",
        duration_ms=world.PIECE_MS,
        now=at,
        **more,
    )


def report(text, span=(0, 30_000), client_id="c1", after=30, **more):
    return operations.report_play(
        token_text=text,
        client_id=client_id,
        from_ms=span[0],
        until_ms=span[1],
        now=world.OCTOBER + timedelta(seconds=after),
        **more,
    )


def test_half_a_minute_makes_one_usage(piece):
    world.pay("l1")
    _, text = issue(piece)
    operations.note_fetched(text, 180_000)
    assert report(text, (0, 20_000), "c1", 20).usage == ""
    assert report(text, (20_000, 40_000), "c2", 40).usage == "COUNTED"
    assert report(text, (40_000, 180_000), "c3", 180).usage == "COUNTED"
    assert Usage.objects.count() == 1


def test_a_loop_does_not_make_half_a_minute(piece):
    world.pay("l1")
    _, text = issue(piece)
    operations.note_fetched(text, 180_000)
    results = [report(text, (0, 10_000), f"c{n}", 10 * n) for n in range(1, 6)]
    assert [r.usage for r in results] == [""] * 5


def test_the_same_report_twice_is_one_play(piece):
    world.pay("l1")
    _, text = issue(piece)
    operations.note_fetched(text, 180_000)
    assert report(text) == report(text)
    assert Play.objects.count() == 1


def test_what_was_not_fetched_was_not_played(piece):
    _, text = issue(piece)
    result = report(text)
    assert (result.accepted, result.reason) == (False, "not_fetched")
    assert Usage.objects.count() == 0


def test_a_report_faster_than_time_is_refused(piece):
    world.pay("l1")
    _, text = issue(piece)
    operations.note_fetched(text, 180_000)
    assert report(text, (0, 180_000), after=60).reason == "faster_than_time"


def test_a_made_up_token_is_refused(piece):
    token, text = issue(piece)
    forged = Signer(key="guess", salt="licensing.royalties.playback").sign(str(token.pk))
    for wrong in (str(token.pk), text[:-1], text + "x", "", forged):
        assert report(wrong).reason == "unknown_token"
        with pytest.raises(PlaybackRefused):
            operations.note_fetched(wrong, 1)


def test_a_listener_without_receipt_hears_half_a_minute_unfunded(piece):
    token, text = issue(piece)
    assert token.is_preview
    operations.note_fetched(text, 30_000)
    with pytest.raises(PlaybackRefused, match="preview_limit"):
        operations.note_fetched(text, 30_001)
    assert report(text).usage == "UNFUNDED"


def test_a_receipt_of_somebody_else_pays_nothing(piece):
    world.pay("stranger")
    token, text = issue(piece)
    operations.note_fetched(text, 30_000)
    assert token.is_preview
    assert report(text).usage == "UNFUNDED"


@pytest.mark.parametrize("holder", ["Ana", "Bea"])
def test_holders_plays_of_their_own_are_kept_and_accrue_nothing(piece, holder):
    world.pay("l1")
    (result,) = world.play("l1", piece, listener_parties=[world.ref(holder)])
    assert result.usage == "SELF"


def test_a_member_of_another_party_counts(piece):
    world.pay("l1")
    (result,) = world.play("l1", piece, listener_parties=[world.ref("Cleo")])
    assert result.usage == "COUNTED"


def test_a_partner_pays_for_its_customer(piece):
    world.pay("l9")
    (result,) = world.play("customer", piece, payer=("user", "l9"))
    assert result.usage == "COUNTED"
    assert Usage.objects.get().payer_ref == "l9"


def test_an_artists_preview_is_never_counted(piece):
    stems = world.recording("Lamp", master={"Ana": 1_000_000}, publishing={"Ana": 1_000_000})
    preview = world.record("p", [(stems[0], 1_000_000)], use="PREVIEW")
    world.pay("l1")
    (result,) = world.play("l1", preview)
    assert result.usage == "PREVIEW"


def test_repeats_are_scored(piece):
    world.pay("l1")
    world.play("l1", piece, 4)
    assert list(Usage.objects.order_by("pk").values_list("repeat_score", flat=True)) == [0, 1, 2, 3]


def test_a_usage_of_a_closed_month_belongs_to_the_next_open_one(piece):
    world.pay("l1")
    close_month(date(2026, 10, 1), now=world.AFTER_OCTOBER)
    world.play("l1", piece, received_at=world.AFTER_OCTOBER)
    usage = Usage.objects.get()
    assert (usage.state, usage.accrual_month) == ("COUNTED", date(2026, 11, 1))


def test_a_usage_after_ninety_days_waits_for_a_person(piece):
    world.pay("l1")
    late = world.OCTOBER + timedelta(days=91)
    world.play("l1", piece, received_at=late)
    assert list(Usage.objects.values_list("state", flat=True)) == ["UNMATCHED"]


def test_a_report_from_the_future_is_refused(piece):
    world.pay("l1")
    _, text = issue(piece)
    operations.note_fetched(text, 30_000)
    ahead = world.OCTOBER + timedelta(hours=1)
    assert report(text, played_at=ahead).reason == "from_the_future"


def test_fetched_never_goes_back_nor_beyond_the_piece(piece):
    world.pay("l1")
    token, text = issue(piece)
    for position, reached in ((50_000, 50_000), (10_000, 50_000), (999_999, world.PIECE_MS)):
        operations.note_fetched(text, position)
        assert PlaybackToken.objects.get(pk=token.pk).fetched_ms == reached


def test_two_tokens_at_once_make_one_usage(piece):
    world.pay("l1")
    texts = [issue(piece)[1] for _ in range(5)]
    for text in texts:
        operations.note_fetched(text, 180_000)
    reasons = [report(text).reason for text in texts]
    assert reasons == ["", *["heard_elsewhere"] * 4]
    assert Usage.objects.count() == 1


def test_going_over_to_another_piece_counts_both(piece):
    world.pay("l1")
    first, second = issue(piece)[1], issue(piece, at=world.OCTOBER + timedelta(seconds=34))[1]
    for text in (first, second):
        operations.note_fetched(text, 180_000)
    assert report(first, (0, 30_000), "a", 30).usage == "COUNTED"
    assert report(first, (30_000, 34_000), "b", 36).accepted
    assert report(second, (0, 10_000), "c", 44).accepted
    assert report(second, (10_000, 30_000), "d", 64).usage == "COUNTED"


def test_a_partner_without_named_customers_plays_for_many(piece):
    tokens = [
        operations.issue_token(
            record_id=piece.pk,
            listener=("client", "p"),
            client_key="p",
            duration_ms=world.PIECE_MS,
            now=world.OCTOBER,
        )[1]
        for _ in range(2)
    ]
    for text in tokens:
        operations.note_fetched(text, 30_000)
    assert all(report(text).accepted for text in tokens)
