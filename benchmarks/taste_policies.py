"""What chooses for simulated listeners: chance, popularity, an oracle, and taste in its settings.

Knows the world and the rules of taste. Invariant: every policy meets the same moments of the same
people, and no policy sees what a person likes but through what they press, except the oracle and
popularity, which is told what everybody in the training population likes, better than any count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import taste_world as world
from benchmarks.taste_world import Array, Moment, Person, World
from generation.taste.rules import model
from generation.taste.rules.attributes import ATTRIBUTES, FEATURES
from generation.taste.rules.choosing import choose
from generation.taste.rules.importing import HEARD_OUT, SKIPPED
from generation.taste.rules.model import Belief
from generation.taste.rules.prior import fit_prior

# How likely one who did not like it presses "more" or "less" of something.
SAYS = 0.3
# So many people are popularity.
CROWD = 200
# How often one who is quiet presses anything at all.
PRESSES = 0.1
# How many plays end as their listener liked it, heard out or left at once; others say nothing.
PLAYED = 0.5


@dataclass(frozen=True)
class Setting:
    """How taste is run: the prior it begins with, the spread of its draws, whether one may say why,
    and how precise that is taken to be (None: as the product does). `presses`: how often a verdict
    is pressed; `play_weight`: what part of a verdict a play counts as that ended one way.
    """

    prior: Belief
    scale: float
    with_critiques: bool = False
    critique: float | None = None
    presses: float = 1.0
    play_weight: float = 0.0


def fixed(pick: Callable[[World, Person, Moment, int], int]) -> Callable[..., Array]:
    """A policy that learns nothing: the chance of a like at every decision of one person."""

    def run(place: World, who: Person, steps: Sequence[Moment], seed: int) -> Array:
        return np.array(
            [
                world.worth(place, who, one.among, one.context, step)[pick(place, who, one, step)]
                for step, one in enumerate(steps)
            ]
        )

    return run


def by_chance() -> Callable[..., Array]:
    """The first of the candidates, which were drawn at random."""
    return fixed(lambda place, who, one, step: 0)


def by_oracle() -> Callable[..., Array]:
    """What this person likes best, known beforehand."""
    return fixed(
        lambda place, who, one, step: int(
            np.argmax(world.worth(place, who, one.among, one.context, step))
        )
    )


def by_popularity(crowd: Sequence[Person]) -> Callable[..., Array]:
    """What the crowd likes best on average, known beforehand, in this context and at this step."""
    known = list(crowd[:CROWD])

    def pick(place: World, who: Person, one: Moment, step: int) -> int:
        liked = world.worth_to_all(place, known, one.among, one.context, step)
        return int(np.argmax(liked.mean(axis=0)))

    return fixed(pick)


def by_taste(setting: Setting) -> Callable[..., Array]:
    """Thompson sampling by the product's own rules."""

    def run(place: World, who: Person, steps: Sequence[Moment], seed: int) -> Array:
        return served(place, who, steps, setting, np.random.default_rng(seed))[0]

    return run


def served(
    place: World,
    who: Person,
    steps: Sequence[Moment],
    setting: Setting,
    chance: np.random.Generator,
) -> tuple[Array, Belief]:
    """The chance of a like at every decision, and what is believed of the person at the end."""
    belief, likes = setting.prior, np.zeros(len(steps))
    for step, one in enumerate(steps):
        picked = choose(belief, one.among, one.context, chance, scale=setting.scale, draws=0)
        row = picked.attributes
        likes[step] = world.worth(place, who, one.among, one.context, step)[picked.index]
        press = world.pressed(place, float(likes[step]), one.coin, one.noise)
        if one.says >= setting.presses:
            if setting.play_weight and one.says < setting.presses + PLAYED:
                belief = model.observed(belief, _played(row, one.context, press, setting))
            continue
        belief = model.observed(belief, model.liking(row, one.context, press))
        if setting.with_critiques and press == 0.0 and one.says < SAYS:
            belief = _told(belief, place, who, row, one.context, step, setting.critique)
    return likes, belief


def _played(row: Array, context: str, press: float, setting: Setting) -> model.Observation:
    """What a play says that was heard out by one who liked it, or left by one who did not."""
    reward = HEARD_OUT if press else SKIPPED
    return model.liking(row, context, reward, setting.play_weight)


def _told(
    belief: Belief,
    place: World,
    who: Person,
    row: Array,
    context: str,
    step: int,
    precision: float | None,
) -> Belief:
    attribute, direction = world.complaint(place, who, row, context, step)
    said = model.comparison(row, context, ATTRIBUTES[attribute], direction)
    if precision is not None:
        said = model.Observation(said.features, said.reward, precision)
    return model.observed(belief, said)


def logged(place: World, who: Person, steps: Sequence[Moment]) -> Belief:
    """What is believed of somebody who was served by chance."""
    rows = [
        model.liking(
            one.among[0],
            one.context,
            world.pressed(
                place,
                float(world.worth(place, who, one.among[:1], one.context, step)[0]),
                one.coin,
                one.noise,
            ),
        )
        for step, one in enumerate(steps)
    ]
    return model.observed_all(model.neutral_prior(), rows)


def learned_prior(beliefs: Sequence[Belief], begun_with: Belief) -> Belief:
    """The prior that the nightly fit learns from these, all of whom began with `begun_with`."""
    parts = [model.evidence(one, begun_with) for one in beliefs]
    precisions = np.array([one[0] for one in parts]).reshape(-1, FEATURES, FEATURES)
    loads = np.array([one[1] for one in parts]).reshape(-1, FEATURES)
    return fit_prior(precisions, loads, model.neutral_prior())
