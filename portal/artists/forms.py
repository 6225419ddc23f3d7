"""The artist's forms. Errors say what is so, why, and what to do, at the field."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet

from generation.analysis.rules import TONICS
from generation.analysis.values import ROLES
from licensing.catalog import identifiers
from licensing.catalog.models import Party, Recording, Work
from licensing.releases.models import Release
from portal.accounts.countries import CODES
from portal.accounts.forms import checked
from portal.accounts.names import printable

KEYS = tuple(f"{note} {mode}" for mode in ("maj", "min") for note in TONICS)
TEMPO_RANGE = (30.0, 300.0)

_BESIDE = "AN BC BK BP BX CB CP CS DG FX GX KS QM QN QT QZ UK XK YU ZB ZZ"
ALLOTTED = CODES.union(_BESIDE.split(" "))
"""What an ISRC may begin with: countries of now and before, and what the agency allotted beside
(ISRC Bulletin 2015/01 and its list of valid characters)."""


class RecordingForm(forms.Form):
    """A new recording with its work. Identifiers are checked as their standards say."""

    title = forms.CharField(
        max_length=200,
        validators=[printable],
        label="Title of the recording",
        error_messages={"required": "A recording needs a title; you see it on every page."},
    )
    work_title = forms.CharField(
        max_length=200,
        validators=[printable],
        required=False,
        label="Title of the work",
        help_text="The composition. Leave it empty when it is the same.",
    )
    isrc = forms.CharField(
        required=False, label="ISRC, if there is one", help_text="For example ZZ-ST1-26-00417."
    )
    iswc = forms.CharField(
        required=False,
        label="ISWC of the work, if there is one",
        help_text="For example T-999.000.417-6.",
    )
    explicit = forms.BooleanField(
        required=False, label="The words are explicit", help_text="Listeners can filter by it."
    )
    party = forms.ModelChoiceField(
        Party.objects.none(),
        label="Kept by",
        empty_label=None,
        error_messages={"invalid_choice": "Choose one of the parties you manage."},
    )

    def __init__(self, *args: Any, parties: QuerySet[Party], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["party"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = parties
        field.initial = parties.first()

    def clean_isrc(self) -> str:
        """Twelve characters, not yet given to another recording."""
        value = checked(identifiers.normalise_isrc, self.cleaned_data["isrc"])
        is_known = (
            Recording.objects.filter(isrc=value).exists()
            or Release.objects.filter(isrc=value).exists()
        )
        if value and is_known:
            raise forms.ValidationError(
                "Another recording here has this ISRC. Each one has its own; check the number."
            )
        return value

    @property
    def warning(self) -> str:
        """What looks odd and is taken all the same, in one sentence; "" when nothing does."""
        country = str(self.cleaned_data.get("isrc", ""))[:2]
        if not country or country in ALLOTTED:
            return ""
        return f"No agency gives ISRCs that begin with {country}: check it with your distributor."

    def clean_iswc(self) -> str:
        """`T` and ten digits, not yet given to another work."""
        value = checked(identifiers.normalise_iswc, self.cleaned_data["iswc"])
        if value and Work.objects.filter(iswc=value).exists():
            raise forms.ValidationError(
                "Another work here has this ISWC. Ask a rights administrator if yours is the same."
            )
        return value


class CorrectionForm(forms.Form):
    """What the artist knows better than the analysis, for one stem."""

    tempo = forms.DecimalField(
        required=False,
        localize=False,
        min_value=TEMPO_RANGE[0],
        max_value=TEMPO_RANGE[1],
        label="Tempo, bpm",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "none"}),
        error_messages={
            "invalid": "Write beats per minute, for example 112.",
            "min_value": "At least 30 bpm: double it if you count in halves.",
            "max_value": "At most 300 bpm: halve it if you count in doubles.",
        },
    )
    key = forms.ChoiceField(
        required=False,
        label="Key",
        choices=[("", "–"), *((key, key.replace("maj", "major").replace("min", "minor"))
                              for key in KEYS)],
    )  # fmt: skip
    role = forms.ChoiceField(label="Role", choices=[(role, role.capitalize()) for role in ROLES])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Rows hold small forms of their own, so the fields name theirs instead of lying inside it.
        for field in self.fields.values():
            field.widget.attrs["form"] = "corrections"


class NameForm(forms.Form):
    """A stem's label."""

    label = forms.CharField(max_length=200, label="Name")


def correction_prefix(stem_id: UUID) -> str:
    """How the fields of one stem are told from another's in the one form of the page."""
    return f"stem-{stem_id.hex[:12]}"
