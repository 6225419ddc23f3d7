"""New notes in what a listener asked for: by which nets, whose sound, on which record, how fast."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from django.utils import timezone

from generation import recipe as recipes
from generation.analysis.likeness import THRESHOLDS
from generation.compose.director import compose
from generation.compose.kept import Kept
from generation.compose.values import Ask, Limits
from generation.engine.codecs import decode_flac, from_int24, to_int24
from generation.engine.render import render
from generation.nets import checkpoints
from generation.nets.chosen import Chosen, choices_in
from generation.serving.models import StageTime
from generation.serving.operations import route_net
from generation.serving.queries import chosen_for, routed
from generation.serving.released import folders
from generation.variations import queries
from generation.variations.rules import State, check_request
from generation.work.models import Job
from generation.worker import nets
from generation.worker.handlers import HANDLERS
from generation.worker.loop import drain
from licensing.attribution.keeping import kept_of
from licensing.attribution.models import LicenceRecord
from licensing.catalog.store import audio_store
from tests.generation.analysis.tones import RATE, hat, kick, snare, tone
from tests.generation.compose.served import full_song
from tests.generation.serving.conftest import own as own  # a fixture
from tests.studio import ask_for, build_studio, make_material

SHIPPED = {one: choices_in(one)[-1].digest for one in ("drums", "harmony", "line", "mix")}
HANNA = ("user", "5")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def _sounds():
    """Twelve seconds at 120: a kit, a chord of A minor, and keys that play single tones."""
    rng = np.random.default_rng(4)
    at = np.arange(RATE * 12) / RATE
    drums, keys = np.zeros(at.size), np.zeros(at.size)
    for beat in range(24):
        start = beat * RATE // 2
        for sound, late in ((kick() if beat % 2 == 0 else snare(rng), 0), (hat(rng), RATE // 4)):
            piece = sound[: at.size - start - late]
            drums[start + late : start + late + piece.size] += piece
        played = tone((57, 60, 64, 69, 72, 76, 67, 62)[beat % 8], 0.45)
        keys[start : start + played.size] += played
    pad = 0.1 * sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 261.63, 329.63))
    return {"drums": drums, "pad": pad, "keys": keys}


@pytest.fixture(scope="session")
def tuneful():
    return make_material(_sounds())


@pytest.fixture
def place(db, tuneful):
    return build_studio(tuneful)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """No piece of another test is given back."""
    monkeypatch.setattr(nets, "_kept", Kept(nets.KEPT_AT_MOST))


def asked(place, line="melody", **more):
    targets = {"seconds": 10.0, "line": line}
    return ask_for(place, targets=targets, **more)


def work_off(*kinds):
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    return drain(worker="test", handlers=handlers, clock=timezone.now, stop=lambda: False)


def composed(place, **more):
    variation = asked(place, **more)
    work_off("compose")
    variation.refresh_from_db()
    assert variation.state == State.RENDERING, variation.error_sentence
    return recipes.from_json(variation.recipe)


def streamed(variation):
    parts = [audio_store().open(one.name).read() for one in variation.segments.order_by("index")]
    return np.concatenate([decode_flac(part) for part in parts], axis=1)


def rendered(plan, material):
    """The samples of a recipe by the engine alone, as they are streamed."""
    stems = dict(zip(material.digests, material.audio, strict=True))
    onsets = {
        digest: (np.array(one.onsets, dtype=np.int64), np.array(one.onset_db))
        for digest, one in zip(material.digests, material.measures, strict=True)
    }
    whole = render(plan, stems, onsets, 0, plan.length, with_parts=False, with_windows=False)
    return from_int24(to_int24(whole.audio))


def _its_particulars_name_the_nets_and_who_asked(record, variation):
    told = kept_of(record).value
    assert told["disclosure"]["nets"] == [
        {"net": net, "version": 1, "weights_sha256": SHIPPED[net]} for net in ("line", "mix")
    ]
    assert told["disclosure"]["made_by_model"] == "part"
    assert told["oversight"] == "prompt_guided"
    assert told["request"] == {
        "ref": str(variation.request.pk),
        "sha256": variation.request.request_sha256,
    }
    assert told["job"]["ref"] == str(Job.objects.get(kind="seal").pk)
    assert told["likeness"]["thresholds"] == THRESHOLDS
    assert {"console/1", "struck/2"} <= set(told["engine"]["processors"])
    assert [one["format"] for one in told["files"]] == [one["format"] for one in record.files]


def test_a_melody_that_a_net_wrote_is_played_sealed_and_made_again_without_nets(
    place, tuneful, monkeypatch
):
    variation = asked(place)
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_sentence) == (State.READY, "")
    record = LicenceRecord.objects.get()
    assert 0 < record.model_ppm < 1_000_000
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    plan = recipes.from_json(variation.recipe)
    assert {note.net for note in plan.notes} == {SHIPPED["line"]}
    assert plan.nets == tuple(sorted((SHIPPED["line"], SHIPPED["mix"])))
    assert queries.variation_view(variation.id).model_ppm == record.model_ppm
    _its_particulars_name_the_nets_and_who_asked(record, variation)
    timed = StageTime.objects.exclude(stage__startswith="job ")
    assert {(one.stage, one.digest, one.batch) for one in timed} == {
        ("draft", "", 1),
        ("lines", SHIPPED["line"], 1),
        ("mix", SHIPPED["mix"], 1),
        ("sound", "", 1),
    }
    monkeypatch.setattr(checkpoints, "load", None)
    assert np.array_equal(streamed(variation), rendered(plan, tuneful))


def test_the_same_wishes_and_seed_give_the_same_recipe_whether_kept_or_written_anew(
    place, monkeypatch
):
    first = composed(place, line="all", key="k1")
    count = StageTime.objects.filter(stage="lines").count()
    assert composed(place, line="all", key="k2") == first
    assert StageTime.objects.filter(stage="lines").count() == count == 1
    monkeypatch.setattr(nets, "_kept", Kept(nets.KEPT_AT_MOST))
    assert composed(place, line="all", key="k3") == first
    assert {SHIPPED["drums"], SHIPPED["line"]} <= set(first.nets)


def release_another(folder, net="line", version=2, **changes):
    """The shipped checkpoint with one bit turned, as a later version; its digest."""
    shipped = checkpoints.newest(net)
    name = next(one for one in sorted(shipped.tensors) if shipped.tensors[one].dtype.kind == "i")
    weights = shipped.tensors[name].copy()
    weights.flat[0] ^= 1
    tensors = shipped.tensors | {name: weights}
    card = replace(shipped.card, version=version, **changes)
    path = checkpoints.save(checkpoints.Checkpoint(card, tensors), folder)
    return checkpoints.read_card(path).weights_sha256


def share(**shares):
    return route_net(net="line", shares=shares, reason="A first look.", actor=HANNA, now=NOW)


def test_a_canary_composes_for_its_share_of_requests(place, settings, tmp_path):
    settings.NETS_DIR = tmp_path
    canary = release_another(tmp_path)
    share(**{SHIPPED["line"]: 500, canary: 500})
    seeds = {}
    for seed in range(40):
        wanted = asked_hash(place, seed)
        seeds.setdefault(chosen_for(wanted).of("line").digest, seed)
    assert set(seeds) == {SHIPPED["line"], canary}
    for digest, seed in seeds.items():
        plan = composed(place, key=f"seed {seed}", seed=seed)
        assert {note.net for note in plan.notes} == {digest}


def asked_hash(place, seed):
    """The hash of the request that `asked` makes with that seed."""
    request = check_request(
        mode="remix",
        targets={"seconds": 10.0, "line": "melody"},
        recordings=[str(place.recording.id)],
        seed=seed,
        territory="DE",
        channel="SITE",
    )
    return request.sha256()


def served(line="melody", mode="remix"):
    ask = Ask(mode, seconds=16.0, vocals=False, line=line)
    return nets.compose_served(ask, (full_song(),), Limits(), "a request", timezone.now)


@pytest.mark.django_db
def test_who_asks_for_no_new_notes_gets_what_rules_compose():
    plain = compose(Ask("remix", seconds=16.0, vocals=False), (full_song(),), Limits())
    assert served("none") == plain
    assert plain.nets == ()


@pytest.mark.django_db
def test_where_a_routed_net_does_not_load_the_newest_that_ship_compose_and_say_so(
    settings, tmp_path
):
    settings.NETS_DIR = tmp_path
    share(**{release_another(tmp_path, architecture="line/9"): 1_000})
    made = served()
    assert {note.net for note in made.notes} == {SHIPPED["line"]}
    assert made.remarks.count(nets.INSTEAD) == 1


@pytest.mark.django_db
def test_where_no_net_is_to_be_had_rules_compose_and_say_so(own):
    made = served()
    assert made.nets == ()
    assert {note.net for note in made.notes} == {""}
    assert made.remarks[-1] == nets.BY_RULES


@pytest.mark.django_db
def test_a_warm_worker_holds_every_checkpoint_that_serves_anybody(settings, tmp_path):
    settings.NETS_DIR = tmp_path
    canary = release_another(tmp_path)
    share(**{SHIPPED["line"]: 990, canary: 10})
    nets.warm_up()
    held = nets._shelf(folders()).held
    assert {one.digest for one in held} == {*SHIPPED.values(), canary}
    assert set(held) == set(routed())
    assert Chosen(routed()[:1]).choices[0] in held
