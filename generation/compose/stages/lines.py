"""The stage of lines: melodies and basses by the line net, phrase by phrase, over the chords.

Phrases over the same chords come back (`phrases`); of the candidates of each the best is taken
(`ranking`). It refuses to know weights and slices. Invariant: a part that no net could write stands
in the plan by a rule, and the plan says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generation.compose.new_line import NO_LINE, NO_ROOM, NewLine, by_rule, density_of, with_room
from generation.compose.stages.asking import answers
from generation.compose.stages.phrases import Returns, phrases_of
from generation.compose.stages.plans import ChordPlan, Draft, LinePlan
from generation.compose.stages.ranking import Runs, best_line, runs_in
from generation.nets.chosen import Loaded
from generation.nets.values import SEED_BELOW, ChordLine, Line, LineRequest, Note, NoteLine

CANDIDATES = 8
PHRASE_BARS = 8
UNASKED = "No line net serves, so a rule wrote the new {part}."
REFUSED = "What the net had for {count} phrases of the new {part} was refused; a rule wrote those."


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One phrase of one part: where it begins in its section, and what the net is asked for."""

    section: int
    first: int
    request: LineRequest


def plan_lines(
    drafts: Sequence[Draft], chords: Sequence[ChordPlan], candidates: int = CANDIDATES
) -> list[LinePlan]:
    """The new lines of each draft, all of them written together, each phrase out of so many."""
    phrases = [
        _phrases(draft, under, candidates) for draft, under in zip(drafts, chords, strict=True)
    ]
    wanted: list[tuple[Loaded, LineRequest]] = []
    for draft, asked in zip(drafts, phrases, strict=True):
        net = draft.net("line")
        wanted += [(net, one.request) for one in asked] if net is not None else []
    found = iter(answers(wanted, lambda net, requests: net.write(requests)))
    plans = []
    for draft, under, asked in zip(drafts, chords, phrases, strict=True):
        net = draft.net("line")
        if net is None:
            plans.append(_by_rules(draft, under))
        else:
            written = [next(found) for _ in asked]
            plan = _chosen(draft, under, asked, written, net.choice.digest)
            plans.append(replace(plan, remarks=(*_said(draft, under), *plan.remarks)))
    return plans


def _sections(draft: Draft, under: ChordPlan, part: str) -> list[int]:
    return with_room(draft.made, part, sorted(under.under))


def _said(draft: Draft, under: ChordPlan) -> list[str]:
    """Why a part that somebody could play is not written."""
    if draft.players and not under.under:
        return [NO_LINE]
    parts = [part for part in draft.players if not _sections(draft, under, part)]
    return [NO_ROOM.format(part=part) for part in parts]


def _by_rules(draft: Draft, under: ChordPlan) -> LinePlan:
    lines: list[NewLine] = []
    said = _said(draft, under)
    for part, player in draft.players.items():
        sections = _sections(draft, under, part)
        for n in sections:
            chords = under.under[n]
            notes = by_rule(draft.ask, part, n, chords, player.register)
            lines.append(NewLine(part, n, notes, chords))
        said += [UNASKED.format(part=part)] if sections else []
    return LinePlan(tuple(lines), tuple(said))


def _phrases(draft: Draft, under: ChordPlan, candidates: int) -> list[_Phrase]:
    """The phrases of all parts, in the order of parts and sections."""
    found: list[_Phrase] = []
    for part, player in draft.players.items():
        returns = Returns()
        for n in _sections(draft, under, part):
            for first, chords in phrases_of(under.under[n], PHRASE_BARS):
                if not any(chords.chords):
                    continue
                seed = _seed(draft, part, chords, returns.letter(chords))
                request = LineRequest(
                    part, chords, seed, candidates, density_of(draft.ask), player.register
                )
                found.append(_Phrase(n, first, request))
    return found


def _seed(draft: Draft, part: str, chords: ChordLine, letter: str) -> int:
    """The chance of a phrase: that of its part, its chords and its letter, wherever it stands."""
    ground = " ".join("-" if one is None else f"{one.root}{one.quality}" for one in chords.chords)
    return draft.dice.whole(f"phrase {part} {letter} {ground}", SEED_BELOW)


def _chosen(
    draft: Draft,
    under: ChordPlan,
    asked: Sequence[_Phrase],
    written: Sequence[Sequence[Line]],
    net: str,
) -> LinePlan:
    """The best of each phrase's candidates, by a rule where all were copies or silent."""
    taken: dict[LineRequest, tuple[NoteLine, str]] = {}
    heard: dict[str, Runs] = {}
    refused: dict[str, int] = {}
    lines: list[NewLine] = []
    for one, candidates in zip(asked, written, strict=True):
        part, chords = one.request.part, one.request.chords
        if one.request not in taken:
            before = heard.get(part, frozenset())
            notes = best_line(candidates, chords, part, before)
            if notes is None:
                refused[part] = refused.get(part, 0) + 1
                taken[one.request] = _ruled(draft, one), ""
            else:
                heard[part] = before | runs_in(notes, part)
                taken[one.request] = notes, net
        notes, by = taken[one.request]
        whole = under.under[one.section]
        lines.append(NewLine(part, one.section, _from(notes, one.first), whole, by))
    said = [REFUSED.format(part=part, count=count) for part, count in refused.items()]
    return LinePlan(tuple(lines), tuple(said))


def _ruled(draft: Draft, phrase: _Phrase) -> NoteLine:
    request = phrase.request
    register = draft.players[request.part].register
    return by_rule(draft.ask, request.part, phrase.section, request.chords, register)


def _from(notes: NoteLine, first: int) -> NoteLine:
    """The phrase's notes in ticks of their section."""
    return tuple(Note(one.onset + first, one.duration, one.pitch) for one in notes)
