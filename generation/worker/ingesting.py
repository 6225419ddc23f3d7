"""The job "ingest": decode what was uploaded, in a child with little power, and keep what is sound.

Invariant: the objects are in the store before a row names them; whatever way it ends, the decoded
files of the attempt are gone from the upload's folder.
"""

import shutil

from generation.ingest.decode import Checked, Refused, decode
from generation.uploads import folders
from generation.uploads.models import Upload
from generation.uploads.operations import accept_upload, refuse_upload
from generation.uploads.rules import State
from generation.work.models import Job
from generation.worker.loop import Clock
from generation.worker.stems import planar_cache
from licensing.catalog.rules import CatalogRefused
from licensing.catalog.store import object_name, put_path

SETTLED = "stem_settled"
ARCHIVE, ORIGINAL = "archive", "original"


def ingest(job: Job, clock: Clock) -> None:
    """Decode the upload; its stem becomes READY (or REVIEW), or REFUSED with a sentence."""
    upload = Upload.objects.get(id=job.subject_ref)
    if upload.state != State.CHECKING:
        return
    whole, room = folders.whole_of(upload.id), folders.folder_of(upload.id) / "decoded"
    try:
        found = decode(whole, room, name=upload.client_name)
        if isinstance(found, Refused):
            refuse_upload(
                upload_id=upload.id, code=found.code, sentence=found.sentence, now=clock()
            )
            return
        _keep(upload, found, clock)
    except CatalogRefused as refused:
        if refused.code != SETTLED:
            raise
        # Deleted while it was decoded: nobody waits for it, and no attempt more would help.
        refuse_upload(upload_id=upload.id, code=SETTLED, sentence=str(refused), now=clock())
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _keep(upload: Upload, found: Checked, clock: Clock) -> None:
    whole = folders.whole_of(upload.id)
    archive = put_path(object_name(ARCHIVE, found.digest, "flac"), found.archive)
    original = put_path(object_name(ORIGINAL, found.original_sha256, found.kind), whole)
    planar_cache().keep(found.digest, found.planar)
    accept_upload(
        upload_id=upload.id,
        digest=found.digest,
        frames=found.frames,
        original_sha256=found.original_sha256,
        original_bytes=found.original_bytes,
        archive_name=archive,
        original_name=original,
        ingest_gain_db=found.ingest_gain_db,
        notes=found.notes,
        now=clock(),
    )
