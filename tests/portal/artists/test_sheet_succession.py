"""A sheet that ends another, over HTTP: who would leave is told, asked, and may say no."""

from datetime import timedelta

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from licensing.catalog.models import Signature, SplitSheet
from licensing.catalog.queries import effective_sheet
from licensing.catalog.rules import TEXT_LANGUAGE
from portal.accounts.models import Invitation
from portal.accounts.operations import invite
from portal.artists.waiting import waiting_for
from tests.portal.artists.test_sheets import lines, propose, propose_two, sign


def sheet_page(sheet):
    return reverse("artists:sheet", args=[sheet.pk])


@pytest.fixture
def bo(make_user, make_party, join):
    user, party = make_user("Bo"), make_party("Bo Fennering")
    join(user, party, "SIGN")
    return user


@pytest.fixture
def fennering(bo):
    return bo.memberships.get().party


@pytest.fixture
def in_force(client, ines, bo, maravel, fennering, recording):
    """Half each, signed by both."""
    sheet = propose_two(recording, maravel, fennering)
    for user, party in ((ines, maravel), (bo, fennering)):
        client.force_login(user)
        sign(client, sheet, party)
    sheet.refresh_from_db()
    assert sheet.state == "SIGNED"
    return sheet


@pytest.fixture
def grab(client, ines, maravel, recording, in_force, django_capture_on_commit_callbacks):
    """Ines enters herself for all of it, and signs."""
    client.force_login(ines)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    sheet = SplitSheet.objects.get(version=2)
    sign(client, sheet, maravel)
    return sheet


def test_who_would_leave_is_mailed_asked_and_can_keep_its_share(
    client, bo, fennering, recording, grab, in_force
):
    grab.refresh_from_db()
    assert grab.state == "PROPOSED"
    (message,) = mail.outbox
    assert message.to == ["bo@example.org"]
    assert "holds 50.0000 %" in message.body
    assert "it would hold nothing" in message.body
    assert sheet_page(grab) in message.body
    assert [one.path for one in waiting_for(bo, timezone.now())] == [sheet_page(grab)]
    stem = recording.stems.first()
    assert effective_sheet("MASTER", stem, timezone.now()).sheet_id == in_force.pk
    client.force_login(bo)
    assert "sign as Bo Fennering" in client.get(reverse("artists:signatures")).content.decode()
    page = client.get(sheet_page(grab)).content.decode()
    assert "everybody on that one signs too" in page
    assert "50.0000 %  Bo Fennering, then nothing" in page
    assert "Bo Fennering would hold nothing any more." in page, "told before the key, in numbers"


def test_who_would_leave_may_sign_and_then_the_sheet_counts(client, bo, fennering, grab):
    client.force_login(bo)
    sign(client, grab, fennering)
    grab.refresh_from_db()
    assert grab.state == "SIGNED"


def test_a_no_ends_the_proposal_and_everybody_is_told_why(
    client, bo, fennering, grab, post_signed, django_capture_on_commit_callbacks
):
    client.force_login(bo)
    mail.outbox.clear()
    empty = {"party": str(fennering.pk), "because": ""}
    assert "Write why" in post_signed(client, sheet_page(grab), empty).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        post_signed(client, sheet_page(grab), empty | {"because": "I play the drums on it."})
    grab.refresh_from_db()
    assert (grab.state, grab.declined_by) == ("DECLINED", fennering)
    assert {message.to[0] for message in mail.outbox} == {"bo@example.org", "ines@example.org"}
    assert "I play the drums on it." in mail.outbox[0].body
    assert "I play the drums on it." in client.get(sheet_page(grab)).content.decode()
    assert waiting_for(bo, timezone.now()) == []


def test_who_has_signed_may_still_say_no(client, ines, maravel, grab, post_signed):
    client.force_login(ines)
    page = client.get(sheet_page(grab)).content.decode()
    assert "Sign as Ines Maravel" not in page
    assert "Decline as Ines Maravel" in page
    no = {"party": str(maravel.pk), "because": "I was wrong."}
    post_signed(client, sheet_page(grab), no)
    grab.refresh_from_db()
    assert (grab.state, grab.declined_by) == ("DECLINED", maravel)
    assert "Decline as" not in client.get(sheet_page(grab)).content.decode()


def test_a_stranger_neither_reads_nor_declines_a_sheet_that_ends_another(client, eve, grab):
    client.force_login(eve)
    assert client.get(sheet_page(grab)).status_code == 404
    no = {"party": str(eve.memberships.get().party_id), "because": "no"}
    assert client.post(sheet_page(grab), no).status_code in (302, 404)
    grab.refresh_from_db()
    assert grab.state == "PROPOSED"
    assert waiting_for(eve, timezone.now()) == []


def test_nobody_declines_for_another_party(client, bo, maravel, grab, post_signed):
    client.force_login(bo)
    no = {"party": str(maravel.pk), "because": "no"}
    assert post_signed(client, sheet_page(grab), no).status_code == 404


def test_a_party_that_nobody_acts_for_any_more_gets_a_fresh_link(
    client, ines, bo, maravel, fennering, recording, in_force, django_capture_on_commit_callbacks
):
    invite(
        party=fennering, role="SIGN", email="old@example.org", invited_by=ines, now=timezone.now()
    )
    bo.memberships.all().delete()
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    assert Invitation.objects.filter(party=fennering).count() == 2
    assert {message.to[0] for message in mail.outbox[-2:]} == {"old@example.org"}


def test_who_signed_a_proposal_is_told_that_another_takes_its_place(
    client, ines, bo, maravel, fennering, recording, django_capture_on_commit_callbacks
):
    first = propose_two(recording, maravel, fennering)
    client.force_login(bo)
    sign(client, first, fennering)
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    told = [message for message in mail.outbox if "Another split sheet" in message.subject]
    assert {message.to[0] for message in told} == {"bo@example.org", "ines@example.org"}


def test_a_sheet_from_a_day_on_counts_from_that_day(as_ines, maravel, recording):
    day = timezone.now().date() + timedelta(days=40)
    form = lines({"party": str(maravel.pk), "share": "100"}) | {"starts_on": f"{day:%Y-%m-%d}"}
    as_ines.post(reverse("artists:sheet_new", args=[recording.pk, "master"]), form)
    sheet = SplitSheet.objects.get()
    assert f"not before {day:%Y-%m-%d} 00:00:00 UTC" in sheet.text
    sign(as_ines, sheet, maravel)
    stem, first = recording.stems.first(), timezone.now().replace(
        year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
    )  # fmt: skip
    assert effective_sheet("MASTER", stem, first - timedelta(seconds=1)) is None
    assert effective_sheet("MASTER", stem, first).sheet_id == sheet.pk
    page = as_ines.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert f"in effect from {day:%-d %B %Y}" in page


def test_a_day_that_has_begun_is_no_day_to_begin_on(as_ines, maravel, recording):
    form = lines({"party": str(maravel.pk), "share": "100"})
    form |= {"starts_on": f"{timezone.now():%Y-%m-%d}"}
    page = as_ines.post(reverse("artists:sheet_new", args=[recording.pk, "master"]), form)
    assert "This day has begun" in page.content.decode()
    assert not SplitSheet.objects.exists()


def test_a_stems_own_sheet_is_drawn_up_from_its_recordings_and_divides_it_alone(
    client, ines, bo, maravel, fennering, recording, in_force
):
    drums, bass, _ = recording.stems.order_by("position")
    client.force_login(ines)
    new = reverse("artists:sheet_new", args=[recording.pk, "master"])
    page = client.get(reverse("artists:recording", args=[recording.pk])).content.decode()
    assert f'href="{new}?stem={drums.pk}"' in page, "its page leads there"
    page = client.get(f"{new}?stem={drums.pk}").content.decode()
    assert f'<option value="{drums.pk}" selected>' in page
    assert page.count('value="50.0000"') == 2
    form = lines({"party": str(fennering.pk), "share": "100"}) | {"stem": str(drums.pk)}
    client.post(new, form)
    sheet = SplitSheet.objects.get(stem=drums)
    sign(client, sheet, maravel)
    client.force_login(bo)
    sign(client, sheet, fennering)
    now = timezone.now()
    assert effective_sheet("MASTER", drums, now).sheet_id == sheet.pk
    assert effective_sheet("MASTER", bass, now).sheet_id == in_force.pk


def test_another_recordings_stem_is_no_stem_of_this_one(
    as_ines, maravel, recording, make_recording
):
    other = make_recording(maravel, title="Elsewhere", stems=[("Keys", "keys")]).stems.get()
    form = lines({"party": str(maravel.pk), "share": "100"}) | {"stem": str(other.pk)}
    as_ines.post(reverse("artists:sheet_new", args=[recording.pk, "master"]), form)
    assert not SplitSheet.objects.exists()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"method": "password", "reauthenticated": True}, "password, given again"),
        ({"method": "password", "email": "ines@example.org"}, "password, at log-in"),
        ({"method": "mfa", "type": "webauthn", "reauthenticated": True}, "passkey, given again"),
        (
            {"method": "mfa", "type": "totp", "reauthenticated": True},
            "authenticator code, given again",
        ),
        ({"method": "mfa", "type": "recovery_codes"}, "recovery code, at log-in"),
    ],
)
def test_a_signature_says_how_its_person_really_confirmed(
    client, ines, maravel, recording, record, said
):
    client.force_login(ines)
    propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    sheet = SplitSheet.objects.get()
    session = client.session
    at = timezone.now().timestamp()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": at - 200, "reauthenticated": True},
        {"at": at} | record,
    ]
    session["account_authentication_methods_user"] = str(ines.pk)
    session.save()
    sign(client, sheet, maravel)
    signature = Signature.objects.get()
    assert (signature.method, signature.locale) == (said, "en")


def test_a_sheet_is_read_and_signed_in_the_language_of_its_page_whatever_a_browser_wishes(
    as_ines, maravel, recording
):
    propose(as_ines, recording, {"party": str(maravel.pk), "share": "100"})
    sheet = SplitSheet.objects.get()
    as_ines.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    page = as_ines.get(sheet_page(sheet))
    assert page.headers["Content-Language"] == TEXT_LANGUAGE
    assert f'<html lang="{TEXT_LANGUAGE}">' in page.content.decode()
    sign(as_ines, sheet, maravel)
    assert Signature.objects.get().locale == TEXT_LANGUAGE
