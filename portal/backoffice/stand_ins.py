"""The desk's deeds for a party that cannot be reached: one proposes to decide in its place, on a
document; another, with a second factor, decides.

What is decided counts as a signature of that party on that one sheet. The party is told in any
case. It writes through the operations of the catalog alone.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.models import EndedVersion, Share, Signature, SplitSheet, StandIn
from licensing.catalog.queries import get_sheet_state
from licensing.catalog.rules import UNREACHED_DAYS
from licensing.catalog.standing_in import (
    LONGEST_DOCUMENT,
    decide_stand_in,
    drop_stand_in,
    propose_stand_in,
)
from portal.accounts.second_factor import second_factor_of
from portal.artists.telling import tell_decided
from portal.artists.words import percent
from portal.backoffice.deeds import ReasonForm, ask_and_do, list_of, staff_actor
from portal.backoffice.evidence import EvidenceField
from portal.backoffice.inlines import ReadOnlyInline
from portal.backoffice.readonly import ReadOnlyAdmin
from portal.backoffice.rehearsing import Table
from portal.backoffice.second_person import asks_for_second_factor

_SHOWN = ("party", "sheet__recording", "sheet__stem", "sheet__work")


class StandInForm(forms.Form):
    """In whose place, and on which document."""

    party = forms.ChoiceField(label="In the place of")
    document = forms.CharField(
        max_length=LONGEST_DOCUMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="On which document",
        help_text="Its title, date and what it says: a court order, a power of attorney, the end "
        "of a company. The party reads it.",
    )
    evidence = EvidenceField()

    def __init__(self, sheet: SplitSheet, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        state = get_sheet_state(sheet.pk)
        ended = {one.party_id for one in state.leaving}
        field = self.fields["party"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(ref), name) for ref, name in state.waiting_for if ref in ended]


class ShareInline(ReadOnlyInline):
    """Rows of their page."""

    model = Share


class SignatureInline(ReadOnlyInline):
    """Rows of their page."""

    model = Signature


class EndedInline(ReadOnlyInline):
    """The versions whose parties are asked too."""

    model = EndedVersion
    fk_name = "sheet"
    fields = ("ended",)


class SheetAdmin(ReadOnlyAdmin):
    """Split sheets with shares, signatures and the versions that they end."""

    list_display = ("id", "right", "recording", "stem", "work", "version", "state", "proposed_at")
    list_select_related = ("recording", "stem", "work")
    list_filter = ("state", "right")
    inlines = (ShareInline, EndedInline, SignatureInline)
    actions_detail = ("stand_in",)
    deeds_while = {"state": SplitSheet.State.PROPOSED}

    @action(
        description="A party cannot be reached", url_path="stand-in", permissions=["decide_rights"]
    )
    def stand_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to decide in the place of a party of the version that ends."""
        row = get_object_or_404(SplitSheet, pk=object_id)

        def do(data: dict[str, Any]) -> str:
            made = propose_stand_in(
                sheet_id=row.pk,
                party_id=UUID(data["party"]),
                document=data["document"],
                evidence_sha256=data["evidence"],
                proposed_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return f"Proposed for {made.party}: somebody else decides or drops it."

        return ask_and_do(
            request,
            title=f"Decide in a party's place: {row}",
            consequence="Only for a party of a version that this sheet ends, which was asked "
            f"{UNREACHED_DAYS} days ago or earlier. It counts once a second person has decided.",
            form_class=partial(StandInForm, row),
            do=do,
            back=list_of("catalog_standin"),
            key="Propose this decision",
            table=_holding(row),
        )


class StandInAdmin(ReadOnlyAdmin):
    """Decisions in the place of parties that could not be reached."""

    list_display = ("sheet", "party", "state", "proposed_at", "decided_at")
    list_filter = ("state",)
    list_select_related = _SHOWN
    actions_detail = ("decide_it", "drop")
    deeds_while = {"state": StandIn.State.OPEN}

    @action(description="Decide in its place", url_path="decide", permissions=["decide_rights"])
    def decide_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The second person's yes."""
        row = get_object_or_404(StandIn.objects.select_related(*_SHOWN), pk=object_id)
        elsewhere = asks_for_second_factor(request)
        if elsewhere is not None:
            return elsewhere

        def do(_: dict[str, Any]) -> str:
            made = decide_stand_in(
                stand_in_id=row.pk,
                decided_by=staff_actor(request)[1],
                proof=second_factor_of(request),
                now=timezone.now(),
            )
            tell_decided(sheet=made.sheet, party=made.party, document=made.document)
            return f"Decided in the place of {made.party}, who is told."

        return ask_and_do(
            request,
            title=f"Decide in the place of {row.party}",
            consequence=f"It counts as a signature of {row.party} on the {row.sheet}, and is not "
            f"taken back. On this document: {row.document}",
            form_class=forms.Form,
            do=do,
            back=list_of("catalog_standin"),
            table=_holding(row.sheet),
        )

    @action(description="Drop it", url_path="drop", permissions=["decide_rights"])
    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do nothing of it."""
        row = get_object_or_404(StandIn.objects.select_related("party"), pk=object_id)

        def do(data: dict[str, Any]) -> str:
            drop_stand_in(
                stand_in_id=row.pk,
                because=data["reason"],
                dropped_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return "Dropped: the party's own signature is waited for."

        return ask_and_do(
            request,
            title="Drop this decision",
            consequence=f"Nothing is decided in the place of {row.party}.",
            form_class=ReasonForm,
            do=do,
            back=list_of("catalog_standin"),
        )


def _holding(sheet: SplitSheet) -> Table:
    """Who holds how much by the versions that a sheet ends, and by it."""
    rows = [
        (one.name, percent(one.before_ppm), percent(one.after_ppm) if one.after_ppm else "nothing")
        for one in get_sheet_state(sheet.pk).leaving
    ]
    return Table(
        "Who holds by the version that ends", ("Party", "Until then", "From then on"), rows
    )


SHEET_PAGES: dict[type[models.Model], type[ReadOnlyAdmin]] = {
    SplitSheet: SheetAdmin,
    StandIn: StandInAdmin,
}
