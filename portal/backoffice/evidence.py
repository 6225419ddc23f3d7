"""Documents at the desk: handed in once, named by what rests on them, and read there.

Handing one in permits nothing by itself. Whoever decides on rights may do and read it; who asks for
a document that is not there gets 404.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.decorators import action

from licensing.catalog.evidence import LARGEST_BYTES, evidence_name, keep_evidence
from licensing.catalog.models import Evidence
from portal.audio.answers import stored_object
from portal.audio.objects import Stored
from portal.backoffice.deeds import ask_and_do, list_of, staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin

PDF = "application/pdf"
_NEWEST = 100


class HandInForm(forms.Form):
    """What the document is, and the document."""

    title = forms.CharField(max_length=100, label="What it is, with its date")
    document = forms.FileField(
        label="The document as a PDF",
        help_text=f"At most {LARGEST_BYTES // 2**20} MiB. It is kept for good.",
        widget=forms.FileInput(attrs={"accept": PDF}),
    )


def _handed_in() -> list[tuple[str, str]]:
    rows = Evidence.objects.order_by("-kept_at", "pk")[:_NEWEST]
    return [("", "None"), *((row.pk, f"{row}, {row.kept_at:%-d %B %Y}") for row in rows)]


class EvidenceField(forms.ChoiceField):
    """The document that something rests on, among those handed in; none, where there is none."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            choices=_handed_in,
            label="The document, if it was handed in",
            help_text="Hand it in under “Documents” first.",
        )


class EvidenceAdmin(ReadOnlyAdmin):
    """Documents that recorded consents rest on."""

    list_display = ("title", "digest", "size", "kept_by", "kept_at")
    search_fields = ("title", "digest")
    actions_list = ("hand_in",)
    actions_detail = ("read_it",)

    @action(description="Hand in a document", url_path="hand-in", permissions=["decide_rights"])
    def hand_in(self, request: HttpRequest) -> HttpResponse:
        """Keep a document, so that deeds can name it."""

        def do(data: dict[str, Any]) -> str:
            digest = keep_evidence(
                document=data["document"],
                title=data["title"],
                kept_by=staff_actor(request)[1],
                now=timezone.now(),
            )
            return f"The document is kept as {digest[:12]}. Deeds can name it now."

        return ask_and_do(
            request,
            title="Hand in a document",
            consequence="It is kept as it is, for good. By itself it permits nothing.",
            form_class=HandInForm,
            do=do,
            back=list_of("catalog_evidence"),
        )

    @action(description="Read the document", url_path="read", permissions=["decide_rights"])
    def read_it(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The document as it was handed in."""
        row = get_object_or_404(Evidence, pk=object_id)
        name = f"document-{row.digest[:12]}.pdf"
        return stored_object(
            request, Stored(evidence_name(row.digest), row.size, row.digest, PDF, name)
        )
