"""What a listener heard in live sessions, for whoever asks what would be new to them.

It reads who sounded; it refuses to know beliefs. Invariant: the newest sessions tell, so many and
no more, however long somebody has been listening.
"""

from uuid import UUID

from generation.sessions.models import LiveSession
from licensing.attribution.models import LicenceSource

# What lies further back is as good as new.
LATELY = 20


def heard_lately(session: LiveSession, listener: tuple[str, str]) -> set[UUID] | None:
    """The recordings in the newest sessions of `listener` before this one; None where the session
    is somebody else's.
    """
    if (session.listener_kind, session.listener_ref) != listener:
        return None
    theirs = LiveSession.objects.filter(
        listener_kind=listener[0],
        listener_ref=listener[1],
        created_at__lt=session.created_at,
        record__isnull=False,
    )
    newest = theirs.order_by("-created_at").values("record")[:LATELY]
    sources = LicenceSource.objects.filter(record__in=newest)
    return set(sources.values_list("stem__recording", flat=True).distinct())
