"""The decoding child: standard input is the untrusted file, standard output one JSON answer.

`python -m generation.ingest.child ORDER`, started by `decode` in an empty folder. It gives its
power away first, then opens the file with the one demuxer that was sniffed, writes `archive.flac`
and `planar.npy` beside itself and answers; what it refuses is an answer too. Invariant: it opens no
file but these.
"""

import json
import sys
from typing import Any

from generation.ingest.confine import allow_cpu, confine, refuse_processes
from generation.ingest.headers import Damaged, read

_SECOND_BYTES = 48_000 * 8


def main() -> int:
    """Decodes what stands on standard input; returns the exit status (0 also for a refusal)."""
    order = json.loads(sys.argv[1])
    limits = order["limits"]
    confine(
        memory_bytes=limits["memory_bytes"],
        file_bytes=(limits["seconds_max"] + 2) * _SECOND_BYTES,
        cpu_seconds=limits["cpu_seconds_per_minute"],
        cpu_seconds_max=limits["cpu_seconds_max"],
    )
    try:
        answer = _work(order)
    except Damaged as error:
        answer = {"refused": error.code, "sentence": str(error)}
    except MemoryError:
        answer = {"refused": "too_large", "sentence": "The file needs too much memory to decode."}
    sys.stdout.write(json.dumps(answer))
    return 0


def _work(order: dict[str, Any]) -> dict[str, Any]:
    declared = read(sys.stdin.buffer, order["kind"])
    # Only now: most broken files are refused without paying for the decoder's libraries.
    from generation.ingest import canonical, reading

    refuse_processes()
    limits = order["limits"]

    def spend(seconds: float) -> None:
        allow_cpu(limits["cpu_seconds_per_minute"] * (1 + int(seconds // 60)))

    sound = reading.open_sound(
        sys.stdin.buffer, order["kind"], declared, limits["seconds_max"], spend
    )
    return canonical.write(sound, order["size"])


if __name__ == "__main__":
    sys.exit(main())
