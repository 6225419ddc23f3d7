"""`manage.py demo`: the whole product on one machine, seeded, until Ctrl-C (`make demo`)."""

import json
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo.embedded import PartFailed
from portal.demo.parts import Parts


class Command(BaseCommand):
    """Boots the embedded parts, seeds once, and stays up.

    `--check` does the main job once instead, on parts and data of its own that are removed again.
    """

    help = "Run the whole product on embedded parts."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="do the main job once, then stop")
        parser.add_argument("--stems", type=Path, help="a folder of your own stems to add")

    def handle(self, *args: Any, **options: Any) -> None:
        stems, check = options["stems"], options["check"]
        if stems is not None and not stems.is_dir():
            raise CommandError(f"{stems} is not a folder. STEMS names a folder of audio files.")
        var = Path(settings.VAR_DIR)
        home = var / "check" if check else var
        if check:
            shutil.rmtree(home, ignore_errors=True)
        parts = Parts(Path(settings.BASE_DIR), home, _port(any_free=check))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: parts.supervisor.stopping.set())
        try:
            self._run(parts, stems, check)
        except PartFailed as error:
            raise CommandError(str(error)) from error
        finally:
            parts.stop()
        if check:
            shutil.rmtree(home, ignore_errors=True)

    def _run(self, parts: Parts, stems: Path | None, check: bool) -> None:
        parts.compile_loops()
        self.stdout.write("Starting PostgreSQL, Valkey, two workers and the web server …")
        parts.start_servers()
        provider = "" if check else parts.start_provider(_free(parts.port + 1) or _free(0) or 0)
        parts.start_workers()
        parts.start_web()
        more = ["--stems", str(stems.resolve())] if stems is not None else []
        if check:
            parts.manage("check_demo", *more)
            return
        parts.manage("seed_demo", *more)
        self._greet(parts, provider)
        parts.supervisor.watch()

    def _greet(self, parts: Parts, provider: str) -> None:
        seeded = json.loads((parts.var / "demo.json").read_text())
        self.stdout.write(f"\nStemma runs at {parts.base_url}  (Ctrl-C stops it)\n")
        for person in seeded["people"]:
            self.stdout.write(
                f"  {person['role']:<22} {person['email']:<24} {person['password']:<16}"
                f" {parts.base_url}{person['page']}"
            )
        client = seeded["partner"]
        self.stdout.write(f"  {'partner':<22} {client['id']}  {client['secret']}")
        if provider:
            self.stdout.write(
                f"\nPayments go to a stand-in for Stripe at {provider}: no money moves."
            )
        self.stdout.write(f"\nAll of this stands in {parts.var / 'demo.json'}.\n")


def _port(any_free: bool) -> int:
    """PORT, else 8000; for a check without PORT any that is free."""
    wanted = int(os.environ.get("PORT") or ("0" if any_free else "8000"))
    port = _free(wanted)
    if port is None:
        raise CommandError(f"Port {wanted} is taken. Choose another: make demo PORT={wanted + 10}")
    return port


def _free(wanted: int) -> int | None:
    """The port, or for 0 one that is free; None when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return None
        return int(probe.getsockname()[1])
