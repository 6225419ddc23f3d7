"""Does taste please? Simulated listeners served by popularity and by what was learned of them.

Four worlds of four clusters, straight and misspecified; everybody meets the same moments under
every policy, so gains are paired per person. Then what one decision costs, and what it costs with a
million listeners stored (`--rows 0` leaves that out). `--json` prints the figures for machines,
`--check` exits 1 where one is missed, `--quick` takes fewer people and rows. The results are kept
in docs/benchmarks/taste.md.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from benchmarks import taste_policies as policies
from benchmarks import taste_world as world
from benchmarks.figures import Figure, missed
from benchmarks.taste_policies import Setting
from benchmarks.taste_rows import row_figures
from benchmarks.taste_world import Array
from generation.taste.rules import choosing, model
from generation.taste.rules.choosing import SCALE
from generation.taste.rules.playing import WEIGHT

WORLDS = 4
LIKE_RATE, ABOVE_POPULARITY, DECISION_MS = 0.57, 0.04, 2.0
Policy = Callable[..., Array]


def _policies(place: world.World, consenting: list[world.Person], seed: int) -> dict[str, Policy]:
    """Every policy of one world, by name. Half of those who consented were served by chance, the
    other half on the next day by the prior learned from the first.
    """
    chance = np.random.default_rng([seed, 1])
    neutral = model.neutral_prior()
    half = len(consenting) // 2
    first = [policies.logged(place, one, world.moments(chance)) for one in consenting[:half]]
    prior = policies.learned_prior(first, neutral)
    setting = Setting(prior, SCALE, with_critiques=True)
    second = [
        policies.served(place, one, world.moments(chance), setting, chance)[1]
        for one in consenting[half:]
    ]
    both = [*first, *(model.on_prior(one, prior, neutral) for one in second)]
    learned = policies.learned_prior(both, neutral)
    told = {
        "chance": policies.by_chance(),
        "popularity": policies.by_popularity(consenting),
        "oracle": policies.by_oracle(),
        "taste without a prior, scale 1": policies.by_taste(Setting(neutral, 1.0)),
    }
    for scale in (1.0, 0.5, SCALE, 0.0):
        told[f"taste, scale {scale:g}"] = policies.by_taste(Setting(learned, scale))
    told["taste, prior of those served by chance alone"] = policies.by_taste(setting)
    for weight in (20, 60):
        precision = weight * model.NOISE_PRECISION
        told[f"taste and more / less, weight {weight}"] = policies.by_taste(
            Setting(learned, SCALE, True, precision)
        )
    told["taste and more / less"] = policies.by_taste(Setting(learned, SCALE, True))
    for weight in (0.0, 0.125, WEIGHT, 0.5, 1.0):
        quiet = Setting(learned, SCALE, presses=policies.PRESSES, play_weight=weight)
        told[f"quiet people, plays of weight {weight:g}"] = policies.by_taste(quiet)
    return told


def likes(people: int, consenting: int, *, is_misspecified: bool) -> dict[str, Array]:
    """Policy -> chance of a like, one row per person over all worlds, one column per decision."""
    rows: dict[str, list[Array]] = {}
    for seed in range(WORLDS):
        place = world.world(seed, is_misspecified=is_misspecified)
        chance = np.random.default_rng([seed, 0])
        crowd = world.people(place, consenting, chance)
        tested = world.people(place, people // WORLDS, chance)
        steps = [world.moments(np.random.default_rng([seed, 2, n])) for n in range(len(tested))]
        for name, run in _policies(place, crowd, seed).items():
            rows.setdefault(name, []).extend(
                run(place, who, moments, n)
                for n, (who, moments) in enumerate(zip(tested, steps, strict=True))
            )
    return {name: np.array(found) for name, found in rows.items()}


def gain(ours: Array, theirs: Array) -> tuple[float, float]:
    """The mean gain per person, and half of its 95 % interval."""
    apart = ours.mean(axis=1) - theirs.mean(axis=1)
    return float(apart.mean()), float(1.96 * apart.std(ddof=1) / np.sqrt(len(apart)))


def like_figures(found: dict[str, Array], group: str) -> list[Figure]:
    """What is gated and what is told of one kind of world."""
    ours, popular = found["taste and more / less"], found["popularity"]
    above, within = gain(ours, popular)
    better = float(np.mean(ours.mean(axis=1) > popular.mean(axis=1)))
    size = f"{len(ours)} people, {ours.shape[1]} decisions each"
    return [
        Figure(group, "like rate over all decisions", float(ours.mean()), "", LIKE_RATE, note=size),
        Figure(group, "above popularity", above, "", ABOVE_POPULARITY, note=f"+-{within:.3f}"),
        Figure(group, "lower 95 % bound of that", above - within, "", 0.0),
        Figure(group, "people for whom it is better", better),
        *play_figures(found, group),
        *(_told(group, name, one, popular) for name, one in found.items()),
    ]


def play_figures(found: dict[str, Array], group: str) -> list[Figure]:
    """What plays gain where people press a key on one thing in ten, against not learning them."""
    without = found["quiet people, plays of weight 0"]
    above, within = gain(found[f"quiet people, plays of weight {WEIGHT:g}"], without)
    return [
        Figure(group, "quiet people, gained by plays", above, "", 0.0, note=f"+-{within:.3f}"),
    ]


def _told(group: str, name: str, one: Array, popular: Array) -> Figure:
    above, within = gain(one, popular)
    first, last = one[:, :10].mean(), one[:, -20:].mean()
    note = f"first 10 {first:.3f}, last 20 {last:.3f}, above popularity {above:+.3f} +-{within:.3f}"
    return Figure(group, name, float(one.mean()), note=note)


def decision_figures(times: int) -> list[Figure]:
    """What one decision costs: 64 candidates drawn, one chosen, its propensity; and one update."""
    belief = model.neutral_prior()
    chance = np.random.default_rng(0)
    bounds = {name: (-1.0, 1.0) for name in ("tempo", "energy", "density", "brightness", "vocals")}
    took, moved = [], []
    for _ in range(times):
        begun = time.perf_counter()
        among = choosing.candidates(bounds, chance)
        taken = choosing.choose(belief, among, "mood", chance)
        took.append((time.perf_counter() - begun) * 1e3)
        begun = time.perf_counter()
        belief = model.observed(belief, model.liking(taken.attributes, "mood", 1.0))
        moved.append((time.perf_counter() - begun) * 1e3)
    note = f"{times} decisions of 64 candidates with {choosing.DRAWS} draws for the propensity"
    middle, high = (float(np.percentile(took, one)) for one in (50, 95))
    return [
        Figure("decision", "median", middle, "ms", DECISION_MS, False, note),
        Figure("decision", "p95", high, "ms", DECISION_MS, False),
        Figure(
            "decision", "one belief moved by one verdict, median", float(np.median(moved)), "ms"
        ),
    ]


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Every figure, with the machine it was taken on."""
    people, consenting = (80, 200) if options.quick else (400, 600)
    begun = time.perf_counter()
    figures = decision_figures(300 if options.quick else 3_000)
    for group, is_misspecified in (("listeners", False), ("misspecified", True)):
        found = likes(people, consenting, is_misspecified=is_misspecified)
        figures += like_figures(found, group)
    if options.rows:
        figures += row_figures(options.rows, 400 if options.quick else 3_000)
    return {
        "machine": f"{platform.processor() or platform.machine()}, {_cpu()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "took_s": round(time.perf_counter() - begun, 1),
        "figures": figures,
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--json", "--quick", "--check"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--rows", type=int, help="listeners stored; a million, or 20,000 quick")
    options = parser.parse_args()
    if options.rows is None:
        options.rows = 20_000 if options.quick else 1_000_000
    told = report(options)
    figures: list[Figure] = told["figures"]
    if options.json:
        print(json.dumps(told | {"figures": [one.plain() for one in figures]}, indent=2))
    else:
        print(f"{told['machine']}, Python {told['python']}, numpy {told['numpy']}")
        for one in figures:
            print(f"{one.group:13} {one.name:46} {one.reached:9.3f} {one.unit:3} "
                  f"{one.verdict:7} {one.note}")  # fmt: skip
    for name in missed(figures):
        print(f"MISSED {name}", file=sys.stderr)
    return 1 if options.check and missed(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
