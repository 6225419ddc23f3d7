"""What listeners say and set, what is chosen for them, and that erasing leaves nothing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import Model

from generation.taste import models, operations, queries
from generation.taste.fitting import fit_shared_prior
from generation.taste.models import (
    Decision,
    Feedback,
    PlayHeard,
    RecordingChoice,
    Taste,
    TasteImport,
    TastePrior,
)
from generation.taste.playing import learn_play, let_plays_teach
from generation.taste.preferring import Offer, prefer_recording
from generation.taste.rules import choosing, model
from generation.taste.rules.attributes import ATTRIBUTES, Heard, vector_of
from generation.taste.rules.importing import HistoryRefused
from licensing.audit.models import Fact

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ILSE, JORUN = ("user", "ilse"), ("user", "jorun")
HARBOUR = Heard("variation-1", {"energy": 0.6, "tempo": -0.2}, "focus")
LANTERNS = Heard("variation-2", {"energy": -0.7, "vocals": 1.0}, "mood")
KEEPING = (Feedback, PlayHeard, Decision, RecordingChoice, TasteImport, Taste)

pytestmark = pytest.mark.django_db


def belief(listener=ILSE):
    return queries.current_belief(listener).belief


def like(heard, said="LIKE", listener=ILSE):
    return operations.record_feedback(listener=listener, heard=heard, said=said, now=NOW)


def say(heard, attribute, said, listener=ILSE):
    return operations.critique(
        listener=listener, heard=heard, attribute=attribute, said=said, now=NOW
    )


def decide(key="k1", listener=ILSE, bounds=None):
    return operations.decide_targets(
        listener=listener,
        key=key,
        context="focus",
        bounds=bounds or {"energy": (-1.0, 1.0), "tempo": (-0.5, 0.5), "vocals": (-1.0, -1.0)},
        now=NOW,
    )


def bring(text=b"energy,liked\n0.9,yes\n0.1,no\n", form="csv", listener=ILSE):
    return operations.import_history(listener=listener, data=text, form=form, now=NOW)


def same(one, other, within=2e-6):
    assert np.allclose(one.mean, other.mean, atol=within)
    assert np.allclose(one.precision, other.precision, rtol=1e-5, atol=1e-4)


def liked(heard, reward):
    return model.liking(vector_of(heard.known), heard.context, reward)


def test_what_is_kept_is_the_posterior_of_everything_said():
    like(HARBOUR)
    like(LANTERNS, "SKIP")
    say(HARBOUR, "brightness", "LESS")
    rows = [
        liked(HARBOUR, 1.0),
        liked(LANTERNS, 0.0),
        model.comparison(vector_of(HARBOUR.known), "focus", "brightness", -1),
    ]
    same(belief(), model.observed_all(model.neutral_prior(), rows))
    assert queries.taste_view(ILSE).said == 3


def test_a_verdict_takes_the_place_of_the_one_before_and_can_be_taken_back():
    like(HARBOUR)
    like(HARBOUR)
    like(HARBOUR, "SKIP")
    same(belief(), model.observed(model.neutral_prior(), liked(HARBOUR, 0.0)))
    assert queries.feedback_on(ILSE, "variation-1").verdict == "SKIP"
    like(HARBOUR, "")
    same(belief(), model.neutral_prior())
    assert queries.feedback_on(ILSE, "variation-1") == queries.FeedbackView("", {})
    assert not queries.is_known(ILSE)


def test_more_and_less_of_each_attribute_stand_beside_the_verdict():
    like(HARBOUR)
    say(HARBOUR, "energy", "MORE")
    say(HARBOUR, "tempo", "LESS")
    say(HARBOUR, "tempo", "MORE")
    found = queries.feedback_on(ILSE, "variation-1")
    assert (found.verdict, found.told) == ("LIKE", {"energy": "MORE", "tempo": "MORE"})


def test_what_cannot_be_said_is_refused_by_code_and_by_the_database():
    with pytest.raises(ValueError, match="verdict"):
        like(HARBOUR, "MORE")
    with pytest.raises(ValueError, match="critique"):
        say(HARBOUR, "loudness", "MORE")
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.create(
            listener_kind="user", listener_ref="x", subject_ref="v", said="MORE", known={},
            context="", said_at=NOW,
        )  # fmt: skip


def test_what_a_listener_sets_is_what_is_believed():
    like(HARBOUR)
    operations.set_belief(listener=ILSE, ideals={"energy": -0.5, "drums": None}, now=NOW)
    found = {one.attribute: one for one in queries.taste_view(ILSE).leanings}
    assert found["energy"].best == pytest.approx(-0.5, abs=0.05)
    assert found["drums"].sentence == "It does not seem to matter to you."
    with pytest.raises(ValueError, match="between -1 and 1"):
        operations.set_belief(listener=ILSE, ideals={"energy": 1.5}, now=NOW)


def test_a_history_warms_the_belief_once_and_is_not_kept():
    assert bring() == 2
    assert {one.attribute: one.best for one in queries.taste_view(ILSE).leanings}["energy"] > 0.3
    with pytest.raises(HistoryRefused, match="read before"):
        bring()
    assert bring(listener=JORUN) == 2
    with pytest.raises(HistoryRefused, match="Line 1"):
        bring(b"energy,liked\n7,yes\n")
    kept = TasteImport.objects.get(listener_ref="ilse")
    assert (kept.lines, len(kept.sha256)) == (2, 64)


def test_a_decision_is_taken_once_per_key_and_can_be_drawn_again_from_its_row():
    like(HARBOUR)
    one = decide()
    assert decide() == one
    row = Decision.objects.get(pk=one.decision)
    chance = np.random.default_rng(row.seed)
    among = choosing.candidates({k: tuple(v) for k, v in row.bounds.items()}, chance)
    taken = choosing.choose(belief(), among, row.context, chance, scale=row.scale)
    assert (taken.index, taken.propensity) == (row.chosen, row.propensity)
    assert (row.candidates, row.scale, row.prior_version) == (64, 0.2, 0)
    assert set(one.targets) == {"energy", "tempo_bpm", "vocals"}
    assert one.targets["vocals"] is False
    assert 70 < one.targets["tempo_bpm"] < 142
    assert decide("k2").decision != one.decision


def test_decisions_follow_what_was_set():
    operations.set_belief(listener=ILSE, ideals={"energy": 0.9}, now=NOW)
    operations.set_belief(listener=JORUN, ideals={"energy": -0.9}, now=NOW)
    for n in range(5):
        assert decide(f"k{n}").targets["energy"] > 0.6
        assert decide(f"k{n}", JORUN).targets["energy"] < 0.4


def test_with_the_switch_off_nothing_is_learned_and_nothing_chosen():
    like(HARBOUR)
    operations.switch_taste(listener=ILSE, is_on=False, now=NOW)
    before = belief()
    assert like(LANTERNS) is False
    assert operations.set_belief(listener=ILSE, ideals={"energy": 1.0}, now=NOW) is False
    assert decide() is None
    with pytest.raises(HistoryRefused, match="switched off"):
        bring()
    same(belief(), before)
    assert not Decision.objects.exists()
    assert queries.is_on(JORUN)
    operations.switch_taste(listener=ILSE, is_on=True, now=NOW)
    assert decide() is not None


def everything(listener):
    like(HARBOUR, listener=listener)
    say(HARBOUR, "energy", "MORE", listener)
    bring(listener=listener)
    decide(listener=listener)
    offers = [Offer("a", {"tempo": 0.1}), Offer("b", {})]
    prefer_recording(
        listener=listener, subject_ref="variation-3", context="mood", offers=offers, now=NOW
    )
    let_plays_teach(listener=listener, agrees=True, now=NOW)
    learn_play(listener=listener, heard=LANTERNS, ended="OUT", now=NOW)
    operations.share_taste(listener=listener, shares=True, now=NOW)


def test_erasing_leaves_no_row_of_the_listener_and_every_row_of_others():
    everything(ILSE)
    everything(JORUN)
    kinds = [one for one in vars(models).values() if isinstance(one, type)]
    of_people = [
        one for one in kinds
        if issubclass(one, Model) and "listener_ref" in {f.name for f in one._meta.fields}
    ]  # fmt: skip
    assert set(of_people) == set(KEEPING)
    operations.erase_taste(listener=ILSE, now=NOW)
    for kind in of_people:
        assert not kind.objects.filter(listener_ref="ilse").exists()
        assert kind.objects.filter(listener_ref="jorun").exists()
    same(belief(), model.neutral_prior())
    assert operations.erase_taste(listener=ILSE, now=NOW) == 0


def test_the_log_says_that_something_was_agreed_or_erased_but_not_what_was_liked():
    everything(ILSE)
    operations.erase_taste(listener=ILSE, now=NOW)
    facts = list(Fact.objects.filter(object_kind="taste").order_by("sequence"))
    assert [one.verb for one in facts] == ["let_plays_teach", "share_taste", "erase_taste"]
    assert facts[1].after == {"shares_prior": True}


def test_the_export_holds_every_row_and_names_nobody_else():
    everything(ILSE)
    everything(JORUN)
    told = queries.export_taste(ILSE)
    assert [one["said"] for one in told["feedback"]] == ["LIKE", "MORE"]
    assert (len(told["decisions"]), len(told["imports"])) == (1, 1)
    assert [one["ended"] for one in told["plays"]] == ["OUT"]
    assert len(told["recordings_chosen"][0]["offered"]) == 2
    assert told["learns_plays"] is True
    assert len(told["belief"]["features"]) == len(told["belief"]["mean"]) == 20
    assert set(told["in_words"]) == set(ATTRIBUTES)
    assert told["shares_prior"] is True
    assert "jorun" not in str(told)


def test_of_a_stranger_nothing_is_known():
    everything(ILSE)
    assert queries.taste_view(("user", "stranger")).said == 0
    assert queries.export_taste(("client", "ilse"))["belief"] is None
    assert queries.feedback_on(JORUN, "variation-1") == queries.FeedbackView("", {})


def crowd(count, shares=True, start=0):
    for n in range(start, start + count):
        who = ("user", f"listener-{n}")
        like(Heard("v1", {"brightness": 0.8}, "mood"), listener=who)
        like(Heard("v2", {"brightness": -0.8}, "mood"), "SKIP", listener=who)
        operations.share_taste(listener=who, shares=shares, now=NOW)


def brightness(listener=("user", "new")):
    found = queries.taste_view(listener).leanings
    return next(one for one in found if one.attribute == "brightness")


def test_the_prior_is_learned_from_those_who_consent_and_meets_newcomers():
    crowd(20)
    assert brightness().best == pytest.approx(0.0, abs=0.1)
    made = fit_shared_prior(now=NOW)
    assert made.listeners == 20
    assert brightness().best > 0.5
    assert fit_shared_prior(now=NOW + timedelta(hours=1)).pk == made.pk


def test_nobody_is_in_the_prior_who_did_not_agree():
    crowd(19)
    crowd(30, shares=False, start=100)
    assert fit_shared_prior(now=NOW).listeners == 0
    assert brightness().best == pytest.approx(0.0, abs=0.1)


def test_leaving_removes_ones_part_at_the_next_fit():
    crowd(21)
    with_all = fit_shared_prior(now=NOW)
    for n in (0, 1):
        operations.share_taste(listener=("user", f"listener-{n}"), shares=False, now=NOW)
    after = fit_shared_prior(now=NOW + timedelta(days=1))
    assert after.listeners == 0
    assert after.inputs_sha256 != with_all.inputs_sha256
    same(queries.prior_belief(queries.newest_prior()), model.neutral_prior())
    assert brightness().best == pytest.approx(0.0, abs=0.1)


def test_who_is_erased_is_not_among_the_inputs_of_the_next_fit():
    crowd(21)
    fit_shared_prior(now=NOW)
    operations.erase_taste(listener=("user", "listener-3"), now=NOW)
    assert fit_shared_prior(now=NOW + timedelta(days=1)).listeners == 20


def test_a_listener_moves_to_a_new_prior_as_if_they_had_begun_with_it():
    like(LANTERNS)
    crowd(20)
    fitted = queries.prior_belief(fit_shared_prior(now=NOW))
    same(belief(), model.observed(fitted, liked(LANTERNS, 1.0)))
    like(HARBOUR)
    assert Taste.objects.get(listener_ref="ilse").prior == queries.newest_prior()
    rows = [liked(LANTERNS, 1.0), liked(HARBOUR, 1.0)]
    same(belief(), model.observed_all(fitted, rows), within=1e-4)


def test_a_prior_that_no_row_stands_on_goes():
    crowd(20)
    first = fit_shared_prior(now=NOW)
    crowd(1, start=50)
    fit_shared_prior(now=NOW + timedelta(days=1))
    crowd(22, start=60)
    fit_shared_prior(now=NOW + timedelta(days=2))
    kept = set(TastePrior.objects.values_list("pk", flat=True))
    standing = set(Taste.objects.exclude(prior=None).values_list("prior", flat=True))
    assert kept == standing | {queries.newest_prior().pk}
    assert first.pk in kept or not Taste.objects.filter(prior_id=first.pk).exists()


def test_the_command_says_what_the_prior_stands_on(capsys):
    crowd(20)
    call_command("fit_taste")
    assert "stands on 20 listeners" in capsys.readouterr().out
