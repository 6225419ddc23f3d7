"""Which external nets there are, under which terms, and what keeps one from being opened.

Facts about models stand here with their source; nothing is loaded, so a web process may ask. It
refuses to know settings. Invariant: what is not free for commercial use without a condition is not
opened in a commercial deployment, and nothing is ever fetched: weights are a folder on this
machine.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

BED = "tone-bed"
INDEX = "model_index.json"
"""What every folder saved by diffusers holds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of one model. `pipeline`: the class of diffusers that reads its folder, "" for
    one that has no weights; `packages`: what must be importable; `commercial_ok`: without any
    condition.
    """

    name: str
    title: str
    pipeline: str
    packages: tuple[str, ...]
    licence: str
    commercial_ok: bool
    training_data_note: str


# From the models' own repositories and cards, read in November 2026.
KNOWN = {
    one.name: one
    for one in (
        Terms(
            "ace-step",
            "ACE-Step 1.5",
            "AceStepPipeline",
            ("torch", "diffusers", "transformers"),
            "MIT",
            True,
            "Its makers do not document what it was trained on.",
        ),
        Terms(
            "stable-audio",
            "Stable Audio Open",
            "StableAudioPipeline",
            ("torch", "diffusers", "transformers", "torchsde"),
            "Stability AI Community License",
            False,
            "Trained on recordings under CC0, CC BY and CC Sampling+ from Freesound and the Free "
            "Music Archive, as its makers say.",
        ),
        Terms(
            BED,
            "Tone bed",
            "",
            ("numpy",),
            "Apache-2.0",
            True,
            "It learned from nothing: a synthesizer that is part of this product.",
        ),
    )
}


def condition_on_use(terms: Terms, *, is_commercial: bool) -> str:
    """Why these terms keep a model out of a deployment, as a sentence; "" where they do not."""
    if terms.commercial_ok or not is_commercial:
        return ""
    return (
        f"{terms.title} is under the {terms.licence}, which permits commercial use only on "
        "conditions, and this deployment is commercial."
    )


def problems(name: str, folder: Path | None, *, is_commercial: bool) -> list[str]:
    """Why `name` cannot be opened from `folder`, a sentence each; empty: it can."""
    terms = KNOWN.get(name)
    if terms is None:
        return [f"There is no external net “{name}”; there are {', '.join(sorted(KNOWN))}."]
    condition = condition_on_use(terms, is_commercial=is_commercial)
    told = [condition] if condition else []
    missing = [one for one in terms.packages if find_spec(one) is None]
    if missing:
        told.append(
            f"{terms.title} needs {', '.join(missing)}, which is not installed; the extra "
            "“external” names it."
        )
    if not terms.pipeline:
        return told
    if folder is None:
        told.append(f"{terms.title} needs the folder of its weights, and none is set.")
    elif not (folder / INDEX).is_file():
        told.append(f"The folder {folder} holds no weights of {terms.title}: {INDEX} is missing.")
    return told
