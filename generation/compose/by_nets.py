"""The director of the nets: orders in, recipes out, every stage for many orders at once.

Rules lay a piece out (tempo, key, form, cast, bars); then chords -> lines, beats and mix are
decided, and all of it is written down as a recipe. It refuses to know audio, rights, rows and which
net serves whom. Invariant: a recipe follows from its order alone, whatever is composed beside it,
and an order without nets is still answered, by rules.
"""

from collections.abc import Sequence

from generation.compose.arrange import arrange
from generation.compose.choice import Dice
from generation.compose.director import NO_DRUMS, compose, decks_for, with_used_sources
from generation.compose.kept import Kept, key_of
from generation.compose.new_line import NO_STEM, player_of, reach_of, with_remark
from generation.compose.stages.beats import plan_beats
from generation.compose.stages.chords import plan_chords
from generation.compose.stages.lines import plan_lines
from generation.compose.stages.mixing import plan_mixes
from generation.compose.stages.plans import Composed, Draft, Order
from generation.compose.stages.sounding import sounded
from generation.compose.stages.watch import Clock, Pause, Watch, go_on
from generation.compose.tuning import tune
from generation.compose.values import CannotCompose
from generation.recipe import Recipe, from_json, to_json

AMBIENT = "Ambient has neither beat nor bars for nets to write in, so it is composed by rules."


def compose_by_nets(
    order: Order, clock: Clock, kept: Kept | None = None, pause: Pause = go_on
) -> Composed:
    """The piece that answers `order`. `clock`: seconds of any origin; `pause`: called before each
    stage, so that others get their turn. Raises CannotCompose.
    """
    (answer,) = compose_together([order], clock, kept, pause)
    if isinstance(answer, CannotCompose):
        raise answer
    return answer


def compose_together(
    orders: Sequence[Order], clock: Clock, kept: Kept | None = None, pause: Pause = go_on
) -> list[Composed | CannotCompose]:
    """The answer to each order; the nets are asked for all of them together.

    What `kept` holds is given back as it is; what is not there is composed and put there.
    """
    kept = Kept() if kept is None else kept
    keys = [key_of(order) for order in orders]
    found: dict[str, Composed | CannotCompose] = {}
    for key in keys:
        held = kept.get(key)
        if held is not None:
            found[key] = held
    fresh = {key: one for key, one in zip(keys, orders, strict=True) if key not in found}
    answers = _composed(list(fresh.values()), Watch(clock, pause))
    for key, answer in zip(fresh, answers, strict=True):
        found[key] = answer
        if isinstance(answer, Composed):
            kept.put(key, answer)
    return [found[key] for key in keys]


def _composed(orders: Sequence[Order], watch: Watch) -> list[Composed | CannotCompose]:
    laid = watch.timed("draft", len(orders), lambda: [_laid(order) for order in orders])
    drafts = [one for one in laid if isinstance(one, Draft)]
    count = len(drafts)
    chords = watch.timed("chords", count, lambda: plan_chords(drafts))
    lines = watch.timed("lines", count, lambda: plan_lines(drafts, chords))
    beats = watch.timed("beats", count, lambda: plan_beats(drafts))
    mixes = watch.timed("mix", count, lambda: plan_mixes(drafts))
    plans = zip(drafts, chords, lines, beats, mixes, strict=True)
    recipes = watch.timed("sound", count, lambda: [_written(sounded(*one)) for one in plans])
    made = iter(recipes)
    whole: list[Composed | CannotCompose] = []
    for one in laid:
        if isinstance(one, CannotCompose):
            whole.append(one)
        elif isinstance(one, Recipe):
            whole.append(Composed(one, watch.took[:1]))
        else:
            whole.append(Composed(next(made), watch.took))
    return whole


def _laid(order: Order) -> Draft | Recipe | CannotCompose:
    """The order laid out; the whole recipe where rules alone compose; why it cannot be done."""
    try:
        if order.ask.mode == "ambient":
            plain = compose(order.ask, order.songs, order.limits)
            return _written(with_remark(plain, AMBIENT))
        return _draft(order)
    except CannotCompose as error:
        return error


def _draft(order: Order) -> Draft:
    ask, remarks = order.ask, list[str]()
    decks = decks_for(ask, order.songs, order.limits, remarks)
    if not any(v.role == "drums" for deck in decks for v in deck.voices) and ask.energy != 0.5:
        remarks.append(NO_DRUMS)
    plan = tune(ask, decks, order.limits, remarks)
    able = {
        part: player_of(plan.decks, part, reach_of(order.limits))
        for part in ask.parts
        if part != "beat"
    }
    players = {part: player for part, player in able.items() if player is not None}
    remarks += [NO_STEM.format(part=part) for part in able if part not in players]
    parts = tuple(part for part in ask.parts if part == "beat" or part in players)
    made = arrange(ask, plan, Dice(ask.seed), parts)
    return Draft(order, plan, made, parts, players, tuple(remarks))


def _written(recipe: Recipe) -> Recipe:
    """The recipe as it is read back, without what does not sound."""
    return from_json(to_json(with_used_sources(recipe)))
