"""A variation with an external net's sound, from the request to the record; and who is refused."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import recipe as recipes
from generation.engine.codecs import to_int24
from generation.engine.lines import lines_of
from generation.external import EXTERNAL, cleared_digests
from generation.nets.external import admission
from generation.variations import picture, queries
from generation.variations.models import VariationRequest
from generation.variations.rules import RequestRefused, State
from generation.worker.loop import JobRefused
from generation.worker.outside import laid_under
from generation.worker.stems import load_stem
from licensing.attribution.models import ExternalSource, LicenceRecord
from licensing.attribution.rules import UNATTRIBUTED, paid_lines
from portal.accounts.models import User
from portal.audio.pictures import OUTSIDE, variation_picture
from tests.generation.worker.test_pipeline import work_off
from tests.studio import ask_for

WISH = {"seconds": 12.0, "tempo_bpm": 124.0, "external": ["calm", "pad", "calm"]}


@pytest.fixture
def tone_bed(settings):
    settings.EXTERNAL_NET, settings.EXTERNAL_NET_DIR, settings.COMMERCIAL = "tone-bed", "", True
    return settings


def test_its_share_is_nobodys_and_its_money_goes_to_the_stems(studio, tone_bed):
    variation = ask_for(studio, targets=WISH)
    work_off()
    variation.refresh_from_db()
    assert (variation.state, variation.error_sentence) == (State.READY, "")
    record, source = LicenceRecord.objects.get(), ExternalSource.objects.get()
    plan = recipes.from_json(variation.recipe)
    assert plan.sources[source.position].digest == source.digest
    assert plan.sources[source.position].role == EXTERNAL
    assert (source.net, source.words, source.seed) == ("tone-bed", ["calm", "pad"], 3)
    assert (source.licence, source.commercial_ok) == ("Apache-2.0", True)
    assert source.training_data_note.startswith("It learned from nothing")
    assert not record.sources.filter(digest=source.digest).exists()
    assert sum(record.lines.values_list("ppm", flat=True)) == 1_000_000
    measured = _measured(variation, plan)
    lines, unattributed = paid_lines(measured)
    assert record.unattributed_ppm == unattributed > 1_000
    assert abs(record.model_ppm - unattributed) <= 1
    stems = {one.stem_id: one.digest for one in record.sources.all()}
    assert {stems[one.stem_id]: one.ppm for one in record.lines.all()} == dict(lines)
    _is_told(variation, record, source)


def _measured(variation, plan):
    """The parts again, from the stored tables alone."""
    rows = list(variation.segments.order_by("index"))
    stems = len(cleared_digests(plan))
    table = np.concatenate([np.frombuffer(bytes(r.windows)).reshape(-1, stems) for r in rows])
    beside = np.concatenate([np.frombuffer(bytes(r.outside)) for r in rows])
    digest = hashlib.sha256(table.tobytes() + beside.tobytes()).hexdigest()
    assert variation.record.windows_sha256 == digest
    whole = np.column_stack([table, beside])
    return lines_of(whole, [*cleared_digests(plan), UNATTRIBUTED])


def _is_told(variation, record, source):
    """On the licence page, in the picture, and by the labels."""
    view, table = queries.variation_view(variation.id), picture.stemma_table(variation.id)
    assert sum(table.outside) > 0
    drawn = variation_picture(view, table)
    assert [one.label for one in drawn.streams if one.is_model] == [OUTSIDE]
    assert "the sound of an external net" in drawn.title
    assert sum(one.ppm for one in queries.credits_of(variation.id)) == 1_000_000
    assert sum(one.ppm for one in queries.credits_at(variation.id, 3_000)) == 1_000_000
    user = User.objects.create_user("lea@example.org", None, display_name="Lea", country="DE")
    VariationRequest.objects.filter(pk=variation.request_id).update(requester_ref=str(user.pk))
    client = Client()
    client.force_login(user)
    page = client.get(reverse("listeners:licence", args=[variation.pk])).content.decode()
    share = f"{record.unattributed_ppm // 10_000}.{record.unattributed_ppm % 10_000:04} %"
    assert f"{share} of what is heard was made by this model and is UNATTRIBUTED" in page
    assert "attribution: conditioning only" in page
    for said in (source.digest, source.version, "calm, pad; seed 3", "It learned from nothing"):
        assert said in page


def test_a_listener_asks_for_it_on_a_recordings_page_and_it_is_laid_under(studio, tone_bed, client):
    client.force_login(User.objects.create_user("lea@example.org", None, country="DE"))
    address = reverse("listeners:recording", args=[studio.recording.id])
    form = client.get(address).content.decode()
    for said in ("A sound by Tone bed", "Apache-2.0; commercial use free", UNATTRIBUTED,
                 "It learned from nothing", 'name="external" value="calm"'):  # fmt: skip
        assert said in form
    wish = {"mode": "remix", "recording": str(studio.recording.id), "length": "30", "seed": "3"}
    answer = client.post(reverse("listeners:ask"), wish | {"external": ["pad", "calm"]})
    assert answer.status_code == 302
    work_off(kinds=["compose"])
    source = ExternalSource.objects.get()
    assert (source.net, source.words, source.seed) == ("tone-bed", ["pad", "calm"], 3)
    assert answer.url == reverse("listeners:variation", args=[source.record.subject_ref])


def test_what_is_stored_is_what_the_digest_names(studio, tone_bed):
    variation = ask_for(studio, targets=WISH)
    work_off(kinds=["compose"])
    source = ExternalSource.objects.get(record__subject_ref=str(variation.id))
    sound = load_stem(source.digest)
    pcm = np.ascontiguousarray(to_int24(np.asarray(sound))).view(np.uint8).reshape(-1, 4)[:, :3]
    assert hashlib.sha256(pcm.tobytes()).hexdigest() == source.digest


def test_where_no_net_is_set_up_it_cannot_be_wished_for(studio):
    with pytest.raises(RequestRefused, match="No external net is set up here") as refused:
        ask_for(studio, targets=WISH)
    assert (refused.value.code, refused.value.field) == ("no_external_net", "external")


@pytest.mark.parametrize("words", [["like somebody"], "calm", [], ["calm"] * 7, [3]])
def test_only_words_of_the_list_are_taken(studio, tone_bed, words):
    if not words:
        assert "external" not in ask_for(studio, targets=WISH | {"external": words}).request.targets
        return
    with pytest.raises(RequestRefused, match="1 to 6 words of: ambient"):
        ask_for(studio, targets=WISH | {"external": words})


def test_weights_free_on_conditions_are_refused_at_the_door_and_in_the_worker(
    studio, settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(admission, "find_spec", lambda name: name)
    (tmp_path / admission.INDEX).write_text("{}")
    settings.EXTERNAL_NET, settings.EXTERNAL_NET_DIR = "stable-audio", str(tmp_path)
    settings.COMMERCIAL = True
    with pytest.raises(RequestRefused, match="this deployment is commercial"):
        ask_for(studio, targets=WISH)
    with pytest.raises(JobRefused, match="this deployment is commercial"):
        laid_under(SimpleNamespace(), ["calm"], 1, timezone.now)
    assert not ExternalSource.objects.exists()
