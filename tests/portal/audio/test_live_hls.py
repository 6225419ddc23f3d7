"""A plain HLS client of a live session: what is listed slides with the clock and never changes."""

import re
from datetime import timedelta
from itertools import islice

import av
import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from generation.engine.hls import AAC_FRAME, FLAC_FRAME, SEGMENT_SAMPLES
from generation.sessions import listing
from generation.sessions.models import LiveSession
from generation.sessions.operations import end_session
from generation.variations import encodings
from generation.worker.encoding import encode
from generation.worker.loop import drain
from licensing.clearance.models import Grant
from licensing.clearance.operations import withdraw_grant
from licensing.royalties.models import PlaybackToken, Usage
from portal.audio import hls
from portal.audio.live import open_live
from tests.bent import rewrite
from tests.portal.listeners.made import body_of, granted_stage, named, tone
from tests.portal.listeners.sounding import begun, pass_time, rendered, sounding, written

TURN = SEGMENT_SAMPLES / 48_000


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


def _folder(session, listener, form="aac") -> str:
    playback = open_live(session, named(listener), client_key="test", now=timezone.now())
    return hls.live_address(session.id, playback).replace("master.m3u8", form)


def _index(client, folder) -> str:
    answer = client.get(f"{folder}/index.m3u8")
    assert answer.status_code == 200
    return answer.content.decode()


def _numbers(text: str) -> list[int]:
    return [int(one) for one in re.findall(r"^(\d+)\.m4s$", text, re.MULTILINE)]


def _first(text: str) -> int:
    return int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)[1])


def _made(client, address) -> bytes:
    answer = client.get(address)
    if answer.status_code == 503:
        assert _work() == 1
        answer = client.get(address)
    assert answer.status_code == 200
    return body_of(answer)


@pytest.mark.parametrize("form", ["aac", "flac"])
def test_a_plain_client_follows_a_list_that_slides(client, paying, stage, tmp_path, form) -> None:
    session = sounding(paying, stage)
    folder = _folder(session, paying, form)
    lists, sizes = [], {}
    (tmp_path / "init.mp4").write_bytes(client.get(f"{folder}/init.mp4").content)
    while not lists or _numbers(lists[-1])[-1] < 11:
        lists.append(_index(client, folder))
        for number in _numbers(lists[-1]):
            if number not in sizes:
                body = _made(client, f"{folder}/{number}.m4s")
                sizes[number] = (tmp_path / f"{number}.m4s").write_bytes(body)
        pass_time(session, TURN)
    firsts = [_first(one) for one in lists]
    assert firsts == sorted(firsts)
    assert firsts[-1] > 0
    assert sorted(sizes) == list(range(len(sizes)))
    for text in lists:
        assert _numbers(text) == list(range(_first(text), _first(text) + len(_numbers(text))))
        assert len(_numbers(text)) <= listing.WINDOW
        assert "PLAYLIST-TYPE" not in text
        assert "#EXT-X-ENDLIST" not in text
    (tmp_path / "index.m3u8").write_text(lists[-1])
    begin, heard = _decoded(tmp_path / "index.m3u8", form, listing.WINDOW)
    meant = tone(begin, begin + heard.shape[1])
    if form == "flac":
        assert begin == firsts[-1] * SEGMENT_SAMPLES
        assert heard.shape[1] == listing.WINDOW * SEGMENT_SAMPLES
        assert np.abs(heard - meant).max() <= 2.0**-23
    else:
        # A decoder has its memory right one frame after it begins.
        assert begin == firsts[-1] * SEGMENT_SAMPLES + AAC_FRAME
        assert heard.shape[1] == listing.WINDOW * SEGMENT_SAMPLES - AAC_FRAME
        assert np.mean((heard - meant) ** 2) < 1e-6 * np.mean(meant**2)


def _decoded(address, form, segments: int) -> tuple[int, np.ndarray]:
    """What FFmpeg plays of the segments of a list without an end, and the sample it begins with."""
    frames = []
    options = {"allowed_extensions": "ALL", "live_start_index": "0"}
    packets = segments * SEGMENT_SAMPLES // {"aac": AAC_FRAME, "flac": FLAC_FRAME}[form]
    with av.open(str(address), options=options) as played:
        for packet in islice(played.demux(audio=0), packets):
            frames += packet.decode()
    sounds = [one.to_ndarray() for one in frames]
    if form == "flac":
        return frames[0].pts, np.concatenate([one.reshape(-1, 2) for one in sounds]).T / 2.0**31
    return frames[0].pts, np.concatenate(sounds, axis=1)


def _last(session, now) -> int:
    found = listing.list_ahead(session_id=session.id, now=now)
    return listing.window_of(found.listed)[-1]


def test_however_often_it_is_asked_for_the_list_goes_with_the_clock(paying, stage) -> None:
    session, lead = sounding(paying, stage, 20), listing.LEAD // SEGMENT_SAMPLES
    began = session.heard_at
    assert {_last(session, began) for _ in range(5)} == {lead - 1}
    ends = [_last(session, began + timedelta(seconds=TURN * step / 8)) for step in range(25)]
    assert ends == [lead - 1 + step // 8 for step in range(25)]


def test_a_list_waits_for_one_who_was_away(paying, stage) -> None:
    session = sounding(paying, stage, 20)
    before = _last(session, session.heard_at)
    after = _last(session, session.heard_at + timedelta(minutes=5))
    assert after - before == listing.STRIDE // SEGMENT_SAMPLES
    assert after - before < listing.WINDOW


def test_each_list_has_what_follows_made(client, paying, stage) -> None:
    session = begun(paying)
    written(session, stage, 0, 40)
    rendered(session, stage, range(5))
    session.refresh_from_db()
    folder = _folder(session, paying)
    assert _numbers(_index(client, folder)) == [0, 1]
    session.refresh_from_db()
    assert session.handed == session.listed == 5 * 48_000
    rendered(session, stage, range(5, 10))
    assert _numbers(_index(client, folder)) == [0, 1, 2, 3]


def test_what_was_listed_keeps_its_sound_through_a_change(client, paying, stage) -> None:
    session = sounding(paying, stage)
    folder = _folder(session, paying, "flac")
    before = _numbers(_index(client, folder))
    session.refresh_from_db()
    asked = [listing.wanted_segment(session, "flac", one, timezone.now()) for one in before]
    seconds = session.listed // 48_000
    assert written(session, stage, seconds, seconds + 8, because="steered") is None
    section = written(session, stage, seconds + 1, seconds + 40, because="steered")
    assert section is not None
    rendered(session, stage, range(seconds, seconds + 20))
    assert asked == [listing.wanted_segment(session, "flac", one, timezone.now()) for one in before]
    pass_time(session, 2 * TURN)
    after = _numbers(_index(client, folder))
    assert after[: len(before)] == before
    session.refresh_from_db()
    newest = listing.wanted_segment(session, "flac", after[-1], timezone.now())
    new = session.segments.filter(version=section.index).values_list("name", flat=True)
    assert {piece[2] for piece in newest.pieces} <= set(new)


def test_a_fetched_segment_starts_its_minutes_and_a_list_none(client, paying, stage) -> None:
    session = sounding(paying, stage, seconds=70)
    LiveSession.objects.update(handed=66 * 48_000, heard=None)
    folder = _folder(session, paying)
    across = 60 * 48_000 // SEGMENT_SAMPLES
    assert across in _numbers(_index(client, folder))
    client.get(f"{folder}/{across}.m4s")
    assert not Usage.objects.exists()
    _work()
    assert client.head(f"{folder}/{across}.m4s").status_code == 200
    assert not Usage.objects.exists()
    assert client.get(f"{folder}/{across}.m4s").status_code == 200
    assert sorted(Usage.objects.values_list("minute", flat=True)) == [0, 1]
    assert Usage.objects.first().token == PlaybackToken.objects.get()


def test_one_that_is_over_closes_its_list_and_lists_no_more(client, paying, stage) -> None:
    session = sounding(paying, stage, 16)
    folder = _folder(session, paying)
    before = _numbers(_index(client, folder))
    end_session(session_id=session.id, now=timezone.now())
    pass_time(session, 10)
    text = _index(client, folder)
    assert _numbers(text) == before
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert client.get(f"{folder}/{before[-1] + 1}.m4s").status_code == 404


def test_without_a_receipt_nothing_more_is_listed_or_fetched(client, lea, paying, stage) -> None:
    session = sounding(paying, stage, 16)
    folder = _folder(session, paying)
    LiveSession.objects.update(requester_ref="somebody-who-stopped-paying")
    rewrite(PlaybackToken.objects.all(), "payer_ref = 'somebody-who-stopped-paying'")
    text = _index(client, folder)
    assert (_numbers(text), "#EXT-X-ENDLIST" in text) == ([], False)
    session.refresh_from_db()
    assert session.handed == session.listed == 0
    LiveSession.objects.update(listed=5 * 48_000)
    client.get(f"{folder}/0.m4s")
    _work()
    assert client.get(f"{folder}/0.m4s").status_code == 404
    assert not Usage.objects.exists()


def test_a_withdrawn_stem_stops_list_and_segments_at_once(client, paying, stage) -> None:
    session = sounding(paying, stage, 16)
    folder = _folder(session, paying)
    before = _numbers(_index(client, folder))
    _made(client, f"{folder}/0.m4s")
    for grant in Grant.objects.filter(stem=stage.drums):
        withdraw_grant(grant_id=grant.pk, actor=("user", "7"), now=timezone.now())
    pass_time(session, 2 * TURN)
    assert _numbers(_index(client, folder)) == before
    for number in before:
        assert client.get(f"{folder}/{number}.m4s").status_code == 404
    assert _work() == 0


def test_an_address_is_nothing_to_anybody_else(client, paying, stage, make_user) -> None:
    session = sounding(paying, stage, 16)
    folder = _folder(session, paying)
    _index(client, folder)
    _made(client, f"{folder}/0.m4s")
    parts = ("index.m3u8", "init.mp4", "0.m4s")
    addresses = [f"{folder}/{part}" for part in parts]
    addresses.append(folder.removesuffix("aac") + "master.m3u8")
    assert {client.get(one).status_code for one in addresses} == {200}
    client.force_login(make_user("Max"))
    assert {client.get(one).status_code for one in addresses} == {404}
    client.logout()
    assert {client.get(one).status_code for one in addresses} == {404}
    client.force_login(paying)
    rewrite(PlaybackToken.objects.all(), f"expires_at = '{timezone.now()}'")
    assert {client.get(one).status_code for one in addresses} == {404}


def test_the_players_list_names_the_way_for_other_clients(client, paying, stage) -> None:
    session = sounding(paying, stage)
    listed = client.post(reverse("listeners:live_play", args=[session.id])).json()
    assert "aac/index.m3u8" in client.get(listed["hls"]).content.decode()
