"""The desk's pages about takedown notices: what is said, about what, who is asked, by when.

It decides nothing; deeds stand beside it. Invariant: the notice due first stands first.
"""

from collections.abc import Iterable

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from licensing.catalog.models import Party
from licensing.compliance.models import Appeal, CounterStatement, Takedown
from licensing.compliance.queries import find_target, holders_of, same_sound
from licensing.compliance.rules import UNDECIDED, State
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.takedown_deeds import TakedownDeeds


class AnswerInline(ReadOnlyInline):
    """What holders answered."""

    model = CounterStatement
    fields = ("party", "statement", "answered_at", "answered_by")


class AppealInline(ReadOnlyInline):
    """The wish for a second look, and what came of it."""

    model = Appeal
    fields = ("party", "statement", "asked_at", "decide_by", "outcome", "reasons", "decided_by")


class TakedownAdmin(TakedownDeeds, ReadOnlyAdmin):
    """Notices from outside that something here is theirs; the one due first stands first."""

    list_display = ("reference", "target", "ground", "state", "received_at", "decide_by", "due")
    list_filter = ("state", "ground", "target_kind")
    search_fields = ("reference", "claimant_name", "claimant_mail", "target_ref")
    ordering = ("decide_by",)
    fields = (
        *("reference", "state", "decide_by", "due", "target", "same_sound", "ground"),
        *("statement", "claimant_name", "claimant_mail", "good_faith", "received_at"),
        *("asked", "asked_at", "answer_until", "hold"),
        *("decided_at", "decided_by", "reasons", "forgotten_at"),
    )
    inlines = (AnswerInline, AppealInline)

    def due(self, row: Takedown) -> str:
        """How long there is, or that the day has passed."""
        if State(row.state) not in UNDECIDED:
            return "-"
        left = row.decide_by - timezone.now()
        if left.total_seconds() < 0:
            return "■ overdue"
        return f"in {left.days} day{'' if left.days == 1 else 's'}"

    def target(self, row: Takedown) -> SafeString | str:
        """What it names, with its page at the desk."""
        found = find_target(row.target_kind, row.target_ref)
        if found is None:
            return f"{row.target_kind} {row.target_ref}"
        name, model = {
            "STEM": ("catalog_stem_change", "stem"),
            "RECORDING": ("catalog_recording_change", "recording"),
        }.get(found.kind, ("case_file", "licence record"))
        page = reverse(f"admin:{name}", args=[found.ref])
        return format_html('{}: <a href="{}">{}</a>', model.capitalize(), page, found.title)

    @display(description="Same sound elsewhere")
    def same_sound(self, row: Takedown) -> SafeString | str:
        """Other stems of exactly this sound: a notice blocks what it names, and nothing else."""
        found = find_target(row.target_kind, row.target_ref)
        others = [] if found is None else list(same_sound(found))
        return _named(
            (reverse("admin:catalog_stem_change", args=[one.pk]), f"{one}, {one.party}")
            for one in others
        )

    @display(description="Asked to answer")
    def asked(self, row: Takedown) -> SafeString | str:
        """The parties that hold it now."""
        found = find_target(row.target_kind, row.target_ref)
        rows = Party.objects.filter(pk__in=holders_of(found) if found else [])
        return _named(
            (reverse("admin:catalog_party_change", args=[one.pk]), one.name)
            for one in rows.order_by("name")
        )


def _named(links: Iterable[tuple[str, str]]) -> SafeString | str:
    return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"


TAKEDOWN_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {Takedown: TakedownAdmin}
