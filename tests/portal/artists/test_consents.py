"""An artist's own record: everything they said and how, as a page and a file; strangers none."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from licensing.catalog.models import Signature
from licensing.clearance.consents import consents_of
from licensing.clearance.models import Grant, Withdrawal
from licensing.clearance.operations import grant_use
from licensing.clearance.terms import CURRENT_VERSION, terms_sha256, terms_text
from licensing.given import Given, Strength
from licensing.royalties.setting_cards import cards_in_force
from portal.accounts.addresses import address_digest
from tests.portal.artists.test_grants import LIMITS, cell

HERE = "127.0.0.1"  # what Django's test client says it comes from


@pytest.fixture
def signed(as_ines, recording, post_signed):
    """Ines signs two cells, then takes one of them back."""
    url = reverse("artists:grant", args=[recording.pk])
    both = [cell(recording, "REMIX", "Drums"), cell(recording, "MOOD", "Bass")]
    post_signed(as_ines, url, LIMITS | {"grant": both, "territories": "DE FR", "by_taste": "on"})
    post_signed(as_ines, url, LIMITS | {"grant": both[:1], "territories": "DE FR"})
    return recording


def rows_of(client, party):
    answer = client.get(reverse("artists:consents_file", args=[party.pk]))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_a_signed_matrix_keeps_proof_language_source_and_rate_cards(signed):
    for one in [*Grant.objects.all(), *Withdrawal.objects.all()]:
        how = one.given()
        assert (how.method, how.strength) == ("password, given again", Strength.ONE_FACTOR)
        assert (how.locale, how.source_hmac) == ("en", address_digest(HERE))
        assert HERE not in str(how.fields())
    (cards,) = {tuple(one.royalty_terms or ()) for one in Grant.objects.all()}
    assert list(cards) == cards_in_force(timezone.now())
    assert all(re.fullmatch(r".+ from \d{4}-\d\d-\d\d", card) for card in cards)
    assert cards


def test_the_rate_cards_named_are_those_in_force_at_that_moment(db):
    assert cards_in_force(datetime(1999, 1, 1, tzinfo=UTC)) == []


def test_the_file_has_a_row_for_each_right_and_use_with_its_scope_and_end(signed, as_ines, maravel):
    rows = rows_of(as_ines, maravel)
    by = {(row["kind"], row["stem"], row["use"]): row for row in rows}
    bass = by[("grant", "Bass", "MOOD")]
    assert bass["effect"] == "TAKE_DOWN"
    assert bass["revoked_at"] == by[("withdrawal", "Bass", "MOOD")]["at"]
    drums = [row for row in rows if row["stem"] == "Drums" and row["kind"] == "grant"]
    assert {row["right"] for row in drums} == rights_on_sheets(signed, maravel)
    assert all(
        (row["territories"], row["text_sha256"]) == ("DE|FR", terms_sha256()) for row in drums
    )
    assert {'"by_taste":true' in row["limits"] for row in drums} == {True, False}
    assert not any(row["revoked_at"] for row in drums)
    assert {row["source_hmac"] for row in drums} == {address_digest(HERE)}


def rights_on_sheets(recording, party):
    """By plain reads: the rights of the sheets of this recording that name the party."""
    sheets = [*recording.sheets.all(), *recording.work.sheets.all()]
    return {one.right for one in sheets if one.shares.filter(party=party).exists()} or {""}


def test_the_page_says_it_in_words_and_leads_to_the_terms_that_were_signed(signed, as_ines):
    text = as_ines.get(reverse("artists:consents")).content.decode()
    for said in (
        "Granted", "Withdrawn", "password, given again (one factor)",
        "the address you read this from", "by a listener’s taste", "not with explicit words",
        "Taken back", "what was finished is taken down", "you",
    ):  # fmt: skip
        assert said in text
    words = as_ines.get(reverse("artists:terms", args=[CURRENT_VERSION]))
    assert words.content.decode() == terms_text()
    assert as_ines.get(reverse("artists:terms", args=["1999-01"])).status_code == 404


def test_what_was_not_recorded_then_is_told_so(as_ines, maravel, recording):
    grant_use(
        stem_id=recording.stems.first().pk, party_id=maravel.pk, uses=["REMIX"],
        actor=("user", "0"), now=timezone.now(),
    )  # fmt: skip
    text = as_ines.get(reverse("artists:consents")).content.decode()
    assert text.count("not recorded then") == 4  # proof, language, address, rate cards
    assert "somebody else who acted for this party" in text
    (grant,) = [row for row in rows_of(as_ines, maravel) if row["kind"] == "grant"][:1]
    assert (grant["confirmed_by"], grant["strength"], grant["source_hmac"]) == ("", "", "")


def test_another_address_is_told_to_be_another(as_ines, maravel, recording):
    elsewhere = Given("passkey, at log-in", Strength.PASSKEY, "en", address_digest("192.0.2.7"))
    grant_use(
        stem_id=recording.stems.first().pk, party_id=maravel.pk, uses=["REMIX"], given=elsewhere,
        actor=("user", "0"), now=timezone.now(),
    )  # fmt: skip
    text = as_ines.get(reverse("artists:consents")).content.decode()
    assert "another address than this" in text
    assert "192.0.2.7" not in text


def test_every_signature_of_the_party_is_there(as_ines, maravel, recording):
    signatures = Signature.objects.filter(party=maravel)
    told = [one for one in consents_of(maravel.pk) if one.kind == "sheet"]
    assert signatures.count() == len(told)
    assert {one.text_sha256 for one in told} == set(
        signatures.values_list("text_sha256", flat=True)
    )


def test_a_stranger_reads_no_consent_and_no_file(signed, client, eve, maravel):
    client.force_login(eve)
    assert client.get(reverse("artists:consents_file", args=[maravel.pk])).status_code == 404
    page = client.get(reverse("artists:consents")).content.decode()
    assert maravel.name not in page
    assert signed.title not in page


def test_nobody_reads_them_without_logging_in(signed, client, maravel):
    client.logout()
    for name, args in (("consents", []), ("consents_file", [maravel.pk])):
        answer = client.get(reverse(f"artists:{name}", args=args))
        assert answer.status_code == 302
        assert "log-in" in answer.url or "login" in answer.url


def test_the_digest_of_an_address_depends_on_the_operators_key(settings):
    first = address_digest(HERE)
    settings.CONSENT_KEY = "another key"
    assert address_digest(HERE) != first
    assert address_digest("") == ""
