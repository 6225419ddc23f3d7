"""Between which samples two recipes sound the same, so that one desk can go on where another is.

An endless piece is rendered of its last few sections; with each new one the recipe changes at its
far end, and now and then loses what lies too far back. In between, every stage of both desks holds
the same numbers. It knows recipes, no sound. Invariant: whatever is laid within the memory before
`since`, or within the look-ahead after `until`, is the same in both.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from generation.engine.memory import MARK, lookahead_of, memory_of
from generation.engine.spans import CROSS
from generation.recipe import Clip, Note, Recipe, Strip

_FAR = 1 << 60


@dataclass
class _Common:
    """What is laid alike: from `since` on, up to `until`."""

    since: int = -_FAR
    until: int = _FAR

    def not_before(self, sample: int) -> None:
        self.since = max(self.since, sample)

    def not_beyond(self, sample: int) -> None:
        self.until = min(self.until, sample)


def agreed(old: Recipe, new: Recipe) -> tuple[int, int] | None:
    """Samples [since, until) in which every stage of both desks is the same; None for none.

    Of desks without a mark.
    """
    if _frame(old) != _frame(new) or not (old.sections and new.sections):
        return None
    found = _Common()
    later = max(old.sections[0].start, new.sections[0].start)
    _compare_strips(old, new, later, found)
    _compare_items(old, new, later, found)
    for one in (old, new):
        found.not_beyond(one.length - one.fade_out)
    since = found.since + max(memory_of(old), memory_of(new)) - MARK
    until = found.until - max(lookahead_of(old), lookahead_of(new)) + MARK
    return (since, until) if since < until else None


def _frame(recipe: Recipe) -> tuple[Hashable, ...]:
    """What holds for all of a recipe's sound at once."""
    return recipe.bus, recipe.gain_db, recipe.fade_in, recipe.console, recipe.seed


def _compare_strips(old: Recipe, new: Recipe, later: int, found: _Common) -> None:
    """The consoles of what sounds, section by section.

    `later`: where the recipe that begins later begins. Its first section may have the strips of
    the one behind it, where the other knows of one before it.
    """
    if old.sections[0].start != new.sections[0].start:
        found.not_before(later)
    mine, theirs = (list(_consoles(one, later)) for one in (old, new))
    end = later
    for turn, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if one.start != other.start:
            break
        end = min(one.end, other.end)
        heard = one.strips.keys() & other.strips.keys()
        if any(one.strips[digest] != other.strips[digest] for digest in heard):
            if turn > 0:
                end = one.start
                break
            found.not_before(end)
        if one.end != other.end:
            break
    else:
        if len(mine) == len(theirs):
            return
    found.not_beyond(end - CROSS)


@dataclass(frozen=True, slots=True)
class _Consoles:
    """One section: the strips of the sources that sound in it, by digest."""

    start: int
    end: int
    strips: dict[str, Strip | None]


def _consoles(recipe: Recipe, later: int) -> Iterator[_Consoles]:
    """The sections that end after `later`, in their order."""
    held = {(one.section, one.source): replace(one, section=0, source=0) for one in recipe.strips}
    spans = [(one.source, one.start, one.end) for one in recipe.clips]
    spans += [(one.source, one.start, _end(one)) for one in recipe.notes]
    for number, section in enumerate(recipe.sections):
        if section.end <= later:
            continue
        begin = section.start - CROSS
        heard = {source for source, start, end in spans if start < section.end and end > begin}
        strips = {recipe.sources[one].digest: held.get((number, one)) for one in heard}
        yield _Consoles(section.start, section.end, strips)


def _compare_items(old: Recipe, new: Recipe, later: int, found: _Common) -> None:
    """Clips and notes that only one of the two has, or that end elsewhere."""
    mine, theirs = _items(new), _items(old)
    for key in mine.keys() | theirs.keys():
        one, other = mine.get(key), theirs.get(key)
        if one is not None and one == other:
            continue
        known = [each for each in (one, other) if each is not None]
        if len(known) == 2:
            found.not_beyond(min(_end(each) - each.fade_out for each in known))
        elif known[0].start < later:
            found.not_before(_end(known[0]))
        else:
            found.not_beyond(known[0].start)


def _items(recipe: Recipe) -> dict[Hashable, Clip | Note]:
    """What sounds, by its source and all that it is until it begins to end."""
    found: dict[Hashable, Clip | Note] = {}
    for clip in recipe.clips:
        alone = replace(clip, source=0)
        key = recipe.sources[clip.source].digest, replace(alone, end=0, fade_out=0)
        found[key] = alone
    for note in recipe.notes:
        alone_note = replace(note, source=0)
        found[recipe.sources[note.source].digest, alone_note] = alone_note
    return found


def _end(item: Clip | Note) -> int:
    return item.end if isinstance(item, Clip) else item.start + item.length
