"""The form of a split sheet: its lines, what it stands on, from which day on.

It checks shapes alone; whether shares add up is said here and decided below. Invariant: a form that
is valid makes lines that `draw_up_sheet` takes.
"""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django import forms

from licensing.catalog.models import Party, Recording, Share, SplitSheet, Stem
from licensing.catalog.queries import list_stems
from licensing.catalog.rules import WHOLE_PPM
from portal.accounts.countries import CODES
from portal.artists import operations, words


class ShareForm(forms.Form):
    """One line: a party that is known here, or a name and an address to invite."""

    party = forms.ChoiceField(required=False, label="Party")
    name = forms.CharField(required=False, max_length=200, label="Name, if new here")
    email = forms.EmailField(
        required=False,
        label="E-mail, if new here",
        error_messages={"invalid": "An e-mail address has a name, an @ and a domain."},
    )
    share = forms.CharField(
        required=False,
        label="Share, %",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    administered_by = forms.ChoiceField(
        choices=[
            ("SELF", "the party itself"),
            ("PUBLISHER", "a publisher"),
            ("SOCIETY", "a society"),
        ],
        label="Collected by",
    )
    administrator = forms.CharField(required=False, max_length=100, label="Its name")
    territories = forms.CharField(
        required=False,
        label="It collects in",
        help_text="Country codes such as DE AT; empty: the whole world. Of what is licensed for "
        "other countries, a society’s share is paid to the party itself.",
    )

    def __init__(self, *args: Any, parties: list[Party], **kwargs: Any) -> None:
        # A line that stays as it was proposed is still a line.
        super().__init__(*args, **kwargs | {"empty_permitted": False})
        field = self.fields["party"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Somebody new"), *((str(p.pk), p.name) for p in parties)]

    def clean_share(self) -> int:
        """Parts per million out of a percentage of at most four decimals; nothing is 0."""
        text = self.cleaned_data["share"]
        if not text.strip():
            return 0
        try:
            return words.percent_ppm(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_territories(self) -> tuple[str, ...]:
        """ISO 3166 codes of two letters, each once."""
        codes = sorted(set(self.cleaned_data["territories"].replace(",", " ").upper().split()))
        odd = [code for code in codes if code not in CODES]
        if odd:
            raise forms.ValidationError(
                f"{odd[0]} is no country code of two letters. Germany is DE, Austria is AT."
            )
        return tuple(codes)

    def _check_administrator(self, facts: dict[str, Any]) -> None:
        """Who collects for a party has a name; a party itself collects everywhere."""
        is_own = facts.get("administered_by") == "SELF"
        if not is_own and not facts.get("administrator"):
            self.add_error("administrator", "Write who collects this share, for example GEMA.")
        if is_own and facts.get("territories"):
            self.add_error("territories", "Countries belong to a publisher or a society.")

    def clean(self) -> dict[str, Any]:
        """A line with a share names somebody; somebody new has a name and an address."""
        facts = self.cleaned_data
        if facts.get("share"):
            self._check_administrator(facts)
        if not facts.get("share"):
            if facts.get("party") or facts.get("name"):
                self.add_error("share", "Give this party a share, or empty its line.")
            return facts
        if facts.get("party"):
            return facts
        for field, sentence in (
            ("name", "Choose a party, or write the name of somebody new."),
            ("email", "Somebody new needs an address, so that they can sign."),
        ):
            if not facts.get(field) and field not in self.errors:
                self.add_error(field, sentence)
        return facts

    @property
    def is_collected_by_another(self) -> bool:
        """Whether the fields of who collects have to be seen: filled in, or with a fault."""
        collects = ("administered_by", "administrator", "territories")
        said = self["administered_by"].value() not in (None, "", "SELF")
        return said or any(name in self.errors for name in collects)

    def line(self) -> operations.Line | None:
        """What the line says, or None for an empty one."""
        facts = self.cleaned_data
        if not facts.get("share"):
            return None
        own = facts["administered_by"] == "SELF"
        return operations.Line(
            share_ppm=facts["share"],
            party_id=UUID(facts["party"]) if facts["party"] else None,
            name=facts["name"],
            email=facts["email"],
            administered_by=facts["administered_by"],
            administrator="" if own else facts["administrator"],
            territories=facts["territories"],
        )


class ShareLines(forms.BaseFormSet):
    """All lines of a sheet; together they are the whole."""

    def clean(self) -> None:
        """The shares must make 100.0000 %; how much is missing is said."""
        if any(self.errors):
            return
        total = sum(form.cleaned_data.get("share") or 0 for form in self.forms)
        if total != WHOLE_PPM:
            gap = WHOLE_PPM - total
            way = "are missing" if gap > 0 else "are too many"
            raise forms.ValidationError(
                f"The shares make {words.percent(total)}: {words.percent(abs(gap))} {way}."
            )


def lines_of(formset: forms.BaseFormSet) -> list[operations.Line]:
    """What all lines say, without the empty ones."""
    return [line for form in formset.forms if (line := form.line()) is not None]


class AboutForm(forms.Form):
    """From which day on a sheet is to count; of a master sheet, whether for one stem alone."""

    starts_on = forms.DateField(
        required=False,
        label="From a day on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Its first moment, in UTC. Empty: from the moment the last party signs.",
    )
    stem = forms.ChoiceField(
        required=False,
        label="For",
        help_text="A stem's own sheet goes before the recording's, for that stem alone.",
    )

    def __init__(
        self, *args: Any, right: str, recording: Recording, now: datetime, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._now = now
        stems = {str(stem.pk): stem for stem in list_stems(recording.pk)}
        field = self.fields["stem"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "the whole recording"),
            *((ref, f"the stem {stem} alone") for ref, stem in stems.items()),
        ]
        if right != SplitSheet.Right.MASTER or not stems:
            del self.fields["stem"]

    def clean_starts_on(self) -> datetime | None:
        """The first moment of the day; a day that has begun is no day to begin on."""
        day: date | None = self.cleaned_data["starts_on"]
        start = None if day is None else datetime.combine(day, time.min, tzinfo=UTC)
        if start is not None and start <= self._now:
            raise forms.ValidationError(
                "This day has begun: leave it empty, and the sheet counts from its last signature."
            )
        return start

    def on(self, right: str, recording: Recording) -> operations.On:
        """The one thing the sheet stands on."""
        if right == SplitSheet.Right.PUBLISHING:
            return operations.On(work_id=recording.work_id)
        stem = self.cleaned_data.get("stem")
        if stem:
            return operations.On(stem_id=UUID(stem))
        return operations.On(recording_id=recording.pk)


def first_lines(right: str, recording: Recording, stem: Stem | None) -> list[dict[str, Any]]:
    """The newest sheet's lines, so that a change starts from what is; else the page's own party.

    A stem that has no sheet of its own starts from its recording's.
    """
    on: dict[str, Any] = {"recording": recording}
    if right == SplitSheet.Right.PUBLISHING:
        on = {"work": recording.work}
    elif stem is not None and SplitSheet.objects.filter(stem=stem).exists():
        on = {"stem": stem}
    newest = SplitSheet.objects.filter(right=right, **on).order_by("-version").first()
    if newest is None:
        return [{"party": str(recording.party_id), "share": "100", "administered_by": "SELF"}]
    shares = Share.objects.filter(sheet=newest).order_by("-share_ppm", "party_id")
    return [
        {
            "party": str(share.party_id),
            "share": words.percent(share.share_ppm).removesuffix(" %"),
            "administered_by": share.administered_by,
            "administrator": share.administrator,
            "territories": " ".join(share.administrator_territories),
        }
        for share in shares
    ]
