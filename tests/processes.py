"""The product's processes in tests: web server, render workers, sweeper, with the demo's commands.

They work on this worker's database (`committed_db`) and the broker they are given. Starting them
costs half a minute of work, so tests of one place may share them. Invariant: none of them outlives
the fixture that made it, whatever it waits for.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal.demo.embedded import Valkey
from portal.demo.parts import sweeper_command, wait_for_web, web_command, worker_command
from portal.demo.supervisor import Child

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 1.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Processes:
    """Children of a fixture; `folder` takes what they print, a file each."""

    broker: str
    folder: Path
    children: list[Child] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = os.environ | {
            "BROKER_URL": self.broker,
            "DATABASE_POOL": "8",
            "JOB_LEASE_SECONDS": "2",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, name: str, command: Sequence[str]) -> Child:
        child = Child(name, command, self.environment, self.folder / f"{name}.log")
        child.start()
        self.children.append(child)
        return child

    def worker(self, name: str) -> Child:
        return self.start(name, worker_command(name))

    def sweeper(self) -> Child:
        return self.start("sweeper", sweeper_command(ROOT))

    def web(self) -> str:
        """A web server on a port of its own; the address, once it answers."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.environment |= {"BASE_URL": self.address}
        child = self.start("web", web_command(port))
        wait_for_web(self.address, child.log)
        return self.address

    def product(self) -> str:
        """Everything: two workers, the sweeper and the web server; its address."""
        for name in ("render1", "render2"):
            self.worker(name)
        self.sweeper()
        return self.web()

    def revive(self) -> None:
        """Start again whatever a test has killed."""
        for child in self.children:
            if not child.is_alive():
                child.start()

    def stop(self) -> None:
        for child in self.children:
            child.ask_to_end()
        for child in reversed(self.children):
            child.stop(GRACE_S)


@contextmanager
def shared_processes(folder: Path) -> Iterator[Processes]:
    """Processes that several tests use, one after the other, with a broker of their own."""
    valkey = Valkey(folder / "valkey")
    valkey.start()
    processes = Processes(valkey.url, folder / "logs")
    try:
        yield processes
    finally:
        processes.stop()
        valkey.stop()
