"""What sign-up asks beside e-mail and password. allauth builds its form on this one.

It stands apart from forms.py because allauth imports it while it is itself being imported.
"""

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts import operations, rules
from portal.accounts.models import User
from portal.accounts.names import printable


class SignupForm(forms.Form):
    """A name to show, and the statement that one is 16 or older; no birth date is asked."""

    field_order = ("display_name", "email", "password1", "is_16")
    display_name = forms.CharField(
        max_length=120,
        validators=[printable],
        label="Name",
        help_text="Shown to those you work with.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    is_16 = forms.BooleanField(
        label="I am 16 or older",
        error_messages={
            "required": "Stemma is for people of 16 and older. Tick this if you are; "
            "no birth date is asked or kept."
        },
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth once the login exists."""
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
        operations.confirm_age(user=user, method=rules.AGE_METHOD, now=timezone.now())
