"""Two real workers at one job, rung too often; one is killed in the middle of a piece.

It comes last by its name: whoever was killed would have to be started again for the next journey.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from generation import recipe as recipes
from generation.engine.codecs import encode_flac
from generation.engine.render import render
from generation.variations.models import Variation
from generation.work.models import Job
from generation.work.operations import send_bells
from generation.work.rules import State
from licensing.attribution.models import LicenceRecord
from portal.demo.supervisor import Child
from tests.studio import ask_for, build_studio
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("product")


def test_killed_worker_loses_nothing_and_nothing_is_doubled(processes, news, material):
    studio = build_studio(material)
    workers = [child for child in processes.children if child.name.startswith("render")]
    already = {child.name: child.log.stat().st_size for child in workers}
    variation = ask_for(studio, targets={"seconds": 24.0, "tempo_bpm": 124.0})
    send_bells(12)
    doomed = _somebody_in_the_middle(workers)
    doomed.kill()
    second = next(child for child in workers if child is not doomed)
    news.wait_for(lambda word: word == "READY")
    variation.refresh_from_db()
    assert Variation.objects.count() == LicenceRecord.objects.count() == 1
    assert LicenceRecord.objects.get().state == "SEALED"
    segments = list(variation.segments.order_by("index"))
    assert [one.index for one in segments] == list(range(variation.piece_count))
    assert Job.objects.filter(kind="piece", state="DONE").count() == variation.piece_count
    assert len(set(Job.objects.filter(kind="piece").values_list("worker", flat=True))) == 2
    assert [one.digest for one in segments[-2:]] == render_again(variation, material)[-2:]
    lines = job_lines(second.log, already[second.name])
    ours = {str(one) for one in Job.objects.values_list("id", flat=True)}
    assert {one["job"] for one in lines} <= ours
    assert {"piece", "seal"} <= {one["kind"] for one in lines}


def _somebody_in_the_middle(workers: list[Child]) -> Child:
    """Once a worker has made a piece and is at another: that one."""
    found: list[Child] = []

    def somebody_is() -> bool:
        for worker in workers:
            pieces = Job.objects.filter(kind="piece", worker__startswith=f"{worker.name}@")
            if set(pieces.values_list("state", flat=True)) >= {State.DONE, State.RUNNING}:
                found.append(worker)
        return bool(found)

    wait_until(somebody_is)
    return found[0]


def job_lines(log: Path, already: int) -> list[dict]:
    """What a worker logged, after its first `already` bytes, about the jobs it ended.

    Whatever is not JSON is Celery's banner.
    """
    lines = log.read_bytes()[already:].decode().splitlines()
    read = [json.loads(one) for one in lines if one.startswith("{")]
    return [one for one in read if one["event"] == "job"]


def render_again(variation, material):
    """The digests of the segments, rendered here in one go and cut."""
    plan = recipes.from_json(variation.recipe)
    onsets = {
        digest: (np.array(one.onsets, dtype=np.int64), np.array(one.onset_db))
        for digest, one in zip(material.digests, material.measures, strict=True)
    }
    stems = dict(zip(material.digests, material.audio, strict=True))
    whole = render(plan, stems, onsets, 0, plan.length, with_parts=False, with_windows=False).audio
    cuts = [recipes.piece_range(plan, index) for index in range(variation.piece_count)]
    return [hashlib.sha256(encode_flac(whole[:, a:b])).hexdigest() for a, b in cuts]
