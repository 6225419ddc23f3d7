"""A notice as a form: what it is about, whose it is said to be, who says so."""

from collections.abc import Collection
from typing import Any

from django import forms

from licensing.compliance.models import Takedown
from licensing.compliance.rules import LONGEST_NAME, LONGEST_STATEMENT
from portal.accounts.names import printable
from portal.verify.pointing import Ref, named_by, stem_in

GOOD_FAITH = (
    "I believe in good faith that this is used without leave of whoever holds the right, and what "
    "I write here is true."
)
_GROUNDS = [
    (str(value), str(word).capitalize())
    for value, word in Takedown._meta.get_field("ground").flatchoices
]
_STATEMENT_HELP = (
    "Which part, from which second on, and how it came to be yours: a year, a release, a contract. "
    f"At most {LONGEST_STATEMENT} characters."
)


class NoticeForm(forms.Form):
    """What somebody outside tells us. Needs no login."""

    about = forms.CharField(
        max_length=500,
        label="Address of the page, or number of the licence record",
        help_text="Copy it out of your browser’s address bar, or from the licence of a variation.",
        error_messages={"required": "Paste the address of the page that it is about."},
    )
    stem = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    ground = forms.ChoiceField(
        choices=[("", "Choose one"), *_GROUNDS],
        label="It uses",
        error_messages={"required": "Choose what of yours it uses."},
    )
    statement = forms.CharField(
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 8}),
        label="What is yours, and why it should not be here",
        help_text=_STATEMENT_HELP,
        error_messages={
            "required": "Write what is yours: without it nobody can decide.",
            "max_length": f"At most {LONGEST_STATEMENT} characters: bring the rest by mail later.",
        },
    )
    name = forms.CharField(
        max_length=LONGEST_NAME,
        validators=[printable],
        label="Your name",
        help_text="The artists read your name and your words, so that they can answer; nobody else "
        "outside does.",
        error_messages={"required": "Write your name: the artists must know who says so."},
    )
    mail = forms.EmailField(
        label="Your mail address",
        help_text="For our answer. The artists do not see it.",
        error_messages={
            "required": "Write your mail address: our answer goes there.",
            "invalid": "A mail address has a name, an @ and a domain.",
        },
    )
    good_faith = forms.BooleanField(
        label=GOOD_FAITH,
        error_messages={"required": "Confirm this: without it a notice does not count."},
    )

    def __init__(self, *args: Any, hosts: Collection[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.hosts = hosts

    def clean(self) -> dict[str, Any]:
        """With `target`: what all of it is about, as holds name it."""
        facts = super().clean() or {}
        if "about" in facts:
            facts["target"] = self._target(facts["about"], facts.get("stem", ""))
        return facts

    def _target(self, about: str, stem: str) -> Ref | None:
        whole = named_by(about, self.hosts)
        if whole is None:
            self.add_error(
                "about",
                "Nothing of ours is at this address. Paste the address of a recording, a variation "
                "or a live session here.",
            )
            return None
        part = stem_in(whole, stem) if stem else whole
        if part is None:
            self.add_error("about", "The stem is not in this: open the form from its page again.")
        return part
