"""The library's forms around log-in in our words.

It changes labels and hints, never what is asked or checked.
"""

from typing import Any

from allauth.account import forms as library
from allauth.mfa.base import forms as codes
from allauth.mfa.webauthn import forms as passkeys
from django.forms import Form

_LABELS = {
    "login": "E-mail",
    "email": "E-mail",
    "remember": "Keep me logged in on this device",
    "name": "Name of this passkey, to tell it from others",
    "passwordless": "Log in with it alone, without the password",
    "code": "Six digits",
}


def _reword(form: Form) -> None:
    """Our labels; no placeholder, which would vanish with the first letter."""
    for name, field in form.fields.items():
        field.label = _LABELS.get(name, field.label)
        field.widget.attrs.pop("placeholder", None)


class LoginForm(library.LoginForm):
    """E-mail and password; the way to a new password stands beside the key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)
        self.fields["password"].help_text = ""


class ResetPasswordForm(library.ResetPasswordForm):
    """Where the link to a new password goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)


class SignupForm(library.SignupForm):
    """A new login."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)


class AddPasskeyForm(passkeys.AddWebAuthnForm):
    """A new passkey; what the browser answers comes in a hidden field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)
        alone = self.fields["passwordless"]
        alone.help_text = "The device then asks for a finger, a face or a PIN."


class CodeForm(codes.AuthenticateForm):
    """A code of the app, or a recovery code, while logging in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)
        self.fields["code"].label = "Six digits of the app, or a recovery code"


class FreshCodeForm(codes.ReauthenticateForm):
    """A code of the app, just before something that two people decide."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self)
