"""One thread on one core, set before numpy and its friends are loaded: import this first.

It knows the names by which libraries ask how many threads to start. Invariant: children inherit
the one core too, so that a contender in a child process is measured like one in this.
"""

import os

THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
for _name in THREADS:
    os.environ[_name] = "1"


def pin() -> int | None:
    """Stays on the highest core this process may use; its number, None where that is not told."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core
