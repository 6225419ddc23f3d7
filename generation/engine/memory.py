"""How far back and how far ahead of a sample the engine has to hear to make it.

It counts the variation's samples along the longest way through the desk: frames or grains of a
clip, EQ, compressor, room, bus compressor, mark, limiter, each rounded up to the absolute grid it
stands on. It knows recipes and the reach of every processor, no sound. Two things it does not
count. Where a clip reads its stem is the affair of its time map: stems lie open in full. And the
phase of a tonal clip may come from seconds before; a checkpoint carries it, and without one an
analysis of those frames alone makes the same again. Invariant: what is laid earlier than
`memory_of` before a sample, or later than `lookahead_of` after it, changes no bit of it but by that
phase.
"""

from collections.abc import Callable

from generation.engine import dynamics, eq, marking
from generation.engine.stretch import MANNERS
from generation.engine.vocoder import frame_sizes
from generation.recipe import (
    BLOCK_SAMPLES,
    SAMPLE_RATE_HZ,
    Clip,
    Compressor,
    Recipe,
    Reverb,
    Strip,
    UnknownProcessor,
)

# A mark is no part of a recipe, but it may be laid on any: its frames reach so far either way.
MARK = marking.FRAME + marking.HOP


def _frames(clip: Clip) -> int:
    """Half a synthesis frame, and the frame before it that a step of phase is measured from."""
    _, size = frame_sizes(clip.window, clip.semitones)
    return size // 2 + 1 + clip.window // 4


def _even_frames(clip: Clip) -> int:
    """The same where frames are as long going out as coming in."""
    return clip.window // 2 + 1 + MANNERS[clip.processor].hop(clip.window)


def _grains(clip: Clip) -> int:
    """A grain sounds half its length either side of its middle."""
    assert clip.grains is not None
    return round(clip.grains.grain_ms * SAMPLE_RATE_HZ / 1000) // 2 + 1


def _nothing(_clip: Clip) -> int:
    """Slices are looked up sample by sample."""
    return 0


# By version, because a new version may reach elsewhere.
REACH: dict[str, Callable[[Clip], int]] = {
    "slices/1": _nothing,
    "vocoder/1": _frames,
    "granular/1": _grains,
    "vocoder/2": _even_frames,
    "vocoder/3": _even_frames,
}


def reach_of(clip: Clip) -> int:
    """Samples before and after one that a clip's frames or grains around it take in.

    Raises UnknownProcessor.
    """
    reach = REACH.get(clip.processor)
    if reach is None:
        raise UnknownProcessor(f"The clip processor {clip.processor!r} is not known here.")
    return reach(clip)


def room_samples(reverb: Reverb) -> int:
    """Length of a room's response with its delay, in whole blocks and one more."""
    size = max(64, round(reverb.seconds * SAMPLE_RATE_HZ))
    size += round(reverb.predelay_ms * SAMPLE_RATE_HZ / 1000)
    return (-(-size // BLOCK_SAMPLES) + 1) * BLOCK_SAMPLES


def memory_of(recipe: Recipe) -> int:
    """Samples of the variation's past that any of its samples depends on, grid included.

    The stated `memory` of the recipe is not asked. Raises UnknownProcessor.
    """
    sources = [source_memory(recipe, source) for source in range(len(recipe.sources))]
    return max(sources, default=0) + _squeeze(recipe.bus.compressor) + MARK + _limiter(recipe)


def lookahead_of(recipe: Recipe) -> int:
    """Samples of the variation's future that any of its samples depends on, grid included.

    Raises UnknownProcessor.
    """
    sources = [_source_lookahead(recipe, source) for source in range(len(recipe.sources))]
    ahead = dynamics.lookahead_steps(recipe.bus.limiter) * dynamics.LIMIT_STEP
    squeeze = 0 if recipe.bus.compressor is None else dynamics.STEP
    limiter = ahead + dynamics.LIMIT_STEP + dynamics.PEAK_TAPS
    return max(sources, default=0) + squeeze + MARK + limiter


def _limiter(recipe: Recipe) -> int:
    return dynamics.limiter_memory(recipe.bus.limiter) + dynamics.LIMIT_STEP + dynamics.PEAK_TAPS


def _squeeze(compressor: Compressor | None) -> int:
    return 0 if compressor is None else dynamics.compressor_memory(compressor) + dynamics.STEP


def source_memory(recipe: Recipe, source: int) -> int:
    """Samples for which a source may still be heard, in the room too, after the last it played."""
    strips = _strips(recipe, source)
    console = max((_squeeze(strip.compressor) for strip in strips), default=0)
    if any(strip.eq for strip in strips):
        console += eq.RUN_IN + eq.CHUNK
    return _clips(recipe, source) + console + _room(recipe, strips)


def _source_lookahead(recipe: Recipe, source: int) -> int:
    strips = _strips(recipe, source)
    squeeze = dynamics.STEP if any(strip.compressor for strip in strips) else 0
    room = BLOCK_SAMPLES if _room(recipe, strips) else 0
    return _clips(recipe, source) + squeeze + room


def _strips(recipe: Recipe, source: int) -> list[Strip]:
    return [strip for strip in recipe.strips if strip.source == source]


def _clips(recipe: Recipe, source: int) -> int:
    own = (clip for clip in recipe.clips if clip.source == source)
    return max((reach_of(clip) for clip in own), default=0)


def _room(recipe: Recipe, strips: list[Strip]) -> int:
    room = recipe.bus.reverb
    sends = any(strip.send_db is not None for strip in strips)
    return room_samples(room) if room is not None and sends else 0
