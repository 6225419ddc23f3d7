"""A party's works as a file for its society or administrator; the desk gives out all of them."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from licensing.releases import works_files
from licensing.releases.queries import WorkView, list_works
from portal.accounts import access

MAKERS = {
    "csv": (works_files.as_csv, "text/csv; charset=utf-8"),
    "json": (works_files.as_json, "application/json"),
}


@login_required
@require_GET
def works_file(request: HttpRequest, party_id: UUID, ending: str) -> HttpResponse:
    """Works that the party writes or keeps a recording of, with codes, shares and releases."""
    party = access.get_party_for(request.user, party_id)
    if ending not in MAKERS:
        raise Http404
    return download(list_works(party.pk, timezone.now()), ending)


def download(works: Sequence[WorkView], ending: str) -> HttpResponse:
    """The file, csv or json, that nobody keeps on the way. Raises KeyError for another ending."""
    make, kind = MAKERS[ending]
    answer = HttpResponse(make(works), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="works.{ending}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
