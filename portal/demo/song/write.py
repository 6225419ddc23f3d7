"""Writes the demo's pieces as 24-bit FLAC stems.

It knows folders and file names. It refuses to know rights and rows. Invariant: a folder that holds
a piece already is left as it is, so a second demo starts at once.
"""

from pathlib import Path

import soundfile

from portal.demo.song import harbour, lanterns
from portal.demo.song.canvas import RATE

PIECES = {"paper_lanterns": lanterns, "slow_harbour": harbour}


def write_stems(folder: Path, piece: str = "paper_lanterns") -> list[Path]:
    """The stem files of `piece` in `folder`, made where they are missing; in the piece's order.

    48 kHz, stereo, 24 bits. A file appears under its name only when it is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name, make in PIECES[piece].STEMS.items():
        path = folder / f"{name}.flac"
        if not path.exists():
            part = path.with_suffix(".part")
            soundfile.write(part, make().T, RATE, subtype="PCM_24", format="FLAC")
            part.replace(path)
        paths.append(path)
    return paths
