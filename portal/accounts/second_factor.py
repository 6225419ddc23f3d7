"""The second factor of a login: when it was last shown, and how its secret is kept.

Codes of an authenticator app (TOTP, RFC 6238) and passkeys (WebAuthn, level 3) are allauth's; a
recovery code lets somebody in and approves nothing. Invariant: a secret stands in the database only
encrypted under SECRET_KEY; of a passkey only the public key is here at all.
"""

import base64
import hashlib
from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest

from licensing.four_eyes import SECOND_FACTORS, SecondFactor
from portal.accounts.access import user_of


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps secrets encrypted."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the user has an authenticator app or a passkey at all."""
    return bool(is_mfa_enabled(user_of(request), types=sorted(SECOND_FACTORS)))


def page_to_show_it(request: HttpRequest) -> str:
    """The name of the page where the user shows it again: a passkey's, where there is one."""
    has_passkey = is_mfa_enabled(user_of(request), types=["webauthn"])
    return "mfa_reauthenticate_webauthn" if has_passkey else "mfa_reauthenticate"


def second_factor_of(request: HttpRequest) -> SecondFactor | None:
    """When and how this session last showed a second factor, or None."""
    shown = [
        SecondFactor(str(record["type"]), datetime.fromtimestamp(record["at"], UTC))
        for record in get_authentication_records(request, user_of(request))
        if record.get("method") == "mfa" and record.get("type") in SECOND_FACTORS
    ]
    return max(shown, key=lambda one: one.at, default=None)


def _box() -> Fernet:
    key = hashlib.sha256(b"second factor\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
