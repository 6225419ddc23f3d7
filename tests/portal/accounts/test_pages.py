"""Log-ins and account pages over HTTP: age, passwords, parties, invitations, strangers."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from licensing.audit.models import Fact
from licensing.catalog.models import Party
from portal.accounts import operations
from portal.accounts.models import Invitation, Membership, User

from ..conftest import NOW

PASSWORD = "tape organ at low tide"


@pytest.fixture(autouse=True)
def fresh_limits(db):
    cache.clear()


def sign_up(client, **changes):
    facts = {
        "display_name": "Ines Maravel",
        "email": "ines@example.org",
        "password1": PASSWORD,
        "is_16": "on",
    } | changes
    return client.post(reverse("account_signup"), {k: v for k, v in facts.items() if v})


def test_sign_up_keeps_age_as_fact_method_and_moment(client):
    answer = sign_up(client)
    assert answer.status_code == 302
    assert answer.url == reverse("accounts:welcome")
    user = User.objects.get()
    assert user.confirmed_16_at is not None
    assert user.confirmed_16_method == "own statement at sign-up"
    assert user.display_name == "Ines Maravel"
    assert client.get(answer.url).status_code == 200


def test_sign_up_without_the_statement_makes_no_login(client):
    answer = sign_up(client, is_16="")
    assert "Stemma is for people of 16 and older" in answer.content.decode()
    assert not User.objects.exists()


def test_log_in_and_out(client, make_user):
    make_user("Ines")
    facts = {"login": "ines@example.org", "password": PASSWORD}
    assert client.post(reverse("account_login"), facts).status_code == 302
    assert client.get(reverse("accounts:overview")).status_code == 200
    client.post(reverse("account_logout"))
    assert client.get(reverse("accounts:overview")).status_code == 302


def test_wrong_passwords_are_limited(client, make_user):
    make_user("Ines")
    facts = {"login": "ines@example.org", "password": "wrong and wrong again"}
    texts = [client.post(reverse("account_login"), facts) for _ in range(7)]
    assert "Too many" in texts[-1].content.decode() or texts[-1].status_code == 429


def test_forgotten_password_is_mailed(client, make_user):
    make_user("Ines")
    client.post(reverse("account_reset_password"), {"email": "ines@example.org"})
    (sent,) = mail.outbox
    link = re.search(r"http://\S+", sent.body).group()
    page = client.get(link, follow=True)
    assert page.status_code == 200
    assert "Choose a new password" in page.content.decode()


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_forms_around_log_in_use_our_words(client, db, name):
    page = client.get(reverse(name)).content.decode()
    assert re.search(r"<label[^>]*>E-mail</label>", page)
    assert "placeholder=" not in page


@pytest.mark.parametrize(
    "name",
    ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"],
)
def test_pages_before_log_in_are_ours(client, db, name):
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert "stemma.css" in page.content.decode()
    assert "style=" not in page.content.decode()
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy).group(1)
    assert f'nonce="{nonce}"' in page.content.decode()
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "name", ["account_email", "account_change_password", "account_logout", "account_reauthenticate"]
)
def test_pages_after_log_in_are_ours(client, make_user, name):
    client.force_login(make_user("Ines"))
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert "stemma.css" in page.content.decode()


def test_a_party_is_opened_by_its_first_administrator(client, make_user):
    ines = make_user("Ines")
    client.force_login(ines)
    facts = {"name": "Ines Maravel", "kind": "PERSON", "isni": "0000 0001 2103 2683"}
    client.post(reverse("accounts:party_new"), facts)
    party = Party.objects.get()
    assert party.isni == "0000000121032683"
    assert Membership.objects.get().role == "ADMIN"
    assert Fact.objects.filter(verb="create_party", object_ref=str(party.pk)).exists()


def test_a_wrong_identifier_is_refused_with_a_sentence(client, make_user):
    client.force_login(make_user("Ines"))
    facts = {"name": "Ines", "kind": "PERSON", "isni": "0000 0001 2103 2684"}
    page = client.post(reverse("accounts:party_new"), facts).content.decode()
    assert "last character does not match" in page
    assert 'aria-invalid="true"' in page
    assert not Party.objects.exists()


@pytest.fixture
def invited(make_user, make_party, join):
    """A party of a contributor that nobody acts for yet, and the token of a link to it."""
    ines, bo = make_user("Ines"), make_party("Bo Fennering")
    join(ines, make_party("Ines Maravel"))
    token = operations.invite(
        party=bo, role="SIGN", email="bo@example.org", invited_by=ines, now=NOW
    )
    return bo, token


def test_an_invitation_works_once_and_its_link_is_not_kept(invited, make_user):
    party, token = invited
    bo, eve = make_user("Bo"), make_user("Eve")
    membership = operations.accept_invitation(token=token, user=bo, now=NOW)
    assert (membership.party, membership.role) == (party, "ADMIN")
    with pytest.raises(ValueError, match="has been used"):
        operations.accept_invitation(token=token, user=eve, now=NOW)
    assert token not in str(Invitation.objects.values().get())
    assert not Fact.objects.filter(after__icontains=token).exists()


def test_an_invitation_ends_after_14_days(invited, make_user):
    _, token = invited
    with pytest.raises(ValueError, match="older than 14 days"):
        operations.accept_invitation(
            token=token, user=make_user("Bo"), now=NOW + timedelta(days=14)
        )


def test_a_second_member_gets_the_role_that_was_offered(invited, make_user, join):
    party, token = invited
    join(make_user("Manager"), party)
    assert operations.accept_invitation(token=token, user=make_user("Bo"), now=NOW).role == "SIGN"


def test_inviting_mails_a_link(
    client, make_user, make_party, join, django_capture_on_commit_callbacks
):
    ines, party = make_user("Ines"), make_party("Ines Maravel")
    join(ines, party)
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            reverse("accounts:party", args=[party.pk]), {"email": "bo@example.org", "role": "VIEW"}
        )
    (sent,) = mail.outbox
    assert "/account/invitations/" in sent.body
    link = re.search(r"http://[^/]+(/\S+)", sent.body).group(1)
    client.force_login(make_user("Bo"))
    assert "asks you to act for Ines Maravel" in client.get(link).content.decode()
    client.post(link)
    assert Membership.objects.get(user__display_name="Bo").role == "VIEW"
    assert client.get(link).status_code == 410


def test_the_last_administrator_cannot_leave(client, make_user, make_party, join):
    ines, party = make_user("Ines"), make_party("Ines Maravel")
    join(ines, party)
    client.force_login(ines)
    client.post(reverse("accounts:member_end", args=[party.pk, ines.pk]))
    assert Membership.objects.filter(user=ines).exists()


def test_a_stranger_sees_no_party_and_no_invitation(client, make_user, make_party, join):
    ines, party = make_user("Ines"), make_party("Ines Maravel")
    join(ines, party)
    client.force_login(make_user("Stranger"))
    page = reverse("accounts:party", args=[party.pk])
    assert client.get(page).status_code == 404
    assert client.post(page, {"email": "a@b.org", "role": "ADMIN"}).status_code == 404
    end = reverse("accounts:member_end", args=[party.pk, ines.pk])
    assert client.post(end).status_code == 404
    assert client.get(reverse("accounts:invitation", args=["guessed"])).status_code == 404


def test_anonymous_is_asked_to_log_in(client, db):
    for name in ("overview", "welcome", "party_new"):
        answer = client.get(reverse(f"accounts:{name}"))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))
