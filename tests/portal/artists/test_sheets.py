"""Split sheets over HTTP: drawn up, proposed, signed with a fresh password, and strangers."""

import pytest
from django.core import mail
from django.urls import reverse

from licensing.catalog.models import Party, Share, Signature, SplitSheet
from licensing.catalog.operations import propose_sheet
from licensing.catalog.rules import ShareAsked
from portal.accounts.models import Invitation

PASSWORD = "tape organ at low tide"


def lines(*rows):
    facts = {"shares-TOTAL_FORMS": len(rows), "shares-INITIAL_FORMS": 0}
    for place, row in enumerate(rows):
        row = {"administered_by": "SELF"} | row
        facts |= {f"shares-{place}-{name}": value for name, value in row.items()}
    return facts


def propose(client, recording, *rows, right="master"):
    return client.post(reverse("artists:sheet_new", args=[recording.pk, right]), lines(*rows))


def propose_two(recording, one, other):
    """Both parties on one proposed sheet, by the operation."""
    return propose_sheet(
        right="MASTER",
        shares=[ShareAsked(one.pk, 500_000), ShareAsked(other.pk, 500_000)],
        actor=("system", "test"),
        now=recording.created_at,
        recording_id=recording.pk,
    )


def sign(client, sheet, party, **changes):
    facts = {"party": str(party.pk), "text_sha256": sheet.text_sha256} | changes
    answer = client.post(reverse("artists:sheet", args=[sheet.pk]), facts)
    if answer.status_code == 302 and "reauthenticate" in answer.url:
        answer = client.post(answer.url, {"password": PASSWORD})
    return answer


def test_the_first_sheet_starts_with_the_pages_own_party(client, ines, recording):
    client.force_login(ines)
    page = client.get(reverse("artists:sheet_new", args=[recording.pk, "master"]))
    assert page.status_code == 200
    assert 'value="100"' in page.content.decode()


def test_a_sheet_with_somebody_new_invites_them(
    client, ines, maravel, recording, django_capture_on_commit_callbacks
):
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        answer = propose(
            client,
            recording,
            {"party": str(maravel.pk), "share": "66.6667"},
            {"name": "Bo Fennering", "email": "bo@example.org", "share": "33.3333 %"},
            {"share": ""},
        )
    sheet = SplitSheet.objects.get()
    assert answer.url == reverse("artists:sheet", args=[sheet.pk])
    assert sheet.state == "PROPOSED"
    assert sorted(s.share_ppm for s in Share.objects.all()) == [333_333, 666_667]
    assert Party.objects.filter(name="Bo Fennering").exists()
    assert Invitation.objects.get().email == "bo@example.org"
    assert mail.outbox[0].to == ["bo@example.org"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"share": "50"}], "Choose a party, or write the name of somebody new."),
        ([{"name": "Bo", "share": "50"}], "Somebody new needs an address"),
        ([{"name": "Bo", "email": "bo@x.org"}], "Give this party a share"),
        ([{"name": "Bo", "email": "b@x.org", "share": "half"}], "Write a percentage"),
        ([{"name": "Bo", "email": "b@x.org", "share": "1.00001"}], "At most four places"),
        ([{"name": "Bo", "email": "b@x.org", "share": "99"}], "1.0000 % are missing"),
        ([{"name": "Bo", "email": "b@x.org", "share": "101"}], "1.0000 % are too many"),
    ],
)
def test_a_wrong_line_says_what_to_do(client, ines, recording, rows, sentence):
    client.force_login(ines)
    page = propose(client, recording, *rows).content.decode()
    assert sentence in page
    assert not SplitSheet.objects.exists()
    assert not Party.objects.filter(name="Bo").exists()


def test_signing_asks_for_the_password_and_makes_the_sheet_count(client, ines, maravel, recording):
    client.force_login(ines)
    propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    sheet = SplitSheet.objects.get()
    page = client.get(reverse("artists:sheet", args=[sheet.pk])).content.decode()
    assert "SPLIT SHEET, version 1" in page
    assert sheet.text_sha256 in page
    first = client.post(
        reverse("artists:sheet", args=[sheet.pk]),
        {"party": str(maravel.pk), "text_sha256": sheet.text_sha256},
    )
    assert "reauthenticate" in first.url
    assert not Signature.objects.exists()
    client.post(first.url, {"password": PASSWORD})
    sheet.refresh_from_db()
    assert sheet.state == "SIGNED"
    signature = Signature.objects.get()
    assert (signature.user_ref, signature.text_sha256) == (str(ines.pk), sheet.text_sha256)


def test_a_wrong_password_signs_nothing(client, ines, maravel, recording):
    client.force_login(ines)
    propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    sheet = SplitSheet.objects.get()
    facts = {"party": str(maravel.pk), "text_sha256": sheet.text_sha256}
    asked = client.post(reverse("artists:sheet", args=[sheet.pk]), facts)
    client.post(asked.url, {"password": "not this one"})
    assert not Signature.objects.exists()


def test_another_text_than_the_one_shown_is_not_signed(client, ines, maravel, recording):
    client.force_login(ines)
    propose(client, recording, {"party": str(maravel.pk), "share": "100"})
    answer = sign(client, SplitSheet.objects.get(), maravel, text_sha256="0" * 64)
    assert answer.status_code == 302
    assert not Signature.objects.exists()


def test_a_contributor_finds_the_sheet_and_signs_for_themselves_alone(
    client, maravel, recording, make_user, make_party, join
):
    bo, fennering = make_user("Bo"), make_party("Bo Fennering")
    join(bo, fennering, "SIGN")
    sheet = propose_two(recording, maravel, fennering)
    client.force_login(bo)
    page = client.get(reverse("artists:signatures")).content.decode()
    assert "sign as Bo Fennering" in page
    assert client.get(reverse("artists:recording", args=[recording.pk])).status_code == 200
    assert sign(client, sheet, maravel).status_code == 404
    sign(client, sheet, fennering)
    assert [s.party for s in Signature.objects.all()] == [fennering]


def test_reminding_mails_those_who_have_not_signed(
    client, ines, maravel, recording, make_user, make_party, join
):
    bo, fennering = make_user("Bo"), make_party("Bo Fennering")
    join(bo, fennering, "SIGN")
    sheet = propose_two(recording, maravel, fennering)
    client.force_login(ines)
    client.post(reverse("artists:remind", args=[sheet.pk, fennering.pk]))
    assert mail.outbox[0].to == ["bo@example.org"]
    assert reverse("artists:sheet", args=[sheet.pk]) in mail.outbox[0].body


def test_a_stranger_finds_no_sheet(client, maravel, recording, make_user, make_party, join):
    sheet = propose_two(recording, maravel, make_party("Bo Fennering"))
    eve = make_user("Eve")
    join(eve, make_party("Eve"))
    client.force_login(eve)
    for name, args in (
        ("sheet", [sheet.pk]),
        ("sheet_new", [recording.pk, "master"]),
        ("recording", [recording.pk]),
    ):
        assert client.get(reverse(f"artists:{name}", args=args)).status_code == 404
    assert sign(client, sheet, maravel).status_code == 404
    remind = reverse("artists:remind", args=[sheet.pk, maravel.pk])
    assert client.post(remind).status_code == 404
    assert "Ines" not in client.get(reverse("artists:signatures")).content.decode()


def test_a_publishing_share_names_who_collects_it_and_where(as_ines, recording, maravel):
    line = {
        "party": str(maravel.pk), "share": "100", "administered_by": "SOCIETY",
        "administrator": "GEMA", "territories": "de, at",
    }  # fmt: skip
    assert propose(as_ines, recording, line, right="publishing").status_code == 302
    share = Share.objects.get()
    assert (share.administrator, share.administrator_territories) == ("GEMA", ["AT", "DE"])
    assert "collected by the society GEMA in AT DE" in share.sheet.text
    again = as_ines.get(reverse("artists:sheet_new", args=[recording.pk, "publishing"]))
    assert 'name="shares-0-territories" value="AT DE"' in again.content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"administrator": ""}, "Write who collects this share"),
        ({"territories": "Germany"}, "no country code of two letters"),
        ({"administered_by": "SELF"}, "Countries belong to a publisher or a society."),
    ],
)
def test_what_is_odd_about_a_collector_is_said_at_its_field(
    as_ines, recording, maravel, changes, sentence
):
    line = {
        "party": str(maravel.pk), "share": "100", "administered_by": "SOCIETY",
        "administrator": "GEMA", "territories": "DE",
    }  # fmt: skip
    page = propose(as_ines, recording, line | changes, right="publishing")
    assert sentence in page.content.decode()
    assert not Share.objects.exists()
