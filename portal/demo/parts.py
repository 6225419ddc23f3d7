"""The demo's parts put together: servers, migrated database, workers, sweeper, web server.

It knows which processes make the product and in which order they start and stop, and refuses to
know what they do. Parts named by `DATABASE_URL` and `BROKER_URL` are used as they are and never
stopped.
"""

import os
import secrets
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from portal.demo.embedded import PartFailed, Postgres, Valkey
from portal.demo.supervisor import Child, Supervisor

WORKERS = 2


def worker_command(name: str) -> list[str]:
    """A render worker with one thread, known to the broker as `name`."""
    options = ["--pool", "prefork", "--concurrency", "1", "--without-gossip"]
    options += ["--without-mingle", "--hostname", f"{name}@stemma"]
    return [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", *options]


def sweeper_command(root: Path) -> list[str]:
    """The sweeper; `root` holds manage.py."""
    return [sys.executable, str(root / "manage.py"), "sweep"]


def provider_command(port: int, ring: str, keep: Path) -> list[str]:
    """The stand-in for Stripe on the loopback address; rings at `ring`, remembers in `keep`."""
    command = [sys.executable, "-m", "portal.demo.standin.living", "--port", str(port)]
    return [*command, "--ring", ring, "--keep", str(keep)]


def web_command(port: int) -> list[str]:
    """The web server on the loopback address."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws"]
    return [*command, "--host", "127.0.0.1", "--port", str(port), "portal.asgi:application"]


def wait_for_web(base_url: str, log: Path) -> None:
    """Return when the site answers; raises PartFailed after half a minute."""
    pause = threading.Event()
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{base_url}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            pause.wait(0.1)
    raise PartFailed(f"The web server did not answer; see {log}.")


@dataclass
class Parts:
    """All processes of the demo. `root` holds manage.py, `var` what it keeps, `port` the site."""

    root: Path
    var: Path
    port: int
    supervisor: Supervisor = field(default_factory=Supervisor)
    environment: dict[str, str] = field(default_factory=dict)
    _started: list[Callable[[], None]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_servers(self) -> None:
        """PostgreSQL and the broker, embedded unless the environment names them."""
        self.var.mkdir(parents=True, exist_ok=True)
        self.environment = dict(os.environ) | {
            "STEMMA_ENV": "demo",
            "STEMMA_VAR": str(self.var),
            "BASE_URL": self.base_url,
            "OMP_NUM_THREADS": "1",
        }
        owner_url = self._start_database()
        if "BROKER_URL" not in os.environ:
            valkey = Valkey(self.var / "valkey")
            valkey.start()
            self._started.append(valkey.stop)
            self.environment["BROKER_URL"] = valkey.url
        self.manage("migrate", "-v", "0", DATABASE_URL=owner_url)

    def _start_database(self) -> str:
        if "DATABASE_URL" in os.environ:
            return os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
        postgres = Postgres(self.var / "postgres")
        postgres.start()
        self._started.append(postgres.stop)
        if not postgres.has_database("stemma"):
            postgres.create_database("stemma")
        # Beside the books the heads prove little; but the night does here all that it is to do.
        # Another database than this folder's has other heads, and keeps them where it is told.
        self.environment.setdefault("ANCHOR_FILE", str(self.var / "anchors.txt"))
        self.environment["DATABASE_URL"] = postgres.url("stemma")
        return postgres.url("stemma", "stemma_owner")

    def manage(self, *arguments: str, **environment: str) -> None:
        """Run a manage.py command to its end; raises PartFailed when it fails."""
        command = [sys.executable, str(self.root / "manage.py"), *arguments]
        done = subprocess.run(
            command, env=self.environment | environment, cwd=self.root, check=False
        )
        if done.returncode != 0:
            raise PartFailed(f"manage.py {arguments[0]} failed; what it said stands above.")

    def compile_loops(self) -> None:
        """Once per machine: otherwise both workers would compile the same loops side by side."""
        command = [sys.executable, "-m", "generation.worker.compiling"]
        if subprocess.run(command, cwd=self.root, check=False).returncode != 0:
            raise PartFailed(
                "The engine's loops could not be compiled; what was said stands above."
            )

    def start_provider(self, port: int) -> str:
        """The stand-in for Stripe on `port`, and what settles with it; where the stand-in is.

        An environment with a key of Stripe's keeps that account, and there is no stand-in ("").
        """
        address = ""
        if not os.environ.get("STRIPE_SECRET_KEY"):
            address = f"http://127.0.0.1:{port}"
            self.environment |= {
                "STRIPE_SECRET_KEY": "sk_test_standin",
                "STRIPE_API_BASE": address,
                "STRIPE_WEBHOOK_SECRETS": f"whsec_{secrets.token_hex(16)}",
            }
            ring, keep = f"{self.base_url}/webhooks/stripe/", self.var / "provider.state"
            self._keep("provider", provider_command(port, ring, keep))
        self._keep("payouts", [sys.executable, str(self.root / "manage.py"), "settle_payouts"])
        return address

    def start_workers(self) -> None:
        """The render workers, each a process with one thread, and the sweeper."""
        for number in range(1, WORKERS + 1):
            self._keep(f"worker{number}", worker_command(f"render{number}"))
        self._keep("sweeper", sweeper_command(self.root))

    def start_web(self) -> None:
        """The web server; returns when it answers."""
        self._keep("web", web_command(self.port))
        wait_for_web(self.base_url, self.var / "logs" / "web.log")

    def _keep(self, name: str, command: list[str]) -> None:
        log = self.var / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self.supervisor.add(Child(name, command, self.environment, log))

    def stop(self) -> None:
        """Stop children, then the servers that were started here, newest first."""
        self.supervisor.stop()
        for stop in reversed(self._started):
            stop()
