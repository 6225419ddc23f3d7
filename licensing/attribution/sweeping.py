"""Audio of deleted stems goes when nothing that may still be served needs it.

It refuses to decide what may be served. Invariant: objects go before the row that names them, under
the lock that attaching audio takes, so that a sweep cut short goes on where it was.
"""

from datetime import datetime

from django.db import transaction

from licensing.attribution.queries import removable_audio
from licensing.catalog.models import AudioObject
from licensing.catalog.operations import mark_audio_removed
from licensing.catalog.store import remove


def sweep_deleted_audio(*, now: datetime, limit: int = 100) -> list[str]:
    """Remove original and archive of audio that nothing needs any more; the digests removed.

    Each under the lock that `attach_audio` takes, objects before the row: cut short, it goes again.
    """
    removed = []
    for digest in list(removable_audio(now).values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            audio = AudioObject.objects.select_for_update().get(pk=digest)
            if not removable_audio(now).filter(pk=digest).exists():
                continue
            for name in {audio.original_name, audio.archive_name} - {""}:
                remove(name)
            mark_audio_removed(digest=digest, now=now)
            removed.append(digest)
    return removed
