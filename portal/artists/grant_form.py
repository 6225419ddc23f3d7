"""The limits of a grant as a form, and what of it waits until its artist has heard it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from licensing.clearance.approval import FIRST_MOST, ApproveFirst
from licensing.clearance.limits import ANYTHING, Limits
from licensing.clearance.rules import GrantFacts
from portal.accounts.countries import CODES

SLOWEST, FASTEST = 25, 400
FIRST_USUAL = 3
PASSING = (
    ("REMIX", "Remix"),
    ("MOOD", "Mood bed"),
    ("FOCUS", "Focus session"),
    ("AMBIENT", "Ambient"),
    ("COLLABORATION", "Collaboration"),
)
WORLD = "Leave it empty for the whole world."


class GrantForm(forms.Form):
    """How far a use may go. Every default is the recording as it is, give or take a little."""

    slowest = forms.IntegerField(
        min_value=SLOWEST,
        max_value=100,
        label="Slowest, % of the recorded tempo",
        error_messages={
            "min_value": "At least 25 %%: below that nothing of the playing is left.",
            "max_value": "At most 100 %%: the recorded tempo itself must be allowed.",
            "required": "Say how slow it may become; 100 means not slower.",
        },
    )
    fastest = forms.IntegerField(
        min_value=100,
        max_value=FASTEST,
        label="Fastest, % of the recorded tempo",
        error_messages={
            "min_value": "At least 100 %%: the recorded tempo itself must be allowed.",
            "max_value": "At most 400 %%.",
            "required": "Say how fast it may become; 100 means not faster.",
        },
    )
    semitones = forms.IntegerField(
        min_value=0,
        max_value=24,
        label="Pitch, semitones up or down",
        error_messages={
            "min_value": "0 means the recorded pitch.",
            "max_value": "At most 24 semitones, two octaves.",
            "required": "Say how far the pitch may move; 0 means not at all.",
        },
    )
    mix = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Mix, at most % away from yours",
        help_text="0 keeps your balance, tone and place; 100 lets it go as far as it can.",
        error_messages={
            "min_value": "0 keeps your mix as it is.",
            "max_value": "At most 100 %%: the mix as free as it can be.",
            "required": "Say how far the mix may go from yours; 100 means as far as it can.",
        },
    )
    until = forms.DateField(
        required=False,
        label="Until",
        help_text="Leave it empty to grant it until you withdraw it.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a date as year-month-day, for example 2028-12-31."},
    )
    territories = forms.CharField(
        required=False, label="Only in these countries", help_text=f"Codes such as DE FR. {WORLD}"
    )
    channels = forms.CharField(
        required=False,
        label="Only on these channels",
        help_text="SITE is this site; partners have names such as FITNESS. Empty: everywhere.",
    )
    vocals = forms.BooleanField(required=False, label="The voice may sound in variations")
    with_others = forms.BooleanField(
        required=False, label="It may be mixed with other artists’ recordings"
    )
    with_explicit = forms.BooleanField(
        required=False, label="Of those, also with recordings whose words are explicit"
    )
    by_taste = forms.BooleanField(
        required=False,
        label="A listener’s taste profile may choose it and shape what is made of it",
        help_text="Without it listeners set everything by hand, within your limits either way.",
    )

    approve = forms.BooleanField(
        required=False, label="I want to hear variations before anybody else does"
    )
    first = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=FIRST_MOST,
        label="The first so many of a recording wait",
        help_text="Later ones pass by themselves, within what follows.",
        error_messages={
            "min_value": "0 means that only what lies outside the following waits.",
            "max_value": f"At most {FIRST_MOST}.",
        },
    )
    passes_slowest = forms.IntegerField(
        required=False, min_value=SLOWEST, max_value=100, label="Passes down to, % of the tempo"
    )
    passes_fastest = forms.IntegerField(
        required=False, min_value=100, max_value=FASTEST, label="Passes up to, % of the tempo"
    )
    passes_semitones = forms.IntegerField(
        required=False, min_value=0, max_value=24, label="Passes up to, semitones"
    )
    passes_share = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        label="Passes up to, % of what is heard",
        help_text="By one stem of yours; measured when it is made. 100: any share.",
    )
    passes_uses = forms.MultipleChoiceField(
        required=False,
        choices=list(PASSING),
        widget=forms.CheckboxSelectMultiple,
        label="Uses that pass by themselves; none ticked: all",
    )
    voices_wait = forms.BooleanField(required=False, label="Every variation with a voice waits")

    def __init__(self, data: Any = None, *, given: GrantFacts | None = None) -> None:
        super().__init__(data, initial=_initial(given))

    def clean_until(self) -> date | None:
        """A day that has not come yet."""
        day: date | None = self.cleaned_data["until"]
        if day is not None and day <= timezone.now().date():
            raise forms.ValidationError("This day is over. Choose a later one, or none.")
        return day

    def clean_territories(self) -> list[str]:
        """ISO 3166 codes of two letters."""
        codes = self.cleaned_data["territories"].replace(",", " ").upper().split()
        odd = [code for code in codes if code not in CODES]
        if odd:
            raise forms.ValidationError(
                f"{odd[0]} is no country code of two letters. Germany is DE, France is FR."
            )
        return codes

    def clean_channels(self) -> list[str]:
        """Channel names in capitals."""
        names = self.cleaned_data["channels"].replace(",", " ").upper().split()
        if any(len(name) > 40 for name in names):
            raise forms.ValidationError("A channel has a name of at most 40 characters.")
        return names

    def conditions(self) -> dict[str, Any]:
        """What `clearance.grant_matrix` takes beside stems and uses."""
        facts = self.cleaned_data
        until = facts["until"]
        return {
            "limits": Limits(
                tempo_min_ratio=facts["slowest"] / 100,
                tempo_max_ratio=facts["fastest"] / 100,
                semitones_max=facts["semitones"],
                vocals=facts["vocals"],
                with_others=facts["with_others"],
                mix_reach=facts["mix"] / 100,
                with_explicit=facts["with_explicit"],
                by_taste=facts["by_taste"],
            ),
            "approval": self._approval(),
            "territories": facts["territories"],
            "channels": facts["channels"],
            # The day named is still in it.
            "valid_until": until
            and datetime.combine(until + timedelta(days=1), time.min, tzinfo=UTC),
        }

    def _approval(self) -> ApproveFirst | None:
        """What waits, where she wants to hear something first; an empty field bounds nothing."""
        facts = self.cleaned_data
        if not facts["approve"]:
            return None

        def said(name: str, default: int) -> int:
            value = facts[name]
            return default if value is None else int(value)

        return ApproveFirst(
            first=said("first", FIRST_USUAL),
            within=Limits(
                tempo_min_ratio=said("passes_slowest", SLOWEST) / 100,
                tempo_max_ratio=said("passes_fastest", FASTEST) / 100,
                semitones_max=said("passes_semitones", 24),
                vocals=not facts["voices_wait"],
            ),
            uses=frozenset(facts["passes_uses"]),
            share_ppm_max=said("passes_share", 100) * 10_000,
        )


def _initial(given: GrantFacts | None) -> dict[str, Any]:
    if given is None:
        return {
            "slowest": 80, "fastest": 125, "semitones": 3, "vocals": True, "with_others": False,
            "mix": 100, "with_explicit": False, "by_taste": True,
        } | _initial_approval(None)  # fmt: skip
    limits = given.limits or ANYTHING
    until = given.valid_until
    return {
        "slowest": round(limits.tempo_min_ratio * 100),
        "fastest": round(limits.tempo_max_ratio * 100),
        "semitones": limits.semitones_max,
        "vocals": limits.vocals,
        "with_others": limits.with_others,
        "with_explicit": limits.with_explicit,
        "by_taste": limits.by_taste,
        "mix": round(limits.mix_reach * 100),
        "until": (until - timedelta(days=1)).date() if until else None,
        "territories": " ".join(sorted(given.territories)),
        "channels": " ".join(sorted(given.channels)),
    } | _initial_approval(given.approval)


def _initial_approval(rule: ApproveFirst | None) -> dict[str, Any]:
    """The conditions as they stand; before there are any, what is sensible if one wants them."""
    rule, is_wanted = rule or ApproveFirst(first=FIRST_USUAL), rule is not None
    return {
        "approve": is_wanted,
        "first": rule.first,
        "passes_slowest": round(rule.within.tempo_min_ratio * 100),
        "passes_fastest": round(rule.within.tempo_max_ratio * 100),
        "passes_semitones": rule.within.semitones_max,
        "passes_share": rule.share_ppm_max // 10_000,
        "passes_uses": sorted(rule.uses),
        "voices_wait": not rule.within.vocals,
    }
