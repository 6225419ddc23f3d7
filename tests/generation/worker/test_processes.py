"""Real workers on a real broker and database: doubled bells, two at one job, one killed mid-way."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from generation import recipe as recipes
from generation.engine.codecs import encode_flac
from generation.engine.render import render
from generation.variations.models import Variation
from generation.work.models import Job
from generation.work.operations import send_bells
from generation.work.rules import KICK
from licensing.attribution.models import LicenceRecord
from tests.processes import Processes
from tests.studio import ask_for, build_studio

ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def processes(broker, tmp_path):
    children = Processes(broker, tmp_path / "logs")
    yield children
    children.stop()


def test_killed_worker_loses_nothing_and_nothing_is_doubled(
    committed_db, broker, processes, news, material
):
    studio = build_studio(material)
    doomed = processes.worker("doomed")
    processes.sweeper()
    variation = ask_for(studio, targets={"seconds": 24.0, "tempo_bpm": 124.0})
    send_bells(12)
    news.wait_for(lambda word: word == "1")
    processes.worker("second")
    doomed.kill()
    news.wait_for(lambda word: word == "READY")
    variation.refresh_from_db()
    assert Variation.objects.count() == LicenceRecord.objects.count() == 1
    assert LicenceRecord.objects.get().state == "SEALED"
    segments = list(variation.segments.order_by("index"))
    assert [one.index for one in segments] == list(range(variation.piece_count))
    assert Job.objects.filter(kind="piece", state="DONE").count() == variation.piece_count
    workers = set(Job.objects.filter(kind="piece").values_list("worker", flat=True))
    assert len(workers) == 2
    assert [one.digest for one in segments[-2:]] == render_again(variation, material)[-2:]
    lines = job_lines(processes.folder / "second.log")
    ours = {str(one) for one in Job.objects.values_list("id", flat=True)}
    assert {one["job"] for one in lines} <= ours
    assert {"piece", "seal"} <= {one["kind"] for one in lines}


def job_lines(log):
    """What a worker logged about the jobs it ended; whatever is not JSON is Celery's banner."""
    lines = [json.loads(one) for one in log.read_text().splitlines() if one.startswith("{")]
    return [one for one in lines if one["event"] == "job"]


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


def test_bell_is_registered_in_the_worker_and_the_web_loads_no_device_library():
    program = (
        "import sys, portal.asgi; from portal.celery import app;"
        f"print('torch' in sys.modules, '{KICK}' in app.tasks);"
        "app.loader.import_default_modules();"
        f"print('{KICK}' in app.tasks, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False", "True", "False"]
