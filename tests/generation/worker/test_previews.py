"""Previews from asking to nothing left: made for members alone, marked, over after seven days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generation.variations.models import Variation
from generation.variations.previews import discard_preview, expire_previews, list_previews
from generation.variations.rules import State
from generation.work.models import Job
from generation.work.rules import Priority
from licensing.attribution.queries import may_serve
from licensing.catalog.operations import create_party
from tests.generation.worker.test_pipeline import work_off
from tests.studio import ACTOR, LISTENER, ask_for

BRIEF = {"seconds": 10.0}


@pytest.fixture
def preview(studio):
    """A preview that Ben asked for, who holds half of everything."""

    def ask(**more):
        given = {"requester": ("party", str(studio.parties[1].id)), "targets": BRIEF}
        return ask_for(studio, **(given | more))

    return ask


def test_a_preview_is_made_marked_and_ends_after_seven_days(studio, preview):
    made = preview(without=[str(studio.stems[0].id)])
    assert Job.objects.get().priority == Priority.PREVIEW
    work_off()
    made.refresh_from_db()
    assert (made.state, made.title) == (State.READY, "Harbour, preview of a remix")
    record = made.record
    assert (record.use, record.resting_on.count()) == ("PREVIEW", 0)
    assert studio.stems[0].id not in record.sources.values_list("stem_id", flat=True)
    assert record.ends_at - record.opened_at == timedelta(days=7)
    assert may_serve(record.pk, record.ends_at - timedelta(seconds=1))
    assert not may_serve(record.pk, record.ends_at)
    assert expire_previews(now=record.ends_at - timedelta(seconds=1)) == 0
    assert expire_previews(now=record.ends_at) == 1
    made.refresh_from_db()
    assert (made.state, made.segments.count(), made.files.count()) == (State.DISCARDED, 0, 0)
    assert not list_previews(studio.parties[1].id).exists()
    assert expire_previews(now=record.ends_at) == 0


def test_a_party_that_is_on_no_sheet_hears_nothing_and_is_told_why(studio, preview):
    stranger = create_party(name="Cleo", actor=ACTOR, now=timezone.now())
    made = preview(requester=("party", str(stranger.id)))
    work_off(kinds=["compose"])
    made.refresh_from_db()
    assert (made.state, made.error_code) == (State.FAILED, "not_cleared")
    assert made.error_sentence.startswith("Only parties on the split sheets")


def test_leaving_out_every_stem_leaves_a_sentence(studio, preview):
    made = preview(without=[str(stem.id) for stem in studio.stems])
    work_off(kinds=["compose"])
    made.refresh_from_db()
    assert (made.state, made.error_code) == (State.FAILED, "all_left_out")


def test_a_preview_thrown_away_while_it_is_made_stops_at_once(studio, preview):
    made = preview()
    work_off(kinds=["compose"])
    work_off(kinds=["piece"], jobs=1)
    assert discard_preview(variation_id=made.id, actor=ACTOR, now=timezone.now())
    assert not discard_preview(variation_id=made.id, actor=ACTOR, now=timezone.now())
    work_off()
    made.refresh_from_db()
    assert (made.state, made.record.state, made.segments.count()) == ("DISCARDED", "VOID", 0)
    assert not Job.objects.filter(state__in=["WAITING", "RUNNING"]).exists()


def test_a_listeners_variation_is_no_preview_and_stays(studio):
    made = ask_for(studio, requester=LISTENER)
    with pytest.raises(Variation.DoesNotExist):
        discard_preview(variation_id=made.id, actor=ACTOR, now=timezone.now())


def test_a_request_that_leaves_nothing_out_is_the_same_as_before_that_was_possible(studio):
    plain = ask_for(studio)
    assert ask_for(studio, without=[]).id == plain.id
    other = ask_for(studio, without=[str(studio.stems[0].id)], key="k2")
    assert other.request.request_sha256 != plain.request.request_sha256
