"""A party's works as a file for its society or administrator."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from licensing.releases.queries import list_works
from portal.accounts import access
from portal.accounts.works_download import MAKERS, download


@login_required
@require_GET
def works_file(request: HttpRequest, party_id: UUID, ending: str) -> HttpResponse:
    """Works that the party writes or keeps a recording of, with codes, shares and releases."""
    party = access.get_party_for(request.user, party_id)
    if ending not in MAKERS:
        raise Http404
    return download(list_works(party.pk, timezone.now()), ending)
