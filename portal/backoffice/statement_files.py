"""The files of any payee's statement at the desk: what a payee downloads on its own page.

A society has no page, so this is how its statement reaches it. Whoever may see statements at the
desk may have them; the bytes are those that the payee gets.
"""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from unfold.decorators import action

from licensing.royalties.models import Statement
from portal.artists.statement_files import file_of


class StatementFiles:
    """A statement as PDF, CSV and JSON, on its page."""

    actions_detail: tuple[str, ...] = ("as_pdf", "as_csv", "as_json")

    @action(description="As PDF", url_path="pdf", permissions=["view"])
    def as_pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For people."""
        return _file(request, object_id, "pdf")

    @action(description="As CSV", url_path="csv", permissions=["view"])
    def as_csv(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For spreadsheets."""
        return _file(request, object_id, "csv")

    @action(description="As JSON", url_path="json", permissions=["view"])
    def as_json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For programs; recompute.py divides it again."""
        return _file(request, object_id, "json")


def _file(request: HttpRequest, object_id: str, ending: str) -> HttpResponse:
    try:
        row = get_object_or_404(Statement, pk=UUID(object_id))
    except ValueError as error:
        raise Http404 from error
    return file_of(row.pk, ending, request.GET.get("schema"))
