"""Handing in a document at the desk, and reading it there: what a recorded consent rests on.

Whoever decides on rights may read one; who asks for another gets the same 404 as for none.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from unfold.decorators import action

from licensing.catalog.evidence import LARGEST_BYTES, evidence_name, keep_evidence
from licensing.catalog.models import Evidence
from portal.audio.answers import stored_object
from portal.audio.objects import Stored
from portal.backoffice.deeds import staff_actor
from portal.backoffice.readonly import ReadOnlyAdmin

PDF = "application/pdf"


class EvidenceField(forms.FileField):
    """The document itself, where there is one."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="The document, if you have it as a PDF",
            help_text=f"At most {LARGEST_BYTES // 2**20} MiB. It is kept with what you record.",
            widget=forms.ClearableFileInput(attrs={"accept": PDF}),
        )


def kept(request: HttpRequest, data: dict[str, Any], now: datetime) -> str:
    """The digest of the document in a form, kept; empty where none was handed in."""
    document = data.get("evidence")
    if not document:
        return ""
    return keep_evidence(document=document, kept_by=staff_actor(request)[1], now=now)


class EvidenceAdmin(ReadOnlyAdmin):
    """Documents that recorded consents rest on."""

    list_display = ("digest", "size", "kept_by", "kept_at")
    search_fields = ("digest",)
    actions_detail = ("read_it",)

    @action(description="Read the document", url_path="read", permissions=["decide_rights"])
    def read_it(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The document as it was handed in."""
        row = get_object_or_404(Evidence, pk=object_id)
        name = f"document-{row.digest[:12]}.pdf"
        return stored_object(
            request, Stored(evidence_name(row.digest), row.size, row.digest, PDF, name)
        )
