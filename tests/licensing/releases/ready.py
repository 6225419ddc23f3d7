"""Stems whose audio is there, so that what was made of them is served."""

from licensing.catalog.models import AudioObject, Stem
from tests.licensing.royalties import small_world as world


def make_ready():
    """All stems of the small world get one audio and are READY."""
    audio, _ = AudioObject.objects.get_or_create(
        pk=world.DIGEST,
        defaults={
            "frames": 48_000,
            "original_sha256": world.DIGEST,
            "original_bytes": 288_044,
            "archive_name": "archive",
            "original_name": "original",
            "created_at": world.LONG_AGO,
        },
    )
    Stem.objects.update(audio=audio, state=Stem.State.READY)
