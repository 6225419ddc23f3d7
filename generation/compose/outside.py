"""An external net's sound laid under a recipe: end to end, softly, at its own pace.

It knows recipes and how loud the sound is. It refuses to know nets and rights. Invariant: whatever
was composed stays as it was; the sound is one more source, the last, of the role EXTERNAL, which
holds no share that is paid.
"""

from dataclasses import replace

from generation.compose.mix import STANDING_LUFS
from generation.external import EXTERNAL
from generation.recipe import SAMPLE_RATE_HZ, Clip, Recipe, Source, Strip, from_json, to_json

# So far under the stems it lies: heard, and never what a piece is about.
UNDER_LU = 9.0
_JOIN = SAMPLE_RATE_HZ  # cross-fades last a second
_PROCESSOR = "vocoder/3"  # at a stem's own pace and pitch it copies sample by sample
REMARK = (
    "One layer, some {under:g} LU under the stems, was made by an external net ({title}). "
    "Nobody is credited for it, and nobody is paid for it."
)


def with_outside(recipe: Recipe, digest: str, length: int, lufs: float, title: str) -> Recipe:
    """`recipe` with the sound of that digest under it, repeated where it is shorter; normalised.

    `length`: its samples; `lufs`: its loudness; `title`: what people call the net.
    """
    place = len(recipe.sources)
    gain_db = STANDING_LUFS - UNDER_LU - lufs
    laid = replace(
        recipe,
        sources=(*recipe.sources, Source(digest, EXTERNAL, length)),
        clips=(*recipe.clips, *_clips(place, length, recipe.length)),
        strips=(
            *recipe.strips,
            *(Strip(place, section, gain_db) for section in range(len(recipe.sections))),
        ),
        remarks=(*recipe.remarks, REMARK.format(under=UNDER_LU, title=title)),
    )
    return from_json(to_json(laid))


def _clips(source: int, length: int, whole: int) -> list[Clip]:
    """The sound again and again over `whole` samples, each joined to the next by a cross-fade."""
    join = min(_JOIN, length // 4)
    found, start = [], 0
    while start < whole:
        end = min(start + length, whole)
        is_last = start + length - join >= whole
        found.append(
            Clip(
                source,
                _PROCESSOR,
                start,
                end,
                ((start, 0),),
                fade_in=min(join, end - start) if start else 0,
                fade_out=0 if is_last else join,
            )
        )
        start += length - join
    return found
