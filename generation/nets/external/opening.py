"""Opening an external net: admitted first, then read from its folder, with the network shut out.

Invariant: no byte is fetched. The hub's client is put offline before it is imported, and the folder
is read with local files only.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from generation.nets.external.ace_step import AceStep
from generation.nets.external.admission import BED, KNOWN, Terms, problems
from generation.nets.external.stable_audio import StableAudio
from generation.nets.external.tone_bed import ToneBed
from generation.nets.external.values import ExternalNet, ExternalNetError


def open_external(name: str, folder: Path | None, *, is_commercial: bool) -> ExternalNet:
    """The external net `name` with the weights in `folder`, on a CUDA device where there is one.

    Raises ExternalNetError with every reason why not, in words.
    """
    told = problems(name, folder, is_commercial=is_commercial)
    if told:
        raise ExternalNetError(" ".join(told))
    terms = KNOWN[name]
    if name == BED:
        return ToneBed(terms)
    assert folder is not None
    pipeline = _read(terms, folder)
    adapters: dict[str, type[AceStep] | type[StableAudio]] = {
        "ace-step": AceStep,
        "stable-audio": StableAudio,
    }
    return adapters[name](terms, pipeline)


@lru_cache(maxsize=4)
def version_of(name: str, folder: Path | None) -> str:
    """What names these weights: SHA-256 over the names and the bytes of every file in the folder,
    in the order of the names; of a net without weights, that of its own version.

    Read once in a process, at about a second per gigabyte.
    """
    told = hashlib.sha256(f"{name}\0".encode())
    if not KNOWN[name].pipeline:
        told.update(ToneBed.VERSION.encode())
    elif folder is not None:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            told.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            with file.open("rb") as opened:
                told.update(hashlib.file_digest(opened, "sha256").digest())
    return told.hexdigest()


def _read(terms: Terms, folder: Path) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import diffusers

    try:
        pipeline = getattr(diffusers, terms.pipeline).from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExternalNetError(f"The weights of {terms.title} do not read: {first}") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda" if torch.cuda.is_available() else "cpu")
