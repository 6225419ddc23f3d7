"""The demo's supervisor keeps its children alive and leaves none behind."""

import os
import signal
import sys
import threading
from pathlib import Path

from portal.demo.supervisor import Child, Supervisor

WAITS = "import signal; signal.pause()"


def _child(tmp_path: Path, program: str) -> Child:
    return Child("child", [sys.executable, "-c", program], os.environ, tmp_path / "log")


def _until(condition: object, pause: threading.Event) -> bool:
    return any(condition() or pause.wait(0.02) for _ in range(500))


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.add(_child(tmp_path, WAITS))
    child = supervisor.children[0]
    first = child.process.pid
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    os.kill(first, signal.SIGKILL)
    again = _until(lambda: child.process.pid != first and child.is_alive(), threading.Event())
    supervisor.stop()
    watching.join()
    assert again
    assert child.deaths == 1


def test_stopping_ends_every_child(tmp_path: Path) -> None:
    supervisor = Supervisor()
    for _ in range(3):
        supervisor.add(_child(tmp_path, WAITS))
    supervisor.stop()
    assert not any(child.is_alive() for child in supervisor.children)


def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n" + WAITS
    child = _child(tmp_path, deaf)
    child.start()
    assert _until(lambda: "deaf" in child.log.read_text(), threading.Event())
    child.stop(patience_s=0.1)
    assert child.process.returncode == -signal.SIGKILL


def test_what_a_killed_child_had_started_is_gone_too(tmp_path: Path) -> None:
    sleeper = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {WAITS!r}])\n"
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print(p.pid, flush=True)\n"
    child = _child(tmp_path, sleeper + deaf + WAITS)
    child.start()
    assert _until(lambda: child.log.read_text().endswith("\n"), threading.Event())
    grandchild = int(child.log.read_text())
    child.stop(patience_s=0.1)
    assert _until(lambda: _is_gone(grandchild), threading.Event())


def _is_gone(pid: int) -> bool:
    """No such process, or one that only waits for somebody to read how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
