"""The migrated cluster that every run begins with: made once for each state of the migrations.

Migrating takes many seconds, copying takes none. It knows which files say what the tables are, and
refuses to know what is in them. Invariant: a cluster is kept under the digest of those files, whole
or not at all, and nothing ever runs on the one that is kept.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal.demo.embedded import Postgres, postgres_binaries

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "tests"
TEMPLATE = "stemma_template"
ROOMS = ("portal", "generation", "licensing")
# Besides migrations and models: what migrations call, and what says which of them there are.
ALSO = (
    *("licensing/audit/append_only.py", "licensing/audit/kept_references.py"),
    *("licensing/ulid.py", "portal/settings.py", "portal/demo/embedded.py"),
    *("requirements.lock", "tests/prepared.py"),
)


def _sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("migrations/*.py")
        yield from (ROOT / room).rglob("models.py")
        yield from (ROOT / room).rglob("models/*.py")
    yield from (ROOT / name for name in ALSO)


def digest() -> str:
    """SHA-256 of everything that decides what stands in the cluster: servers, names and texts."""
    known = hashlib.sha256(f"{sys.version} {postgres_binaries()}".encode())
    for path in sorted(_sources()):
        text = path.read_bytes()
        known.update(f"{path.relative_to(ROOT)} {len(text)} ".encode() + text)
    return known.hexdigest()


def cluster() -> Path:
    """The data folder of today's migrated cluster, to be copied; made when it is not there yet."""
    kept = KEPT / digest()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _forget_old()
            with tempfile.TemporaryDirectory(dir=KEPT, prefix="unfinished-") as folder:
                _migrated(Path(folder)).rename(kept)
    return kept


def _forget_old() -> None:
    """All but the two newest: other branches may come back, and somebody may be copying."""
    known = [path for path in KEPT.iterdir() if path.is_dir()]
    for path in sorted(known, key=lambda one: one.stat().st_mtime)[:-2]:
        shutil.rmtree(path)


def _migrated(folder: Path) -> Path:
    server = Postgres(folder / "cluster", durable=False)
    server.start()
    try:
        server.create_database(TEMPLATE)
        own = {"DATABASE_URL": server.url(TEMPLATE, "stemma_owner"), "STEMMA_VAR": str(folder)}
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"]
        subprocess.run(command, env=os.environ | own, cwd=ROOT, check=True)
    finally:
        server.stop()
    return server.data
