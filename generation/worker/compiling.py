"""Compiles every loop once per machine and version, in two processes side by side.

`python -m generation.worker.compiling` before the first worker starts; without it every worker
compiles for itself, all of them at the same time. It knows how the loops divide into two halves of
about the same work, and nothing of jobs. Invariant: what is compiled already is left alone.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

MARK = "complete"


def _newer() -> None:
    """What renders today's recipes."""
    from generation.engine.clips import PROCESSORS
    from generation.engine.warm import OLDER, warm_up

    warm_up(tuple(name for name in PROCESSORS if name != OLDER))


def _rest() -> None:
    """What renders old recipes, and what listens."""
    from generation.analysis.warm import warm_up
    from generation.engine.warm import warm_up_older

    warm_up_older()
    warm_up()


HALVES: dict[str, Callable[[], None]] = {"newer": _newer, "rest": _rest}


def compile_all() -> bool:
    """Compile what is missing; whether every loop is there now.

    Takes a minute or two on two cores the first time, nothing later.
    """
    from generation.engine.kernels import loops_folder

    folder = loops_folder()
    if folder is not None and (folder / MARK).exists():
        return True
    sys.stdout.write("Compiling the engine's loops: a minute or two, once on this machine …\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "generation.worker.compiling"]
    root = Path(__file__).resolve().parents[2]
    halves = [subprocess.Popen([*command, half], cwd=root) for half in HALVES]
    done = [half.wait() == 0 for half in halves]
    if folder is not None and all(done):
        (folder / MARK).touch()
    return all(done)


def main(arguments: list[str]) -> int:
    """The exit code: 1 when something could not be compiled."""
    for half in arguments:
        HALVES[half]()
    return 0 if arguments or compile_all() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
