"""The forms of the account pages: whom one is, for which party one acts, whom one invites."""

from collections.abc import Callable

from django import forms

from licensing.catalog import identifiers
from licensing.catalog.models import Party
from portal.accounts.countries import COUNTRIES
from portal.accounts.models import Role, User
from portal.accounts.names import printable


def checked(normalise: Callable[[str], str], value: str) -> str:
    """The identifier in its kept form, or the sentence that says what is wrong with it."""
    if not value:
        return ""
    try:
        return normalise(value)
    except identifiers.InvalidIdentifier as error:
        raise forms.ValidationError(str(error)) from error


class YouForm(forms.ModelForm):
    """Name, billing country and mails of a login."""

    country = forms.ChoiceField(
        choices=[("", "Not said"), *COUNTRIES],
        required=False,
        label="Country you are billed in",
        help_text="Licences hold per country: it decides what you may ask for.",
    )

    class Meta:
        model = User
        fields = ("display_name", "country", "wants_mail")
        labels = {
            "display_name": "Name",
            "wants_mail": "Mail me when something waits for my answer or signature",
        }
        help_texts = {"wants_mail": "One mail a day at most."}

    def clean_display_name(self) -> str:
        """A name that can be seen, or none."""
        name: str = self.cleaned_data["display_name"]
        if name:
            printable(name)
        return name


class PartyForm(forms.Form):
    """A person or company that can hold rights and be paid."""

    name = forms.CharField(
        max_length=200,
        validators=[printable],
        label="Name as it stands on contracts",
        error_messages={"required": "Write the name that shall stand on sheets and statements."},
    )
    kind = forms.ChoiceField(choices=Party.Kind.choices, label="This is a", widget=forms.Select)
    isni = forms.CharField(
        required=False, label="ISNI, if there is one", help_text="Sixteen characters."
    )
    ipi = forms.CharField(
        required=False, label="IPI name number, if there is one", help_text="Eleven digits."
    )

    def clean_isni(self) -> str:
        """Sixteen characters with a right last one, not yet given to another party."""
        return self._free("isni", checked(identifiers.normalise_isni, self.cleaned_data["isni"]))

    def clean_ipi(self) -> str:
        """Eleven digits with right last ones, not yet given to another party."""
        return self._free("ipi", checked(identifiers.normalise_ipi, self.cleaned_data["ipi"]))

    def _free(self, field: str, value: str) -> str:
        if value and Party.objects.filter(**{field: value}).exists():
            raise forms.ValidationError(
                "This number stands on another party here. Ask a rights administrator if it is "
                "yours."
            )
        return value


class InvitationForm(forms.Form):
    """Whom a link goes to, and what it lets them do."""

    email = forms.EmailField(
        label="E-mail address",
        error_messages={"invalid": "An e-mail address has a name, an @ and a domain."},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.SIGN, label="They may")
