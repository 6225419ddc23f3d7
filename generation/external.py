"""Sounds in a recipe that rest on no stem: an external net made them, and their share is nobody's.

It knows recipes alone. Invariant: such a source has the role EXTERNAL and stands behind all stems.
"""

from dataclasses import replace

from generation.recipe import Recipe

EXTERNAL = "external"


def external_places(recipe: Recipe) -> tuple[int, ...]:
    """The places of the sources that external nets made."""
    return tuple(n for n, source in enumerate(recipe.sources) if source.role == EXTERNAL)


def cleared_digests(recipe: Recipe) -> list[str]:
    """The digests of the stems among the sources, in their order."""
    return [source.digest for source in recipe.sources if source.role != EXTERNAL]


def of_stems(recipe: Recipe) -> Recipe:
    """`recipe` without what external nets sound in it; its sources keep their places."""
    outside = external_places(recipe)
    if not outside:
        return recipe
    kept = tuple(clip for clip in recipe.clips if clip.source not in outside)
    return replace(recipe, clips=kept)
