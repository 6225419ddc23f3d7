"""Opening an external net: admitted first, then read from its folder, with the network shut out.

Invariant: no byte is fetched. The hub's client is put offline before it is imported, and the folder
is read with local files only.
"""

import os
from pathlib import Path
from typing import Any

import torch

from generation.nets.external.ace_step import AceStep
from generation.nets.external.admission import KNOWN, Terms, problems
from generation.nets.external.stable_audio import StableAudio
from generation.nets.external.values import ExternalNet, ExternalNetError


def open_external(name: str, folder: Path | None, *, is_commercial: bool) -> ExternalNet:
    """The external net `name` with the weights in `folder`, on a CUDA device where there is one.

    Raises ExternalNetError with every reason why not, in words.
    """
    told = problems(name, folder, is_commercial=is_commercial)
    if told or folder is None:
        raise ExternalNetError(" ".join(told))
    terms = KNOWN[name]
    pipeline = _read(terms, folder)
    adapters: dict[str, type[AceStep] | type[StableAudio]] = {
        "ace-step": AceStep,
        "stable-audio": StableAudio,
    }
    return adapters[name](terms, pipeline)


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
