"""Which code a fact was made by: a digest of the sources of the books.

With the rows that a fact names it says how a number came about; another installation of the same
version has the same digest, wherever it lies. It knows no version control, which is not there where
the product runs.
"""

import hashlib
from functools import cache
from pathlib import Path

BOOKS = Path(__file__).resolve().parents[1]


@cache
def code_sha256(root: Path = BOOKS) -> str:
    """SHA-256 over the path and content of every Python file below `root`, in the order of paths.

    Paths are relative and with slashes. As the files were when it was first asked.
    """
    whole = hashlib.sha256()
    for file in sorted(root.rglob("*.py"), key=lambda one: one.relative_to(root).as_posix()):
        whole.update(f"{file.relative_to(root).as_posix()}\0".encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
