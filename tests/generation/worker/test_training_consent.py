"""A net learns from a stem only while its holders permit training to that very version."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.nets import cards, checkpoints
from generation.nets.cards import Permitted
from generation.serving import queries
from generation.serving.consents import fallen_nets
from generation.serving.operations import route_net
from generation.serving.rules import RoutingRefused
from generation.worker.training_consent import permitted_for
from generation.worker.training_data import UnreadableSound, traces_in
from licensing.attribution.operations import withdraw_uses
from licensing.catalog.operations import mark_stems_complete
from licensing.clearance.effects import Effect
from licensing.clearance.models import Clearance
from licensing.clearance.operations import place_hold
from tests.generation.nets.material import card, tune_file
from tests.generation.serving.material import release
from tests.licensing import stage as on

NOW = timezone.now()


@pytest.fixture
def shipped_nothing(tmp_path, settings, monkeypatch):
    """`NETS_DIR`, empty, and nothing ships."""
    settings.NETS_DIR = tmp_path / "nets"
    monkeypatch.setattr(checkpoints, "RELEASED", tmp_path / "shipped")
    return settings.NETS_DIR


def sound(folder, name="drums.wav", gain=0.2, subtype="PCM_24"):
    """Half a second of a tone in a file; the digest that a stem of it has."""
    folder.mkdir(parents=True, exist_ok=True)
    at = np.arange(24_000) / 48_000
    tone = gain * np.sin(2 * np.pi * 220 * at)
    soundfile.write(folder / name, np.stack([tone, tone], axis=1), 48_000, subtype=subtype)
    (digest,) = traces_in(folder).pcm
    return digest


@pytest.fixture
def learned(db, tmp_path):
    """A stage and a recording of Ana and Ben whose one stem is the one sound file in the folder
    `data`; nothing of it is permitted.
    """
    digest = sound(tmp_path / "data")
    stage = on.set_stage()
    bells = on.recording(stage.ana, "Bells")
    kept = on.stem(bells, "Bell", "keys", digest)
    on.agree([(stage.ana, 800_000), (stage.ben, 200_000)], recording_id=bells.id)
    on.agree([(stage.ana, 1_000_000)], work_id=bells.work_id)
    mark_stems_complete(recording_id=bells.id, actor=on.ACTOR, now=on.NOON)
    return stage, kept, digest, tmp_path / "data"


def permit(stage, stem, **more):
    for holder in (stage.ana, stage.ben):
        on.grant(stem, holder, "TRAINING", **more)


def asked(folder, version=1, learned=(), territory="DE"):
    return permitted_for(
        net="harmony", version=version, folder=folder, territory=territory, learned=learned
    )


def withdraw(stage, stem, effect=Effect.TAKE_DOWN):
    withdraw_uses(
        party_id=stage.ben.pk,
        stem_ids=[stem.pk],
        uses=["TRAINING"],
        actor=on.ACTOR,
        now=timezone.now(),
        effect=effect,
    )


def test_a_stem_is_known_by_its_sound_in_another_file_and_by_its_name_in_a_data_file(tmp_path):
    digest = sound(tmp_path / "a")
    soundfile.write(
        tmp_path / "a.flac", *soundfile.read(tmp_path / "a/drums.wav"), subtype="PCM_24"
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "a.flac").rename(tmp_path / "b/renamed.bin")
    assert traces_in(tmp_path / "b").pcm == {digest}
    (tmp_path / "c").mkdir()
    (tmp_path / "c/measured.json").write_text(json.dumps({"of": digest}))
    assert digest in traces_in(tmp_path / "c").pcm


def test_a_folder_of_notes_asks_nothing_and_needs_no_database(tmp_path):
    tune_file(tmp_path, tunes=2, bars=4)
    assert traces_in(tmp_path).are_none
    assert asked(tmp_path) == ()


def test_a_sound_that_cannot_be_read_is_not_passed_over(tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(16))
    with pytest.raises(UnreadableSound, match=r"broken\.wav"):
        traces_in(tmp_path)


def test_sound_that_is_nobodys_in_the_catalog_needs_no_clearance(db, tmp_path):
    sound(tmp_path / "own")
    assert asked(tmp_path / "own", territory="") == ()
    assert not Clearance.objects.exists()


def test_without_the_use_training_the_command_refuses_before_it_trains(learned):
    stage, stem, _, folder = learned
    for holder in (stage.ana, stage.ben):
        on.grant(stem, holder, "REMIX", "MOOD")
    with pytest.raises(CommandError, match="may not learn from this"):
        call_command(
            "train_net", "harmony", data=folder, territory="DE", out=folder, stdout=StringIO()
        )
    refused = Clearance.objects.get()
    assert (refused.use, refused.allowed) == ("TRAINING", False)
    assert (refused.requester_kind, refused.stems) == ("net", [str(stem.pk)])


def test_every_holder_must_permit_it_and_the_place_must_be_said(learned):
    stage, stem, _, folder = learned
    on.grant(stem, stage.ana, "TRAINING")
    with pytest.raises(CommandError, match="Ben"):
        asked(folder)
    permit(stage, stem)
    with pytest.raises(CommandError, match="in which territory"):
        asked(folder, territory="")


def test_each_version_asks_anew_and_is_named_in_its_clearance(learned):
    stage, stem, digest, folder = learned
    permit(stage, stem)
    (first,) = asked(folder, version=1)
    (second,) = asked(folder, version=2)
    assert first.digest == second.digest == digest
    assert first.clearance != second.clearance
    rows = Clearance.objects.filter(allowed=True).order_by("at", "requester_ref")
    assert [one.requester_ref for one in rows] == ["harmony 1", "harmony 2"]


def test_a_card_says_what_it_learned_from_and_under_which_clearance(learned):
    stage, stem, _, folder = learned
    permit(stage, stem)
    whole = replace(card("harmony"), weights_sha256="a" * 64, permitted=asked(folder))
    assert cards.from_json(cards.to_json(whole)) == whole
    plain = card("harmony")
    assert "permitted" not in cards.to_json(plain)
    odd = replace(plain, permitted=(Permitted("x", "y"),))
    assert "the digest of permitted audio" in cards.problems(odd)


def test_a_draft_that_learned_beside_a_stem_bears_the_clearance_on_its_card(learned, tmp_path):
    stage, stem, digest, folder = learned
    permit(stage, stem)
    tune_file(folder, tunes=6, bars=16)
    drafts = tmp_path / "drafts"
    given = {"data": folder, "territory": "DE", "out": drafts, "stdout": StringIO()}
    call_command("train_net", "harmony", number=9, **given)
    (named,) = checkpoints.load_draft(checkpoints.path_of(drafts, "harmony", 9)).card.permitted
    assert (named.digest, Clearance.objects.get().requester_ref) == (digest, "harmony 9")
    assert named.clearance == str(Clearance.objects.get().pk)


def test_a_release_asks_again_of_what_its_draft_learned_from(learned, tmp_path):
    stage, stem, _, folder = learned
    permit(stage, stem)
    drafts = tmp_path / "drafts"
    release(drafts, 7, permitted=asked(folder, version=7))
    withdraw(stage, stem, Effect.KEEP)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(CommandError, match="may not learn from this"):
        call_command(
            "release_net",
            "harmony",
            data=elsewhere,
            territory="DE",
            checkpoint=checkpoints.path_of(drafts, "harmony", 7),
            into=tmp_path / "released",
            stdout=StringIO(),
        )
    unknown = (Permitted(on.digest_of("of another catalog"), str(uuid4())),)
    with pytest.raises(CommandError, match="not in this catalog"):
        asked(elsewhere, learned=unknown)
    assert Clearance.objects.latest("at").requester_ref == "harmony 7"


def test_a_withdrawal_with_effect_takes_the_net_out_of_service_and_the_night_names_it(
    learned, shipped_nothing
):
    stage, stem, _, folder = learned
    permit(stage, stem)
    older = release(shipped_nothing, 1)
    newer = release(shipped_nothing, 2, permitted=asked(folder, version=2))
    route_net(net="harmony", shares={newer: 1_000}, reason="new", actor=("user", "5"), now=NOW)
    assert queries.chosen_for("a key").of("harmony").digest == newer
    call_command("net_consents", stdout=StringIO())
    withdraw(stage, stem)
    assert queries.chosen_for("a key").of("harmony").digest == older
    told = StringIO()
    with pytest.raises(SystemExit):
        call_command("net_consents", stdout=told)
    assert "harmony 2" in told.getvalue()
    assert "withdrew training" in told.getvalue()
    with pytest.raises(RoutingRefused, match="no longer permitted"):
        route_net(
            net="harmony",
            shares={older: 500, newer: 500},
            reason="again",
            actor=("user", "5"),
            now=NOW,
        )


def test_a_withdrawal_that_keeps_what_is_finished_keeps_the_net_and_refuses_the_next_version(
    learned, shipped_nothing
):
    stage, stem, _, folder = learned
    permit(stage, stem)
    only = release(shipped_nothing, 1, permitted=asked(folder))
    withdraw(stage, stem, Effect.KEEP)
    assert queries.chosen_for("a key").of("harmony").digest == only
    with pytest.raises(CommandError, match="may not learn from this"):
        asked(folder, version=2)


def test_an_end_of_the_grant_and_a_hold_take_it_out_too_and_a_forged_clearance(
    learned, shipped_nothing
):
    stage, stem, digest, folder = learned
    permit(stage, stem, valid_until=NOW + timedelta(days=30))
    release(shipped_nothing, 1, permitted=asked(folder))
    assert fallen_nets(at=NOW + timedelta(days=29)) == ()
    (ended,) = fallen_nets(at=NOW + timedelta(days=30))
    assert ended.reasons == ("a grant of training has ended",)
    assert queries.chosen_for("a key").of("harmony") is not None
    place_hold(target_kind="STEM", target_ref=str(stem.pk), reason="claim", actor=on.ACTOR, now=NOW)
    (held,) = fallen_nets()
    assert held.reasons == ("a stem that it learned from is held",)
    assert queries.chosen_for("a key").of("harmony") is None
    release(shipped_nothing, 2, permitted=(Permitted(digest, str(uuid4())),))
    assert {(one.version, one.reasons[0]) for one in fallen_nets()} == {
        (1, "a stem that it learned from is held"),
        (2, "it is not cleared here"),
    }
