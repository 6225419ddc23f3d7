"""A notice from the street to its end: who hears what, who reads what, and what plays meanwhile."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from licensing.attribution.queries import may_serve
from licensing.compliance.models import Takedown
from licensing.compliance.rules import ANSWER_WITHIN
from tests.portal.listeners.made import body_of

WORDS, MAIL = "I played these drums in 1987.", "dora@example.org"


@pytest.fixture
def done(django_capture_on_commit_callbacks):
    """Posts, and lets the mails go out."""

    def post(browser, path, facts=None):
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(path, facts or {})

    return post


def page_of(row, deed=""):
    return f"/admin/compliance/takedown/{row.pk}/{deed}"


def served(listener, heard, told):
    """What a play list, a segment and a file of a variation answer: their codes."""
    place = f"/listen/variations/{heard.pk}/"
    with_file = listener.get(f"{place}download/flac/", follow=True)
    return (
        listener.post(f"{place}play/").status_code,
        listener.get(told["segments"][0]["url"]).status_code,
        with_file.status_code,
    )


def started(listener, heard):
    told = json.loads(listener.post(f"/listen/variations/{heard.pk}/play/").content)
    assert body_of(listener.get(told["segments"][0]["url"]))
    return told


def mails_to(address):
    return [one for one in mail.outbox if one.to == [address]]


def test_a_notice_blocks_at_once_when_a_person_says_so_and_its_rejection_lets_play_again(
    heard, stage, listener, artist, other_artist, desk, give_notice, done
):
    told = started(listener, heard)
    here = f"/listen/variations/{heard.pk}/"
    answer = give_notice(f"http://127.0.0.1:8000{here}", stem=str(stage.drums.pk))
    status_at = answer.url
    row = Takedown.objects.get()
    assert (row.target_kind, row.target_ref) == ("STEM", str(stage.drums.pk))
    (receipt,) = mails_to(MAIL)
    assert row.reference in receipt.body
    assert status_at in receipt.body
    assert WORDS not in receipt.body, "a mail to a typed address repeats nothing that was typed"
    assert served(listener, heard, told) == (200, 200, 200), "an unread notice blocks nothing"
    assert artist.get(f"/artists/notices/{row.pk}/").status_code == 404, "nobody was asked yet"

    assert "Takedown notices" in desk.get("/admin/").content.decode()
    assert WORDS in desk.get(page_of(row, "change/")).content.decode()
    assert done(desk, page_of(row, "block/")).status_code == 302
    assert served(listener, heard, told) == (404, 404, 404)
    for address in ("ana@example.org", "ben@example.org"):
        (asked,) = mails_to(address)
        assert f"/artists/notices/{row.pk}/" in asked.body
        assert "Nothing that rests on it plays" in asked.body
        assert MAIL not in asked.body + asked.subject

    page = artist.get(f"/artists/notices/{row.pk}/").content.decode()
    assert "Dora Lund" in page
    assert WORDS in page
    assert MAIL not in page
    assert (
        f"/artists/notices/{row.pk}/"
        in artist.get(f"/artists/recordings/{stage.tide.pk}/").content.decode()
    )
    said = {"party": str(stage.ana.pk), "statement": "We recorded them in May."}
    assert done(artist, f"/artists/notices/{row.pk}/", said).status_code == 302
    assert "We recorded them in May." in artist.get(f"/artists/notices/{row.pk}/").content.decode()
    for elsewhere in (other_artist.get(f"/artists/notices/{row.pk}/"), Client().get(status_at)):
        assert elsewhere.status_code == 200
        assert "We recorded them in May." not in elsewhere.content.decode()
    assert "We recorded them in May." in desk.get(page_of(row, "change/")).content.decode()

    assert done(desk, page_of(row, "reject/"), {"reasons": "The session is documented."}).url
    assert served(listener, heard, told) == (200, 200, 200)
    for address in (MAIL, "ana@example.org", "ben@example.org"):
        assert "The session is documented." in mails_to(address)[-1].body
    assert "The session is documented." in Client().get(status_at).content.decode()


def test_what_is_upheld_stays_silent_and_a_second_look_brings_it_back(
    heard, stage, listener, artist, desk, second_desk, give_notice, done, monkeypatch
):
    told = started(listener, heard)
    status_at = give_notice(f"/listen/recordings/{stage.tide.pk}/").url
    row = Takedown.objects.get()
    done(desk, page_of(row, "ask/"))
    assert served(listener, heard, told) == (200, 200, 200), "asking blocks nothing"
    done(desk, page_of(row, "block/"))
    assert [one.subject for one in mails_to("ana@example.org")] == [
        "Somebody gave notice about “Tide”", "Blocked until it is decided: “Tide”",
    ]  # fmt: skip
    early = done(desk, page_of(row, "uphold/"), {"reasons": "The contract."})
    assert "Holders may answer until" in early.content.decode()
    later = timezone.now() + ANSWER_WITHIN
    with monkeypatch.context() as a_week_on:
        a_week_on.setattr("django.utils.timezone.now", lambda: later)
        upheld = done(desk, page_of(row, "uphold/"), {"reasons": "The contract."})
    assert upheld.status_code == 302
    assert served(listener, heard, told) == (404, 404, 404)
    assert "Upheld: it is blocked" in Client().get(status_at).content.decode()

    ask = {"party": str(stage.ana.pk), "statement": "It was bought back in 2001."}
    assert done(artist, f"/artists/notices/{row.pk}/", ask).status_code == 302
    again = {"outcome": "CHANGED", "reasons": "It was bought back."}
    same = done(desk, page_of(row, "look-again/"), again)
    assert "Somebody else than who upheld it" in same.content.decode()
    assert served(listener, heard, told) == (404, 404, 404)
    assert done(second_desk, page_of(row, "look-again/"), again).status_code == 302
    assert served(listener, heard, told) == (200, 200, 200)
    assert "It was bought back." in mails_to(MAIL)[-1].body
    assert "It plays again: It was bought back." in Client().get(status_at).content.decode()


def test_a_claimant_withdraws_by_their_link_once_and_the_holders_are_told(
    heard, stage, desk, artist, give_notice, done
):
    status_at = give_notice(f"/listen/variations/{heard.pk}/licence/").url
    row = Takedown.objects.get()
    done(desk, page_of(row, "block/"))
    assert not may_serve(heard.record_id, timezone.now())
    assert done(Client(), f"{status_at}withdraw/").status_code == 302
    assert may_serve(heard.record_id, timezone.now())
    assert "withdrawn" in mails_to("ana@example.org")[-1].body
    page = done(Client(), f"{status_at}withdraw/")
    again = Client().get(page.url)
    assert "Withdraw this notice" not in again.content.decode()
    assert Takedown.objects.get().state == "WITHDRAWN"


def test_holders_who_were_not_asked_are_not_troubled_by_a_rejection(
    stage, artist, desk, give_notice, done
):
    give_notice(f"/listen/recordings/{stage.tide.pk}/")
    row = Takedown.objects.get()
    assert done(desk, page_of(row, "reject/"), {"reasons": "It names no right."}).status_code == 302
    assert mails_to("ana@example.org") == []
    assert "It names no right." in mails_to(MAIL)[-1].body
    assert "Notices" not in artist.get(f"/artists/recordings/{stage.tide.pk}/").content.decode()
