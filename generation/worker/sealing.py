"""The job "seal": finished files from the streamed samples, exact lines, and the record closed.

Invariant: what is attributed and measured is what was stored; a job that ended early, or that did
not keep the song, is sealed with what was heard and makes no files.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from django.conf import settings

from generation.analysis.likeness import Likeness, likeness_of, sentence_of
from generation.engine import codecs, master
from generation.engine.kernels import Audio
from generation.recipe import PIECE_SAMPLES, Recipe
from generation.variations import queries, rules
from generation.variations.models import Segment, Variation
from generation.variations.operations import StoredFile, seal_variation
from generation.variations.rules import State
from generation.work.models import Job
from generation.worker.loop import Clock, step_aside
from generation.worker.origins import origin_of_variation
from generation.worker.rendering import read_recipe
from generation.worker.stems import load_stems
from generation.worker.weighing import Tables, lines_by_policy, model_part
from licensing.catalog.store import audio_store, object_name, put_path

MASTER = "master"

MISSED = (
    "It came out at {reached:.1f} LUFS where {planned:.1f} was planned; what was streamed is never "
    "changed, and its files are turned by 0.5 dB at most and never over -1 dBTP."
)


def seal(job: Job, clock: Clock) -> None:
    """Seal the variation: whole and with files, or as far as it was heard."""
    variation = queries.get_variation(job.subject_ref)
    record = variation.record
    if record is None or record.state != "OPEN":
        return
    plan = read_recipe(variation.recipe)
    segments = list(variation.segments.order_by("index"))
    heard = Tables.of(segments)
    lines, unattributed = lines_by_policy(variation, plan, heard)
    measured: dict[str, object] = {"target_lufs": plan.target_lufs}
    measured |= {"model_ppm": model_part(plan, heard), "unattributed_ppm": unattributed}
    files: list[StoredFile] = []
    refusal: tuple[str, str] | None = None
    if variation.state == State.RENDERING and len(segments) == variation.piece_count:
        with tempfile.TemporaryDirectory(prefix="seal-") as folder:
            samples = _joined(plan, segments, Path(folder))
            likeness = _likeness(plan, samples)
            measured |= _likeness_figures(likeness)
            if likeness.is_kept:
                finished = _finish(variation, plan, samples, Path(folder))
                files = [_store(one, finished.trim_db) for one in finished.files]
                measured |= _figures(plan, finished)
            else:
                refusal = rules.NOT_THE_SONG, sentence_of(likeness, plan)
                measured["notes"] = [refusal[1]]
    seal_variation(
        variation_id=variation.id,
        lines=lines,
        windows_sha256=heard.sha256(),
        measured=measured,
        files=files,
        refusal=refusal,
        origin=origin_of_variation(variation, plan, job, is_compared="chroma_likeness" in measured),
        now=clock(),
    )


def _joined(plan: Recipe, segments: Sequence[Segment], folder: Path) -> Audio:
    """The samples of all segments, float32 [2, n], in a file of `folder`."""
    samples = np.lib.format.open_memmap(
        folder / "whole.npy", mode="w+", dtype=np.float32, shape=(2, plan.length)
    )
    for one in segments:
        step_aside()
        with audio_store().open(one.name) as file:
            samples[:, one.start : one.end] = codecs.decode_flac(file.read())
    return samples


def _likeness(plan: Recipe, samples: Audio) -> Likeness:
    """How much what was streamed is like its sources."""
    stems = load_stems(source.digest for source in plan.sources)
    return likeness_of(plan, stems, [(0, samples)], step_aside)


def _likeness_figures(likeness: Likeness) -> dict[str, object]:
    whole = likeness.whole
    return {"chroma_likeness": whole.chroma, "onset_likeness": whole.onsets}


def _finish(variation: Variation, plan: Recipe, samples: Audio, folder: Path) -> master.Finished:
    """The files, written to `folder`, from all samples."""

    def pieces() -> Iterator[Audio]:
        for start in range(0, plan.length, PIECE_SAMPLES):
            yield np.ascontiguousarray(samples[:, start : start + PIECE_SAMPLES])

    artists = dict.fromkeys(one.party_name for one in queries.sources_of(variation))
    address = f"{settings.BASE_URL}/variations/{variation.id}"
    return master.finish(
        pieces,
        reached_lufs=plan.reached_lufs,
        folder=folder,
        name="variation",
        tags=codecs.tags_for(variation.title, ", ".join(artists), address),
        formats=rules.FORMATS,
        pause=step_aside,
    )


def _figures(plan: Recipe, finished: master.Finished) -> dict[str, object]:
    """What the record says of the master; when the plan was missed, the loudness that came out."""
    reached, notes = plan.reached_lufs, []
    if finished.gain_correction_db != 0.0 and finished.integrated_lufs is not None:
        reached = finished.integrated_lufs
        notes.append(MISSED.format(planned=plan.reached_lufs, reached=reached))
    return {
        "reached_lufs": reached,
        "notes": notes,
        "integrated_lufs": finished.integrated_lufs,
        "true_peak_dbtp": finished.true_peak_dbtp,
        "trim_db": finished.trim_db,
    }


def _store(file: master.File, trim_db: float) -> StoredFile:
    with file.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name = put_path(object_name(MASTER, digest, file.format), file.path)
    size = file.path.stat().st_size
    return StoredFile(file.format, name, digest, size, trim_db - file.lowered_db)
