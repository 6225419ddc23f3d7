"""The next section of an endless piece by nets: laid out by rules, then filled in.

Rules choose tempo, cast and bars as for any section; then the line net writes one new part over the
recording's chords and the mix net mixes, stage by stage as for a whole piece. It refuses to know
rows, clocks and which net serves whom. Invariant: a section follows from its targets, the seed, the
sections before it and the nets that serve; its notes end with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from generation.compose.arrange import Arrangement
from generation.compose.choice import Dice
from generation.compose.deck import Voice
from generation.compose.director import NO_LIMITS
from generation.compose.live import BARS, LaidOut, lay_out, seated
from generation.compose.mix import STANDING_LUFS
from generation.compose.new_line import (
    ADDED,
    LEFT_OUT,
    NewLine,
    Player,
    bank_of,
    player_of,
    reach_of,
    strip_of,
    wanted_of,
    with_room,
)
from generation.compose.retrieval import play
from generation.compose.sections import LiveSection, ended_notes, said
from generation.compose.stages.chords import plan_chords
from generation.compose.stages.lines import plan_lines
from generation.compose.stages.mixing import plan_mixes
from generation.compose.stages.plans import Draft, Order
from generation.compose.stages.watch import Watch
from generation.compose.values import Ask, Limits, Song
from generation.nets.chosen import Nets
from generation.recipe import Note, Strip

# A phrase is chosen out of so many: half of what a whole piece takes, for half the time.
CANDIDATES = 4
# Below this density a listener wants few voices: a new bass carries, a new melody would crowd.
SPARSE = 0.4
# Focus keeps what is new in the background.
SOFT_DB = {"focus": -4.0}

PARTS = ("melody", "bass")


def section_by_nets(
    ask: Ask,
    songs: Sequence[Song],
    before: Sequence[LiveSection],
    nets: Nets,
    *,
    limits: Limits = NO_LIMITS,
    bars: int = BARS,
    watch: Watch | None = None,
) -> LiveSection:
    """What follows `before`; where nets have nothing to fill in, the section by rules itself.

    `watch` times the stages and gives others their turn before each. Raises CannotCompose as
    `lay_out` does.
    """
    watch = Watch(lambda: 0.0) if watch is None else watch
    order = Order(ask, tuple(songs), limits, nets)
    laid, draft = watch.timed("draft", 1, lambda: _drafted(order, before, bars))
    if draft is None:
        return laid.section
    section = watch.timed("mix", 1, lambda: _mixed(laid, draft))
    return _with_line(laid, draft, section, watch) if draft.players else section


def _drafted(
    order: Order, before: Sequence[LiveSection], bars: int
) -> tuple[LaidOut, Draft | None]:
    """The section by rules, and how the stages take it; None where nets have nothing to do."""
    laid = lay_out(order.ask, order.songs, before, limits=order.limits, bars=bars)
    if laid.made is None or not order.nets:
        return laid, None
    return laid, _draft(laid, laid.made, order)


def part_of(ask: Ask, made: Arrangement, players: Mapping[str, Player]) -> str | None:
    """Which new part the one section of `made` gets: the first with room and somebody to play it.

    Breaks stay as bare as they are; focus gets a bass at most.
    """
    if made.scenes[0].span.kind == "break":
        return None
    wanted = tuple(reversed(PARTS)) if ask.density < SPARSE else PARTS
    wanted = ("bass",) if ask.mode == "focus" else wanted
    able = (part for part in wanted if part in players and with_room(made, part, [0]))
    return next(able, None)


def _draft(laid: LaidOut, made: Arrangement, order: Order) -> Draft:
    """The section as the stages take it. Its phrases fall by dice of its own, so what was heard a
    section ago does not come back with the same chords.
    """
    seed = Dice(order.ask.seed).whole(f"phrases {laid.section.index}", 1 << 31)
    order = replace(order, ask=replace(laid.ask, seed=seed))
    players: dict[str, Player] = {}
    if "line" in order.nets:
        reach = reach_of(order.limits)
        found = {part: player_of(laid.plan.decks, part, reach) for part in PARTS}
        players = {part: player for part, player in found.items() if player is not None}
    part = part_of(laid.ask, made, players)
    parts = (part,) if part is not None else ()
    return Draft(order, laid.plan, made, parts, {part: players[part] for part in parts})


def _mixed(laid: LaidOut, draft: Draft) -> LiveSection:
    """The section with strips by the mix net, where it serves; voices keep their seats."""
    (mix,) = plan_mixes([draft])
    section = said(laid.section, mix.remarks)
    if mix.strips is None:
        return section
    voices = [track.voice for track in draft.made.tracks]
    strips = seated(laid.ask, mix.strips, voices, laid.plan.mix_reach)
    return replace(section, strips=strips, nets=mix.nets)


def _with_line(laid: LaidOut, draft: Draft, section: LiveSection, watch: Watch) -> LiveSection:
    """The section with the new part that its draft has a player for."""
    (chords,) = watch.timed("chords", 1, lambda: plan_chords([draft]))
    (plan,) = watch.timed("lines", 1, lambda: plan_lines([draft], [chords], CANDIDATES))
    plain = said(section, (*chords.remarks, *plan.remarks))
    section = watch.timed("sound", 1, lambda: _with_lines(laid, draft, plain, plan.lines))
    if not section.notes:
        return section
    nets = {*section.nets, *chords.nets, *(note.net for note in section.notes if note.net)}
    return replace(section, nets=tuple(sorted(nets)))


def _with_lines(
    laid: LaidOut, draft: Draft, section: LiveSection, lines: Sequence[NewLine]
) -> LiveSection:
    """The section with all lines that were written for it."""
    for line in lines:
        section = _played(laid, draft, section, line)
    return section


def _played(laid: LaidOut, draft: Draft, section: LiveSection, line: NewLine) -> LiveSection:
    """The section with a line as slices of its player, let go at the section's end."""
    player = draft.players[line.part]
    section, strip = _strip_for(laid, draft, section, player.voice)
    level = STANDING_LUFS + draft.made.scenes[0].span.level_db + SOFT_DB.get(laid.ask.mode, 0.0)
    bank = bank_of(line.part, player, strip, level)
    wanted = wanted_of(line.notes, line.chords, _place_of(section.beats), 0)
    playing = play(wanted, [bank], net=line.net, reach=reach_of(draft.order.limits))
    remarks = [ADDED.format(part=line.part, label=player.voice.label)]
    if playing.left_out:
        remarks.append(LEFT_OUT.format(part=line.part, count=playing.left_out))
    notes: tuple[Note, ...] = (*section.notes, *ended_notes(playing.notes, section.end))
    return replace(said(section, remarks), notes=notes)


def _strip_for(
    laid: LaidOut, draft: Draft, section: LiveSection, voice: Voice
) -> tuple[LiveSection, Strip]:
    """The section with a voice among its sources, and the strip that it plays through."""
    digests = [source.digest for source in section.sources]
    if voice.digest in digests:
        place = digests.index(voice.digest)
        return section, next(strip for strip in section.strips if strip.source == place)
    plain = strip_of(laid.ask, draft.made.scenes[0], voice, 0, 0)
    (strip,) = seated(laid.ask, [plain], [voice], laid.plan.mix_reach)
    strip = replace(strip, source=len(digests))
    sources, strips = (*section.sources, voice.source), (*section.strips, strip)
    return replace(section, sources=sources, strips=strips), strip


def _place_of(beats: Sequence[int]) -> Callable[[float], float]:
    """The sample of a beat of the section, between beats in proportion."""

    def place(beat: float) -> float:
        whole = min(int(beat), len(beats) - 2)
        return beats[whole] + (beat - whole) * (beats[whole + 1] - beats[whole])

    return place
