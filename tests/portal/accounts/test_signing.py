"""How surely somebody is who signs: told from what their session showed, by the library's notes."""

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.test import RequestFactory

from licensing.given import Strength
from portal.accounts.signing import given_now, strength_of

PASSWORD = {"method": "password"}
CODE = {"method": "mfa", "type": "totp"}
RECOVERY = {"method": "mfa", "type": "recovery_codes"}
PASSKEY = {"method": "mfa", "type": "webauthn"}


@pytest.fixture
def request_with(make_user, db):
    def made(*records):
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.7")
        request.user = make_user("Ines")
        request.session = {}
        for one in records:
            record_authentication(request, request.user, **one)
        return request

    return made


@pytest.mark.parametrize(
    ("shown", "strength"),
    [
        ([], Strength.SESSION),
        ([PASSWORD], Strength.ONE_FACTOR),
        ([CODE], Strength.ONE_FACTOR),
        ([PASSWORD, CODE], Strength.TWO_FACTORS),
        ([PASSWORD, RECOVERY], Strength.ONE_FACTOR),
        ([RECOVERY, CODE], Strength.ONE_FACTOR),
        ([PASSWORD, PASSKEY], Strength.PASSKEY),
        ([PASSKEY], Strength.PASSKEY),
    ],
)
def test_strength_is_what_was_shown_and_a_recovery_code_adds_nothing(request_with, shown, strength):
    assert strength_of(request_with(*shown)) == strength


def test_a_yes_says_the_newest_proof_the_language_and_no_address(request_with):
    how = given_now(request_with(PASSWORD, CODE | {"reauthenticated": True}))
    assert (how.method, how.locale) == ("authenticator code, given again", "en")
    assert len(how.source_hmac) == 64
    assert "192.0.2.7" not in str(how)
