"""What leaves the house: whole objects and ranges, only while permission stands."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.variations.operations import cancel_variation, fail_variation
from licensing.clearance.models import Grant
from licensing.clearance.operations import place_hold, release_hold, withdraw_grant
from licensing.royalties.models import PlaybackToken, Usage
from portal.audio.signing import GOOD_FOR, Leave, expiry, sign
from tests.bent import rewrite
from tests.portal.listeners.made import add_piece, body_of, granted_stage, opened, sealed

NOW = timezone.now()
ACTOR = ("user", "7")


@pytest.fixture
def stage(db):
    return granted_stage()


def _play(client, row):
    answer = client.post(reverse("listeners:play", args=[row.pk]))
    return answer.json() if answer.status_code == 200 else None


def _leave(row, user, piece, **more):
    values = {"playback": "", "expires_at": expiry(timezone.now())} | more
    leave = Leave(str(row.pk), piece, "user", str(user.pk), **values)
    return reverse("audio:serve", args=[sign(leave)])


def test_a_segment_is_what_was_stored_and_says_so(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    body = add_piece(row, 0, NOW)
    answer = client.get(_play(client, row)["segments"][0]["url"])
    assert body_of(answer) == body
    assert answer.headers["Content-Type"] == "audio/flac"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(body))
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_file_comes_in_ranges_under_our_name(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    url = client.get(reverse("listeners:download", args=[row.pk, "flac"])).headers["Location"]
    whole = client.get(url)
    body = body_of(whole)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert 'filename="stemma-tide-remix-' in whole.headers["Content-Disposition"]
    part = client.get(url, headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(body)}"
    assert body_of(part) == body[100:300]
    last = client.get(url, headers={"Range": "bytes=-50"})
    assert body_of(last) == body[-50:]
    behind = client.get(url, headers={"Range": f"bytes={len(body)}-"})
    assert behind.status_code == 416
    assert behind.headers["Content-Range"] == f"bytes */{len(body)}"


@pytest.mark.parametrize(
    ("form", "kind"),
    [("mp3", "audio/mpeg"), ("m4a", "audio/mp4"), ("opus", "audio/ogg; codecs=opus")],
)
def test_every_format_is_saved_under_its_kind_and_others_are_not_there(
    client, paying, stage, form, kind
) -> None:
    row = sealed(paying, stage, NOW)
    url = client.get(reverse("listeners:download", args=[row.pk, form])).headers["Location"]
    answer = client.get(url)
    assert answer.headers["Content-Type"] == kind
    assert f'.{form}"' in answer.headers["Content-Disposition"]
    assert client.get(reverse("listeners:download", args=[row.pk, "wav"])).status_code == 404


def test_a_changed_file_is_sent_whole_to_who_asks_for_a_range_of_the_old(
    client, paying, stage
) -> None:
    url = _leave(sealed(paying, stage, NOW), paying, "file:flac")
    etag = client.get(url).headers["ETag"]
    kept = client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (kept.status_code, other.status_code) == (206, 200)


def test_head_tells_the_size_without_the_sound(client, paying, stage) -> None:
    answer = client.head(_leave(sealed(paying, stage, NOW), paying, "file:mp3"))
    assert int(answer.headers["Content-Length"]) > 15_000
    assert answer.content == b""


@pytest.mark.parametrize("piece", ["segment:99", "file:wav", "file:exe", "stem:0", "segment:x", ""])
def test_what_does_not_exist_is_a_404(client, paying, stage, piece) -> None:
    assert client.get(_leave(sealed(paying, stage, NOW), paying, piece)).status_code == 404


def test_an_address_ends_after_ten_minutes(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    past = _leave(
        row, paying, "segment:0", expires_at=expiry(NOW - GOOD_FOR - timedelta(seconds=1))
    )
    assert client.get(past).status_code == 404
    assert client.get(_leave(row, paying, "segment:0")).status_code == 200


def test_a_changed_letter_in_an_address_is_a_404(client, paying, stage) -> None:
    url = _leave(sealed(paying, stage, NOW), paying, "segment:0")
    for at in range(len("/audio/"), len(url), 11):
        letter = "A" if url[at] != "A" else "B"
        assert client.get(url[:at] + letter + url[at + 1 :]).status_code == 404


def test_a_withdrawn_grant_stops_play_lists_segments_and_files_at_once(
    client, paying, stage
) -> None:
    row = sealed(paying, stage, NOW)
    listed = _play(client, row)
    grant = Grant.objects.filter(stem=stage.drums).first()
    withdraw_grant(grant_id=grant.pk, actor=ACTOR, now=NOW)
    assert _play(client, row) is None
    assert client.get(listed["more"] + "&after=0").status_code == 404
    assert client.get(listed["segments"][0]["url"]).status_code == 404
    assert client.get(_leave(row, paying, "file:flac")).status_code == 404
    assert client.get(reverse("listeners:download", args=[row.pk, "flac"])).status_code == 404
    text = client.get(reverse("listeners:variation", args=[row.pk])).content.decode()
    assert "can no longer be played" in text
    assert client.get(reverse("listeners:licence", args=[row.pk])).status_code == 200


def test_a_hold_stops_sound_until_it_is_released(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    url = _leave(row, paying, "segment:0")
    hold = place_hold(
        target_kind="STEM", target_ref=str(stage.drums.pk), reason="A claim.", actor=ACTOR, now=NOW
    )
    assert client.get(url).status_code == 404
    release_hold(hold_id=hold.pk, actor=ACTOR, now=NOW)
    assert client.get(url).status_code == 200


def test_what_failed_is_not_heard_though_its_record_is_open(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    add_piece(row, 0, NOW)
    listed = _play(client, row)
    fail_variation(variation_id=row.pk, code="internal", sentence="It broke.", now=NOW)
    assert _play(client, row) is None
    assert client.get(listed["segments"][0]["url"]).status_code == 404
    assert client.get(listed["more"] + "&after=0").status_code == 404


def test_what_was_made_before_one_stopped_it_is_still_heard(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    add_piece(row, 0, NOW)
    cancel_variation(variation_id=row.pk, requester=("user", str(paying.pk)), now=NOW)
    listed = _play(client, row)
    assert listed["complete"] is True
    assert client.get(listed["segments"][0]["url"]).status_code == 200


def test_without_a_receipt_thirty_seconds_are_handed_out_and_no_more(client, lea, stage) -> None:
    row = sealed(lea, stage, NOW, seconds=40)
    listed = _play(client, row)
    assert listed["audible"] == 30 * 48_000
    assert listed["complete"] is True
    assert listed["segments"][-1]["end"] == 30 * 48_000
    assert client.get(listed["segments"][-1]["url"]).status_code == 200
    behind = _leave(row, lea, "segment:15", playback=listed["token"])
    assert client.get(behind).status_code == 404


def test_the_play_list_ends_at_the_first_gap(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    for index in (0, 1, 3):
        add_piece(row, index, NOW)
    listed = _play(client, row)
    assert [one["index"] for one in listed["segments"]] == [0, 1]
    assert listed["complete"] is False


def test_more_gives_what_came_after(client, paying, stage) -> None:
    row = opened(paying, stage, NOW)
    add_piece(row, 0, NOW)
    listed = _play(client, row)
    for index in (1, 2, 3):
        add_piece(row, index, NOW)
    later = client.get(f"{listed['more']}&after=1").json()
    assert [one["index"] for one in later["segments"]] == [1, 2, 3]
    assert later["complete"] is True
    assert later["token"] == listed["token"]


def test_shares_of_each_second_sum_to_a_thousand(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    segments = _play(client, row)["segments"]
    assert segments[0]["shares"] == [[750, 250], [750, 250]]
    assert all(sum(second) == 1_000 for one in segments for second in one["shares"])
    credits = client.get(reverse("listeners:credits", args=[row.pk]), {"at_ms": "2500"}).json()
    assert [(one["label"], one["ppm"]) for one in credits["credits"]] == [
        ("Vocals", 750_000),
        ("Drums", 250_000),
    ]


def test_what_was_fetched_is_noted_and_bounds_what_may_be_reported(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    listed = _play(client, row)
    report = {"token": listed["token"], "client_id": "a", "from_ms": "0", "until_ms": "2000"}
    refused = client.post(reverse("listeners:plays"), report).json()
    assert refused["reason"] == "not_fetched"
    client.get(listed["segments"][1]["url"])
    token = PlaybackToken.objects.get()
    assert token.fetched_ms == 4_000
    assert (token.listener_kind, token.listener_ref) == ("user", str(paying.pk))


def test_looking_at_the_size_of_a_piece_is_not_fetching_it(client, paying, stage) -> None:
    listed = _play(client, sealed(paying, stage, NOW))
    assert client.head(listed["segments"][1]["url"]).status_code == 200
    assert PlaybackToken.objects.get().fetched_ms == 0


def test_a_play_that_was_heard_becomes_a_usage(client, paying, stage) -> None:
    row = sealed(paying, stage, NOW)
    listed = _play(client, row)
    for one in listed["segments"]:
        client.get(one["url"])
    rewrite(PlaybackToken.objects.all(), f"issued_at = '{timezone.now() - timedelta(seconds=10)}'")
    report = {"token": listed["token"], "client_id": "a", "from_ms": "0", "until_ms": "8000"}
    assert json.loads(client.post(reverse("listeners:plays"), report).content)["accepted"] is True
    assert Usage.objects.get().record_id == row.record_id


def test_a_report_of_nonsense_is_a_404(client, paying, stage) -> None:
    listed = _play(client, sealed(paying, stage, NOW))
    report = {"token": listed["token"], "client_id": "a", "from_ms": "0", "until_ms": "1"}
    for field in ("from_ms", "until_ms"):
        for value in ("-1", "x", "", "9" * 30):
            answer = client.post(reverse("listeners:plays"), report | {field: value})
            assert answer.status_code == 404, (field, value)


def test_opening_a_play_list_needs_the_same_queries_for_any_length(
    client, paying, stage, django_assert_max_num_queries
) -> None:
    row = sealed(paying, stage, NOW, seconds=40)
    with django_assert_max_num_queries(12):
        _play(client, row)
