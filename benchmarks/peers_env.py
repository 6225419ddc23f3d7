"""The room where contenders are installed: `.venv-peers`, made on first use.

It holds the product's own packages from requirements.lock and those of benchmarks/requirements.txt,
each of which may be missing: what cannot be installed is reported as not measured. It knows pip and
paths. Invariant: nothing is ever installed into the environment the product runs in.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".venv-peers"
PYTHON = ENV / "bin" / "python"
LOCK, PEERS = ROOT / "requirements.lock", ROOT / "benchmarks" / "requirements.txt"


def wanted() -> list[str]:
    """The lines of benchmarks/requirements.txt that name a package."""
    return [line for line in _lines() if not line.startswith("-")]


def _lines() -> list[str]:
    lines = [line.split("#")[0].strip() for line in PEERS.read_text().splitlines()]
    return [line for line in lines if line]


def is_inside() -> bool:
    """True when this very process runs in `.venv-peers`."""
    return Path(sys.prefix).resolve() == ENV.resolve()


def enter() -> None:
    """Makes the environment when it is missing or older than its lists, then runs this command
    again in it; returns only when it is inside already.
    """
    if is_inside():
        return
    made, lists = ENV / "made", [LOCK, PEERS]
    if not made.exists() or any(made.stat().st_mtime < one.stat().st_mtime for one in lists):
        _make()
        made.touch()
    sys.stdout.flush()
    os.execv(str(PYTHON), [str(PYTHON), *sys.argv])


def _make() -> None:
    """The product's packages by hash, uv among them for the contenders, each by itself."""
    print(f"Making {ENV.name}: the product's packages and {', '.join(wanted())}.", file=sys.stderr)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True, stdout=sys.stderr)
    # A contender comes from outside the lock, so it has no hash there; the versions still bind.
    bound = ENV / "constraints.txt"
    bound.write_text("\n".join(re.findall(r"^\S+==[^\\\n]+", LOCK.read_text(), re.MULTILINE)))
    options = [part for line in _lines() if line.startswith("-") for part in line.split()]
    pip += ["--only-binary", ":all:", *options, "-c", str(bound)]
    for one in wanted():
        done = subprocess.run([*pip, one], check=False, stdout=sys.stderr)
        if done.returncode != 0:
            print(f"{one} cannot be installed here: it will not be measured.", file=sys.stderr)
