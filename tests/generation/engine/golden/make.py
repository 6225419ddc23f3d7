"""Writes the golden arrays that are missing; only ever needed for a new processor version.

Run from anywhere: `python tests/generation/engine/golden/make.py`. It never touches a file that is
there: a golden that no longer fits means that a processor changed its sound, and then the processor
gets a new version, not the golden a new file.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from tests.generation.engine.golden import cases, sounds


def write(path, array):
    """Writes a file that must not be there yet; raises FileExistsError."""
    with path.open("xb") as file:
        np.save(file, array, allow_pickle=False)
    sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")


def main():
    """Renders whatever has no file yet."""
    stems, onsets = sounds.stems(), sounds.onsets()
    for name, case in cases.cases().items():
        path = cases.FOLDER / f"{name}.npy"
        if not path.exists():
            write(path, cases.heard(case, stems, onsets))
    table = cases.FOLDER / "mix-windows.npy"
    if not table.exists():
        write(table, cases.windows(stems, onsets))


if __name__ == "__main__":
    main()
