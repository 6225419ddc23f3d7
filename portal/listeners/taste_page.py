"""A listener's taste as a page: every belief in a sentence, a bar and a fader.

It refuses to know rows and requests. Invariant: the bar, the sentence and the fader of an attribute
show one and the same belief.
"""

from dataclasses import dataclass

from generation.taste.queries import TasteView
from generation.taste.rules.words import Leaning
from portal.audio.wording import count
from portal.listeners.ask_page import Fader


@dataclass(frozen=True, slots=True)
class Bar:
    """Where something is liked best, in percent of the way between its ends."""

    title: str
    low: str
    width: str
    best: str


@dataclass(frozen=True, slots=True)
class LeaningRow:
    """One attribute on the page."""

    attribute: str
    name: str
    sentence: str
    bar: Bar
    fader: Fader


@dataclass(frozen=True, slots=True)
class TastePage:
    """Everything the page of one's taste shows."""

    is_on: bool
    shares_prior: bool
    learns_plays: bool
    is_known: bool
    stands_on: str
    shared_by: str
    rows: tuple[LeaningRow, ...]


def taste_page(view: TasteView) -> TastePage:
    """The page of what is believed."""
    said = count(view.said, "thing", "things")
    heard = f", and on {count(view.plays, 'play', 'plays')}" if view.plays else ""
    chosen = count(view.decisions, "decision", "decisions")
    shared = count(view.prior_listeners, "listener", "listeners")
    return TastePage(
        is_on=view.is_on,
        shares_prior=view.shares_prior,
        learns_plays=view.learns_plays,
        is_known=view.said + view.plays > 0,
        stands_on=f"It rests on {said} you said, set or brought along{heard}, and took {chosen}.",
        shared_by=(
            f"What newcomers begin with was learned from {shared} who agreed."
            if view.prior_listeners
            else "Fewer than 20 listeners agreed so far, so everybody begins with no opinion."
        ),
        rows=tuple(_row(one) for one in view.leanings),
    )


def _row(one: Leaning) -> LeaningRow:
    bar = Bar(
        title=f"{one.name}: from {one.ends[0]} to {one.ends[1]}. {one.sentence}",
        low=f"{_percent(one.low):.1f}",
        width=f"{max(1.5, _percent(one.high) - _percent(one.low)):.1f}",
        best=f"{min(98.5, _percent(one.best)):.1f}",
    )
    label = f"{one.name}, best for me"
    fader = Fader(one.attribute, label, 0, 100, round(_percent(one.best)), "", one.ends)
    return LeaningRow(one.attribute, one.name, one.sentence, bar, fader)


def _percent(value: float) -> float:
    return (value + 1.0) * 50.0
