"""The link under which a claimant follows a notice: signed text, known to nobody else.

Nothing of it is stored. Invariant: whoever has the link reaches that one notice and no other.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from licensing.catalog.queries import is_uuid
from licensing.compliance.models import Takedown

_SALT = "notice"


def token_of(row: Takedown) -> str:
    """Signed text that means this notice."""
    return signing.Signer(salt=_SALT).sign(str(row.pk))


def address_of(row: Takedown) -> str:
    """The whole link, for a mail."""
    return str(settings.BASE_URL) + reverse("verify:notice_status", args=[token_of(row)])


def find_by_token(token: str) -> Takedown | None:
    """The notice behind a link; None for one that is not ours."""
    try:
        ref = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    rows = Takedown.objects.select_related("hold", "appeal")
    return rows.filter(pk=ref).first() if is_uuid(ref) else None
