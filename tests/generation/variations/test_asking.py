"""Asking twice, asking too much, asking again after a failure."""

import pytest

from generation.variations import operations, picture, queries
from generation.variations.models import Variation
from generation.variations.rules import RequestRefused
from generation.work.models import Job
from licensing.audit.models import Fact

LISTENER, STRANGER = ("user", "7"), ("user", "8")


def test_request_is_a_row_a_fact_and_one_job(ask):
    variation = ask()
    assert (variation.state, variation.title) == ("COMPOSING", "Song, remix")
    assert Job.objects.get().kind == "compose"
    assert Fact.objects.get().verb == "request_variation"


def test_same_key_is_the_same_variation_and_another_request_under_it_is_refused(ask):
    first = ask()
    assert ask().id == first.id
    with pytest.raises(RequestRefused) as refused:
        ask(seed=2)
    assert refused.value.code == "key_used"
    assert Variation.objects.count() == Job.objects.count() == 1


def test_keys_of_two_requesters_do_not_meet(ask):
    assert ask().id != ask(requester=STRANGER, seed=2).id


def test_fourth_render_at_a_time_is_refused_until_one_ends(ask, now):
    first, *_ = [ask(key=f"k{n}", seed=n) for n in range(3)]
    with pytest.raises(RequestRefused) as refused:
        ask(key="k4", seed=4)
    assert refused.value.code == "too_many_renders"
    assert ask(key="k4", seed=4, requester=STRANGER)
    operations.cancel_variation(variation_id=first.id, requester=LISTENER, now=now)
    assert ask(key="k4", seed=4)


@pytest.mark.parametrize("reference", ["4f1c0b0e-7a35-4f0e-9d6f-3f6f0c1f7a11", "no uuid"])
def test_recording_that_is_not_there_is_refused(ask, reference):
    with pytest.raises(RequestRefused) as refused:
        ask(recordings=[reference])
    assert refused.value.code == "no_such_recording"


def test_draft_recording_cannot_be_asked_for(ask, recording):
    recording.state = "DRAFT"
    recording.save()
    with pytest.raises(RequestRefused):
        ask()


def fail(variation, now):
    operations.fail_variation(
        variation_id=variation.id, code="internal", sentence="It broke.", now=now
    )


@pytest.mark.parametrize("key", ["k1", "another"])
def test_equal_request_after_a_failure_is_a_new_attempt_of_the_same_variation(ask, now, key):
    variation = ask()
    Job.objects.update(state="DONE")
    fail(variation, now)
    again = ask(key=key)
    assert (again.id, again.attempt, again.state) == (variation.id, 2, "COMPOSING")
    assert again.error_sentence == ""
    assert ask(key=key).id == variation.id
    assert Job.objects.filter(state="WAITING").count() == 1


def test_failure_says_why_and_cancels_what_waits(ask, now):
    variation = ask()
    fail(variation, now)
    view = queries.variation_view(variation.id)
    assert (view.state, view.error_code, view.error_sentence) == ("FAILED", "internal", "It broke.")
    assert Job.objects.get().state == "CANCELLED"


def test_cancelled_while_composing_is_over(ask, now):
    variation = ask()
    assert operations.cancel_variation(variation_id=variation.id, requester=LISTENER, now=now)
    assert not operations.cancel_variation(variation_id=variation.id, requester=LISTENER, now=now)
    assert queries.variation_view(variation.id).state == "CANCELLED"
    assert Job.objects.get().state == "CANCELLED"


def test_stranger_neither_sees_nor_cancels(ask, now):
    variation = ask()
    with pytest.raises(Variation.DoesNotExist):
        queries.get_variation_for(STRANGER, variation.id)
    with pytest.raises(Variation.DoesNotExist):
        operations.cancel_variation(variation_id=variation.id, requester=STRANGER, now=now)
    assert list(queries.list_variations(STRANGER)) == []


def test_lost_job_is_put_again_by_the_mending_sweep(ask, now):
    variation = ask()
    assert operations.mend_variations(now=now) == 0
    Job.objects.all().delete()
    assert operations.mend_variations(now=now) == 1
    assert Job.objects.get().subject_ref == str(variation.id)


def test_view_before_there_is_a_recipe_shows_what_was_asked(ask, recording):
    variation = ask()
    view = queries.variation_view(variation.id)
    assert [one.title for one in view.recordings] == ["Song"]
    assert (view.pieces_done, view.pieces_of, view.bars_ms) == (0, 0, ())
    assert (view.human_ppm, view.model_ppm) == (1_000_000, 0)
    assert queries.credits_at(variation.id, 0) == ()
    assert picture.stemma_table(variation.id).sources == ()


def test_a_failed_one_is_tried_anew_only_where_there_is_room(ask, now):
    broken = ask(key="k0", seed=0)
    fail(broken, now)
    for number in range(1, 4):
        ask(key=f"k{number}", seed=number)
    with pytest.raises(RequestRefused) as refused:
        ask(key="k0", seed=0)
    assert refused.value.code == "too_many_renders"
    broken.refresh_from_db()
    assert broken.state == "FAILED"
