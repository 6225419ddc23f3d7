"""The benchmark of devices runs where there is no device and no Django."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu

ROOT = Path(__file__).resolve().parents[2]
# Whoever asks for Django, or for the faces, which do not travel with it, is refused.
PROGRAM = """
import sys
class Refused:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("django", "portal"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refused())
from benchmarks import gpu
sys.exit(gpu.main(["--device", "cpu", "--seconds", "1", "--check", "--json"]))
"""


def test_a_small_job_is_measured_on_a_cpu_without_django():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["on"] == "cpu"
    figures = {one["name"]: one for one in found["figures"]}
    assert len(figures) == 6
    assert all(one["reached"] is not None for one in figures.values())
    assert figures["frames that decide otherwise"]["verdict"] == "met"
    assert figures["one job, 5 x 1 s"]["reached"] > 0


def test_without_a_device_it_says_so_and_a_check_fails(capsys):
    if gpu.torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert gpu.main([]) == 0
    assert gpu.main(["--check"]) == 2
    assert capsys.readouterr().out.count("no CUDA device") == 2
