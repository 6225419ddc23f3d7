"""A confined process has little left: no network, no large file, no endless work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
START = """
import json, os, socket, sys
from generation.ingest.confine import confine, refuse_processes
isolated = confine(memory_bytes=1 << 29, file_bytes=1 << 16, cpu_seconds=1, cpu_seconds_max=1)
"""


def confined(then: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START + then],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_network_is_gone_where_the_system_lets_it_go(tmp_path):
    done = confined(
        "names = [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]\n"
        "print(json.dumps([isolated, names]))",
        tmp_path,
    )
    isolated, names = json.loads(done.stdout)
    if not isolated:
        pytest.skip("This system does not let a process leave the network.")
    assert names == ["lo"]


def test_large_file_cannot_be_written(tmp_path):
    done = confined("open('big', 'wb').write(b'x' * (1 << 20))", tmp_path)
    assert done.returncode != 0
    assert (tmp_path / "big").stat().st_size <= 1 << 16


def test_too_much_memory_is_not_given(tmp_path):
    done = confined("bytearray(1 << 30)", tmp_path)
    assert "MemoryError" in done.stderr


def test_endless_work_ends(tmp_path):
    assert confined("while True: pass", tmp_path).returncode < 0
