"""The form and the page behind its link: one sentence per error, throttled, and no stranger in."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from licensing.compliance.models import Takedown
from licensing.compliance.operations import decide_takedown
from portal.verify.links import address_of, token_of
from tests.licensing.compliance.told import ask, told


def test_pages_lead_to_the_form_with_the_address_filled_in(heard, stage, listener):
    licence = listener.get(f"/listen/variations/{heard.pk}/licence/").content.decode()
    whole = f"/notices/?about=/listen/variations/{heard.pk}/"
    assert f'href="{whole}"' in licence
    assert f'href="{whole}&amp;stem={stage.drums.pk}"' in licence
    recording = f"/listen/recordings/{stage.tide.pk}/"
    assert f"/notices/?about={recording}" in listener.get(recording).content.decode()
    assert 'href="/notices/"' in Client().get("/").content.decode()
    form = Client().get(f"{whole}&stem={stage.drums.pk}").content.decode()
    assert f'value="/listen/variations/{heard.pk}/"' in form
    assert "one stem alone" in form
    assert "Drums" not in form, "who has an address reads no title here"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"about": ""}, "Paste the address of the page that it is about."),
        ({"about": "my song"}, "Nothing of ours is at this address."),
        ({"stem": "00000000-0000-4000-8000-000000000000"}, "The stem is not in this"),
        ({"ground": ""}, "Choose what of yours it uses."),
        ({"statement": " "}, "Write what is yours"),
        ({"name": ""}, "Write your name"),
        ({"name": "Do\u202era"}, "signs that cannot be seen"),
        ({"mail": "dora"}, "A mail address has a name, an @ and a domain."),
        ({"mail": "d@example.org\r\nBcc: all@example.org"}, "A mail address has a name"),
        ({"good_faith": ""}, "without it a notice does not count"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence_at_its_field(stage, give_notice, more, sentence):
    answer = give_notice(**({"about": f"/listen/recordings/{stage.tide.pk}/"} | more))
    assert answer.status_code == 200
    assert answer.content.decode().count(sentence) == 1
    assert not Takedown.objects.exists()


def test_one_network_address_gives_few_notices_an_hour(stage, give_notice, mailoutbox):
    about = f"/listen/recordings/{stage.tide.pk}/"
    codes = [give_notice(about, mail=f"d{number}@example.org").status_code for number in range(7)]
    assert codes == [302] * 5 + [429] * 2
    assert Takedown.objects.count() == len(mailoutbox) == 5
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert give_notice(about, browser=elsewhere, mail="e@example.org").status_code == 302


def test_one_mail_address_gets_few_receipts_whoever_asks(stage, give_notice, mailoutbox):
    about = f"/listen/recordings/{stage.tide.pk}/"
    for number in range(8):
        place = Client(REMOTE_ADDR=f"192.0.2.{number}")
        give_notice(
            about, browser=place, mail="Dora@example.org" if number % 2 else "dora@example.org"
        )
    assert len(mailoutbox) == 5


def test_a_notice_is_reached_by_its_link_alone(stage, artist):
    row = ask(told("RECORDING", stage.tide.pk, timezone.now()), timezone.now())
    assert address_of(row).endswith(f"/notices/{token_of(row)}/")
    page = Client().get(reverse("verify:notice_status", args=[token_of(row)]))
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    other = told("RECORDING", stage.tide.pk, timezone.now())
    for guessed in (str(row.pk), token_of(row)[:-1] + "x", f"{other.pk}:{token_of(row)[37:]}"):
        for method in ("get", "post"):
            for deed in ("", "withdraw/"):
                answer = getattr(Client(), method)(f"/notices/{guessed}/{deed}")
                assert answer.status_code in {404, 405}, (method, deed)
    assert Takedown.objects.get(pk=other.pk).state == "RECEIVED"


def test_strangers_and_listeners_read_nothing_of_a_notice(stage, heard, listener, make_user, join):
    row = ask(told("RECORDING", stage.tide.pk, timezone.now()), timezone.now())
    cleo = make_user("Cleo")
    join(cleo, stage.cleo)
    stranger = Client()
    stranger.force_login(cleo)
    for browser in (Client(), listener, stranger):
        for path in (f"/artists/notices/{row.pk}/", f"/admin/compliance/takedown/{row.pk}/change/"):
            assert browser.get(path).status_code in {302, 404}
    for path in (f"/listen/recordings/{stage.tide.pk}/", f"/listen/variations/{heard.pk}/licence/"):
        page = listener.get(path).content.decode()
        assert row.reference not in page
        assert "Dora" not in page


def test_who_may_only_see_for_a_party_reads_and_cannot_answer(stage, make_user, join):
    row = ask(told("RECORDING", stage.tide.pk, timezone.now()), timezone.now())
    reader = make_user("Rea")
    join(reader, stage.ana, "VIEW")
    browser = Client()
    browser.force_login(reader)
    path = f"/artists/notices/{row.pk}/"
    assert "Give this answer" not in browser.get(path).content.decode()
    browser.post(path, {"party": str(stage.ana.pk), "statement": "No."})
    assert not row.answers.exists()


def test_nobody_answers_for_a_party_that_is_not_theirs(stage, artist):
    row = ask(told("RECORDING", stage.tide.pk, timezone.now()), timezone.now())
    artist.post(f"/artists/notices/{row.pk}/", {"party": str(stage.ben.pk), "statement": "No."})
    assert not row.answers.exists()


def test_a_decision_is_not_looked_at_again_where_it_was_rejected(stage, artist):
    now = timezone.now()
    row = ask(told("RECORDING", stage.tide.pk, now), now)
    decide_takedown(
        takedown_id=row.pk, upheld=False, reasons="No.", actor=("user", "1"), now=timezone.now()
    )
    page = artist.get(f"/artists/notices/{row.pk}/").content.decode()
    assert "Ask for a second look" not in page
    assert "Rejected: it stays" in page
