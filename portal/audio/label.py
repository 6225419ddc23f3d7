"""The sentence every face shows before its play control: how much people played, how much a model.

Pure. Invariant: the two shares always sum to 100, and a share that exists is never rounded away to
nothing. A share that is not measured yet is no number.
"""

from dataclasses import dataclass

_PPM_PER_PERCENT = 10_000
UNKNOWN = "Human stems, and notes by a model whose share is measured when all is made."
UNKNOWN_LIVE = (
    "Human stems, and here and there notes by a model: its share is measured by the minute."
)


@dataclass(frozen=True, slots=True)
class AiLabel:
    """How much of a variation people played and how much a model made.

    The percentages say nothing while the share is not known.
    """

    sentence: str
    human_percent: int
    model_percent: int
    is_known: bool = True


def live_label() -> AiLabel:
    """The label of a session of which no minute is measured, where nets may write parts."""
    return AiLabel(UNKNOWN_LIVE, 100, 0, is_known=False)


def ai_label(model_ppm: int, *, is_planned: bool = False, is_known: bool = True) -> AiLabel:
    """The label for `model_ppm` of 1,000,000; any model at all counts as at least 1 %."""
    if not is_known:
        return AiLabel(UNKNOWN, 100, 0, is_known=False)
    model = (model_ppm + _PPM_PER_PERCENT // 2) // _PPM_PER_PERCENT
    if 0 < model_ppm < 1_000_000:
        model = min(99, max(1, model))
    opening = "Planned: " if is_planned else ""
    return AiLabel(f"{opening}{100 - model} % human stems, {model} % model.", 100 - model, model)
