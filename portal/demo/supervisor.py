"""Keeps a handful of child processes alive, and stops them in order.

It knows commands, environments and process ids, nothing of what the children do. Invariant: a child
that dies is started again after a pause that grows to five seconds; whatever was started here is
stopped here, by its own process id, and takes its whole process group with it.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_PAUSE_S = 5.0
# A web server waits for open long polls, a worker for its piece of at most 2 s.
PATIENCE_S = 5.0


@dataclass
class Child:
    """One process to be kept alive; `log` takes what it prints."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    _group: int | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process in a session of its own, so that a Ctrl-C reaches the parent alone.

        What an earlier one left running in its group ends first: it may still hold a port.
        """
        self._kill_group()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._group = self.process.pid

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """Ask the process to end, and do not wait for it."""
        if self.process is not None and self.is_alive():
            self.process.send_signal(signal.SIGTERM)

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Ask the process to end; kill it and all it started when `patience_s` are over."""
        if self.process is None:
            return
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience_s)
        self.kill()

    def kill(self) -> None:
        """End the process and all it started, at once."""
        self._kill_group()
        if self.process is not None:
            self.process.wait()

    def _kill_group(self) -> None:
        """Once per start: afterwards the number may belong to somebody else."""
        if self._group is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        self._group = None


@dataclass
class Supervisor:
    """Starts children, restarts the dead ones while `watch` runs, stops all at the end."""

    children: list[Child] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, child: Child) -> None:
        """Start `child` and look after it from now on."""
        child.start()
        self.children.append(child)

    def watch(self) -> None:
        """Return only after `stopping` is set; meanwhile restart whoever died."""
        while not self.stopping.wait(0.25):
            for child in self.children:
                if not child.is_alive():
                    self._restart(child)

    def _restart(self, child: Child) -> None:
        child.deaths += 1
        pause_s = min(LONGEST_PAUSE_S, 0.25 * 2 ** min(child.deaths, 6))
        sys.stderr.write(f"{child.name} ended; starting it again. Log: {child.log}\n")
        if not self.stopping.wait(pause_s):
            child.start()

    def stop(self) -> None:
        """Ask every child to end, newest first, then see to it that each did."""
        self.stopping.set()
        for child in reversed(self.children):
            child.ask_to_end()
        for child in reversed(self.children):
            child.stop()
