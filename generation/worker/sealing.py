"""The job "seal": finished files from the streamed samples, exact lines, and the record closed.

Invariant: what is attributed and measured is what was stored; a job that ended early, or that did
not keep the song, is sealed with what was heard and makes no files.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings

from generation.analysis.likeness import Likeness, likeness_of, sentence_of
from generation.engine import codecs, master
from generation.engine.kernels import Audio, Reals
from generation.engine.lines import lines_of
from generation.engine.shares import model_ppm_of
from generation.external import cleared_digests
from generation.recipe import PIECE_SAMPLES, Recipe
from generation.variations import queries, rules
from generation.variations.models import Segment, Variation
from generation.variations.operations import StoredFile, seal_variation
from generation.variations.rules import State
from generation.work.models import Job
from generation.worker.loop import Clock, step_aside
from generation.worker.rendering import read_recipe
from generation.worker.stems import load_stems
from licensing.attribution.rules import UNATTRIBUTED, paid_lines
from licensing.catalog.store import audio_store, object_name, put_path

MASTER = "master"

MISSED = (
    "It came out at {reached:.1f} LUFS where {planned:.1f} was planned; what was streamed is never "
    "changed, and its files are turned by 0.5 dB at most and never over -1 dBTP."
)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was measured of all segments, one after the other; see `models.Segment`."""

    table: bytes
    generated: bytes
    outside: bytes

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> "_Heard":
        """The tables of `segments`, which are in order."""
        return cls(
            b"".join(bytes(one.windows) for one in segments),
            b"".join(bytes(one.generated) for one in segments),
            b"".join(bytes(one.outside) for one in segments),
        )

    def sha256(self) -> str:
        """The digest that the record keeps: over the three, one after the other."""
        return hashlib.sha256(self.table + self.generated + self.outside).hexdigest()


def seal(job: Job, clock: Clock) -> None:
    """Seal the variation: whole and with files, or as far as it was heard."""
    variation = queries.get_variation(job.subject_ref)
    record = variation.record
    if record is None or record.state != "OPEN":
        return
    plan = read_recipe(variation.recipe)
    segments = list(variation.segments.order_by("index"))
    heard = _Heard.of(segments)
    lines, unattributed = _lines(variation, plan, heard)
    measured: dict[str, object] = {"target_lufs": plan.target_lufs}
    measured |= {"model_ppm": _model_ppm(plan, heard), "unattributed_ppm": unattributed}
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


def _windows(plan: Recipe, table: bytes) -> Reals:
    return np.frombuffer(table, dtype="<f8").reshape(-1, len(cleared_digests(plan)))


def _model_ppm(plan: Recipe, heard: _Heard) -> int:
    """What nets wrote and what external nets made of what was heard, by the policy of the lines."""
    if not heard.generated and not heard.outside:
        return 0
    windows, beside = _windows(plan, heard.table), np.frombuffer(heard.outside, dtype="<f8")
    if not heard.outside:
        return model_ppm_of(windows, np.frombuffer(heard.generated, dtype="<f8"))
    made = np.maximum(beside, 0.0)
    if heard.generated:
        made = made + np.frombuffer(heard.generated, dtype="<f8")
    return model_ppm_of(np.column_stack([windows, beside]), made)


def _lines(variation: Variation, plan: Recipe, heard: _Heard) -> tuple[list[tuple[UUID, int]], int]:
    """(stem, ppm) by policy k-weighted-shapley/1, and the ppm of what rests on no stem.

    No lines where no stem sounded.
    """
    digests, windows = cleared_digests(plan), _windows(plan, heard.table)
    stems = {digests[one.position]: one.stem_id for one in queries.sources_of(variation)}
    names = digests
    if heard.outside:
        names = [*digests, UNATTRIBUTED]
        windows = np.column_stack([windows, np.frombuffer(heard.outside, dtype="<f8")])
    parts = lines_of(windows, names)
    if not any(ppm for name, ppm in parts if name != UNATTRIBUTED):
        return [], 0
    lines, unattributed = paid_lines(parts)
    return [(stems[digest], ppm) for digest, ppm in lines], unattributed
