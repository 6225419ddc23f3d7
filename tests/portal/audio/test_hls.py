"""HLS over HTTP: for whoever may hear it, made on request, counted like every other fetch."""

import re
from datetime import timedelta

import av
import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from generation.engine.hls import SEGMENT_SAMPLES
from generation.variations import encodings
from generation.variations.operations import cancel_variation, fail_variation
from generation.work.models import Job
from generation.worker.encoding import encode
from generation.worker.loop import drain
from generation.worker.orphans import sweep_orphans
from licensing.catalog.store import list_shard
from licensing.clearance.models import Grant
from licensing.clearance.operations import place_hold, release_hold, withdraw_grant
from licensing.royalties.models import PlaybackToken, Usage
from portal.audio import hls
from portal.audio.playlists import Playback
from portal.audio.signing import Leave, expiry, sign
from tests.bent import rewrite
from tests.portal.listeners.made import add_piece, body_of, granted_stage, opened, sealed, tone

NOW = timezone.now()
ACTOR = ("user", "7")


@pytest.fixture
def stage(db, settings, tmp_path, monkeypatch):
    """Who waits for a segment does not wait in these tests: no worker runs beside them."""
    monkeypatch.setattr(hls, "WAIT_S", 0.0)
    audio = settings.STORAGES["audio"] | {"OPTIONS": {"location": str(tmp_path / "audio")}}
    settings.STORAGES = settings.STORAGES | {"audio": audio}
    return granted_stage()


def _work():
    kinds = dict.fromkeys(encodings.KINDS, encode)
    return drain(worker="test", handlers=kinds, clock=timezone.now, stop=lambda: False)


def _master(client, row) -> str:
    return client.post(reverse("listeners:play", args=[row.pk])).json()["hls"]


def _folder(master: str, form: str = "aac") -> str:
    return master.removesuffix("master.m3u8") + form


def _made(client, address: str) -> bytes:
    """The segment at that address, after a worker had a turn."""
    first = client.get(address)
    if first.status_code == 503:
        assert first.headers["Retry-After"] == "1"
        assert _work() == 1
        first = client.get(address)
    assert first.status_code == 200
    return body_of(first)


def _names(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.endswith(".m4s")]


def _addresses(master: str) -> list[str]:
    folders = [_folder(master, form) for form in ("aac", "flac")]
    parts = ("index.m3u8", "init.mp4", "0.m4s")
    lossless = master.replace("master.m3u8", "lossless.m3u8")
    return [master, lossless, *(f"{folder}/{part}" for folder in folders for part in parts)]


@pytest.mark.parametrize("form", ["aac", "flac"])
def test_a_plain_client_plays_a_variation_from_its_first_sample_to_its_last(
    client, paying, stage, tmp_path, form
) -> None:
    row = sealed(paying, stage, NOW)
    folder = _folder(_master(client, row), form)
    listed = client.get(f"{folder}/index.m3u8").content.decode()
    assert "#EXT-X-ENDLIST" in listed
    (tmp_path / "index.m3u8").write_text(listed)
    (tmp_path / "init.mp4").write_bytes(client.get(f"{folder}/init.mp4").content)
    for name in _names(listed):
        (tmp_path / name).write_bytes(_made(client, f"{folder}/{name}"))
    with av.open(str(tmp_path / "index.m3u8"), options={"allowed_extensions": "ALL"}) as played:
        frames = [one.to_ndarray() for one in played.decode(audio=0)]
    meant = tone(0, row.length)
    if form == "flac":
        sound = np.concatenate([one.reshape(-1, 2) for one in frames]).T / 2.0**31
        assert sound.shape == meant.shape
        assert np.abs(sound - meant).max() <= 2.0**-23
    else:
        sound = np.concatenate(frames, axis=1)[:, : row.length]
        assert sound.shape == meant.shape
        assert np.mean((sound - meant) ** 2) < 1e-5 * np.mean(meant**2)


@pytest.mark.parametrize(("name", "form"), [("master", "aac"), ("lossless", "flac")])
def test_a_master_play_list_leads_to_one_codec_and_no_other(
    client, paying, stage, name, form
) -> None:
    """Chromium ends a stream whose codec changes, so there is nothing to change to."""
    master = _master(client, sealed(paying, stage, NOW))
    answer = client.get(master.replace("master.m3u8", f"{name}.m3u8"))
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    led_to = re.findall(r"^(\w+)/index\.m3u8$", answer.content.decode(), re.MULTILINE)
    assert led_to == [form]
    assert client.get(f"{_folder(master, form)}/index.m3u8").status_code == 200


def test_a_play_list_grows_with_the_pieces_and_ends_with_the_last(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    for index in (0, 1):
        add_piece(row, index, NOW)
    address = f"{_folder(_master(client, row))}/index.m3u8"
    before = client.get(address).content.decode()
    assert _names(before) == ["0.m4s"]
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in before
    assert "#EXT-X-ENDLIST" not in before
    for index in (2, 3):
        add_piece(row, index, NOW)
    after = client.get(address).content.decode()
    assert after.startswith(before)
    assert "#EXT-X-ENDLIST" in after
    assert len(_names(after)) == -(-row.length // SEGMENT_SAMPLES)


def test_a_segment_not_there_yet_is_a_404(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    add_piece(row, 0, NOW)
    folder = _folder(_master(client, row))
    for name in ("0.m4s", "1.m4s", "99.m4s"):
        assert client.get(f"{folder}/{name}").status_code == 404
    assert not Job.objects.filter(kind__in=encodings.KINDS).exists()


def test_what_was_stopped_ends_where_it_was_made_to(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    add_piece(row, 0, NOW)
    cancel_variation(variation_id=row.pk, requester=("user", str(paying.pk)), now=NOW)
    folder = _folder(_master(client, row))
    listed = client.get(f"{folder}/index.m3u8").content.decode()
    assert "#EXTINF:2.000000,\n0.m4s\n#EXT-X-ENDLIST" in listed
    assert _made(client, f"{folder}/0.m4s")


def test_a_segment_is_made_once_for_all_who_ask(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    first = _made(client, f"{_folder(_master(client, row))}/1.m4s")
    answer = client.get(f"{_folder(_master(client, row))}/1.m4s")
    assert answer.status_code == 200
    assert body_of(answer) == first
    assert Job.objects.filter(kind="encode_aac").count() == 1


def test_segments_nobody_made_for_a_day_are_swept_and_made_again(client, paying, stage) -> None:
    address = f"{_folder(_master(client, sealed(paying, stage, NOW)))}/0.m4s"
    first = _made(client, address)
    later = timezone.now() + timedelta(days=1, minutes=1)
    shards = [f"{number:02x}" for number in range(256)]
    stored = [name for shard in shards for name in list_shard(shard) if name.startswith("hls/")]
    swept = [name for shard in shards for name in sweep_orphans(shard=shard, now=later)]
    assert len(stored) == 1
    assert stored == [name for name in swept if name.startswith("hls/")]
    assert client.get(address).status_code == 503
    assert _made(client, address) == first


def test_a_fetched_segment_is_noted_under_the_token_and_a_look_at_it_is_not(
    client, paying, stage
) -> None:
    folder = _folder(_master(client, sealed(paying, stage, NOW)))
    client.get(f"{folder}/index.m3u8")
    client.get(f"{folder}/1.m4s")
    assert PlaybackToken.objects.get().fetched_ms == 0
    _work()
    assert client.head(f"{folder}/1.m4s").status_code == 200
    assert PlaybackToken.objects.get().fetched_ms == 0
    assert client.get(f"{folder}/1.m4s").status_code == 200
    assert PlaybackToken.objects.get().fetched_ms == 2 * SEGMENT_SAMPLES * 1000 // 48_000


def test_a_play_by_hls_becomes_a_usage_like_any_other(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    opened_now = client.post(reverse("listeners:play", args=[row.pk])).json()
    folder = _folder(opened_now["hls"])
    for name in _names(client.get(f"{folder}/index.m3u8").content.decode()):
        _made(client, f"{folder}/{name}")
    token = PlaybackToken.objects.get()
    assert token.fetched_ms == token.duration_ms
    rewrite(PlaybackToken.objects.all(), f"issued_at = '{timezone.now() - timedelta(seconds=10)}'")
    report = {"token": opened_now["token"], "client_id": "a", "from_ms": "0", "until_ms": "8000"}
    assert client.post(reverse("listeners:plays"), report).json()["accepted"] is True
    assert Usage.objects.get().record_id == row.record_id


def test_without_a_receipt_the_stream_ends_after_thirty_seconds(client, lea, stage) -> None:
    folder = _folder(_master(client, sealed(lea, stage, NOW, seconds=40)))
    listed = client.get(f"{folder}/index.m3u8").content.decode()
    lengths = [float(one) for one in re.findall(r"#EXTINF:([\d.]+)", listed)]
    assert sum(lengths) == pytest.approx(30.0, abs=1e-6)
    assert "#EXT-X-ENDLIST" in listed
    last = len(lengths) - 1
    assert client.get(f"{folder}/{last + 1}.m4s").status_code == 404
    _made(client, f"{folder}/{last}.m4s")
    assert PlaybackToken.objects.get().fetched_ms == 30_000


def test_a_withdrawn_grant_stops_every_address_at_once(client, paying, stage) -> None:
    master = _master(client, sealed(paying, stage, NOW))
    for form in ("aac", "flac"):
        _made(client, f"{_folder(master, form)}/0.m4s")
    assert {client.get(one).status_code for one in _addresses(master)} == {200}
    withdraw_grant(grant_id=Grant.objects.filter(stem=stage.drums).first().pk, actor=ACTOR, now=NOW)
    assert {client.get(one).status_code for one in _addresses(master)} == {404}


def test_a_hold_stops_a_segment_that_is_wanted_and_nothing_is_encoded(
    client, paying, stage
) -> None:
    address = f"{_folder(_master(client, sealed(paying, stage, NOW)))}/0.m4s"
    assert client.get(address).status_code == 503
    hold = place_hold(
        target_kind="STEM", target_ref=str(stage.drums.pk), reason="A claim.", actor=ACTOR, now=NOW
    )
    assert _work() == 1
    assert client.get(address).status_code == 404
    release_hold(hold_id=hold.pk, actor=ACTOR, now=NOW)
    assert client.get(address).status_code == 503


def test_what_failed_is_not_heard(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    for index in (0, 1):
        add_piece(row, index, NOW)
    master = _master(client, row)
    fail_variation(variation_id=row.pk, code="internal", sentence="It broke.", now=NOW)
    assert {client.get(one).status_code for one in _addresses(master)} == {404}


def test_an_address_is_nothing_to_anybody_else(client, paying, stage, make_user) -> None:
    master = _master(client, sealed(paying, stage, NOW))
    client.logout()
    assert {client.get(one).status_code for one in _addresses(master)} == {404}
    client.force_login(make_user("Max"))
    assert {client.get(one).status_code for one in _addresses(master)} == {404}


def test_an_address_ends_with_its_playback(client, paying, stage) -> None:
    master = _master(client, sealed(paying, stage, NOW))
    over = timezone.now() - timedelta(seconds=1)
    times = f"issued_at = '{over - timedelta(hours=1)}', expires_at = '{over}'"
    rewrite(PlaybackToken.objects.all(), times)
    assert {client.get(one).status_code for one in _addresses(master)} == {404}


def test_the_time_in_an_address_is_that_of_its_playback(paying, stage, client) -> None:
    row = sealed(paying, stage, NOW)
    _master(client, row)
    token = PlaybackToken.objects.get()
    token.expires_at = timezone.now() - timedelta(seconds=2)
    late = hls.master_address(row.pk, Playback(token, "any"))
    assert {client.get(one).status_code for one in _addresses(late)} == {404}


def test_leave_for_one_thing_is_no_leave_for_another(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    playback = client.post(reverse("listeners:play", args=[row.pk])).json()["token"]
    given = {
        piece: sign(
            Leave(str(row.pk), piece, "user", str(paying.pk), playback, expiry(timezone.now()))
        )
        for piece in ("hls", "segment:0")
    }
    assert client.get(reverse("audio:serve", args=[given["hls"]])).status_code == 404
    other = reverse("audio:hls_master", args=[given["segment:0"]])
    assert {client.get(one).status_code for one in _addresses(other)} == {404}
    assert client.get(reverse("audio:hls_master", args=[given["hls"]])).status_code == 200


def test_a_codec_that_is_not_offered_is_a_404(client, paying, stage) -> None:
    master = _master(client, sealed(paying, stage, NOW))
    for part in ("index.m3u8", "init.mp4", "0.m4s"):
        assert client.get(f"{_folder(master, 'mp3')}/{part}").status_code == 404


def test_a_play_list_needs_the_same_queries_for_any_length(
    client, paying, stage, django_assert_max_num_queries
) -> None:
    folder = _folder(_master(client, sealed(paying, stage, NOW, seconds=60)))
    with django_assert_max_num_queries(8):
        client.get(f"{folder}/index.m3u8")
