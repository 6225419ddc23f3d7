"""Sections of live sessions by nets beside those by rules: what one core is busy for.

Chains of synthesised songs (`nets_songs`) grow as sessions do, one section at a time. Invariant:
fixed seeds, so the same weights write the same notes on every machine; only times differ.
"""

import time

import numpy as np

from benchmarks.figures import Figure
from benchmarks.nets_songs import song_of
from generation.compose.live import next_section
from generation.compose.sections import LiveSection
from generation.compose.sections_by_nets import section_by_nets
from generation.compose.stages.watch import Watch
from generation.compose.values import Ask, Song
from generation.nets import chosen
from generation.nets.chosen import Nets
from generation.recipe import SAMPLE_RATE_HZ

# What a change that waits can lose to planning; what planning ahead has before rules step in.
CHANGE_MS, READY_S = 150.0, 5.0
SESSIONS = 10


def live_figures(*, is_quick: bool) -> list[Figure]:
    """Times and how often a new part is written, with the newest release of each net."""
    nets = chosen.Shelf().load(chosen.newest())
    songs = [song_of(seed) for seed in range(1 if is_quick else 4)]
    count = 4 if is_quick else 8
    runs = [_Run(song, nets, seed, count) for seed, song in enumerate(songs)]
    plain = np.concatenate([run.by_rules for run in runs])
    made = np.concatenate([run.by_nets for run in runs])
    held = max(run.longest for run in runs)
    wall = max(run.slowest for run in runs)
    busy = SESSIONS * float(np.sum(made)) / sum(run.seconds for run in runs)
    sections = [one for run in runs for one in run.chain[1:]]
    written = sum(bool(one.notes) for one in sections) / len(sections)
    note = f"CPU, median of {len(made)}, slowest {1_000 * max(made):.0f} ms"
    return [
        Figure("live", "section by rules, 8 bars", 1_000 * float(np.median(plain)), "ms",
               CHANGE_MS, False, f"CPU, median of {len(plain)}"),
        Figure("live", "section by nets, 8 bars: one part and the mix",
               1_000 * float(np.median(made)), "ms", note=note),
        Figure("live", "longest stage, in which nobody more urgent is served", 1_000 * held, "ms",
               note="CPU"),
        Figure("live", "slowest section by nets by the clock", wall, "s", READY_S, False,
               "else rules step in"),
        Figure("live", f"part of a core that plans {SESSIONS} sessions", busy, "", note="CPU"),
        Figure("live", "sections with a new part", written, "", note="mood, density 0.6"),
    ]  # fmt: skip


class _Run:
    """One session of a song: its sections and what each took."""

    def __init__(self, song: Song, nets: Nets, seed: int, count: int) -> None:
        ask = Ask("mood", seed=seed, density=0.6)
        self.chain: list[LiveSection] = [next_section(ask, [song], [])]
        self.by_rules, self.by_nets = np.zeros(count), np.zeros(count)
        self.longest = self.slowest = 0.0
        section_by_nets(ask, [song], self.chain, nets)
        for n in range(count):
            begun = time.process_time()
            next_section(ask, [song], self.chain)
            self.by_rules[n] = time.process_time() - begun
            self.by_nets[n] = self._grow(ask, song, nets)

    def _grow(self, ask: Ask, song: Song, nets: Nets) -> float:
        """Write the next section by nets; seconds of CPU."""
        since, turns = time.perf_counter(), [time.process_time()]
        watch = Watch(time.perf_counter, lambda: turns.append(time.process_time()))
        made = section_by_nets(ask, [song], self.chain, nets, watch=watch)
        turns.append(time.process_time())
        self.chain.append(made)
        self.longest = max(self.longest, *np.diff(turns))
        self.slowest = max(self.slowest, time.perf_counter() - since)
        return turns[-1] - turns[0]

    @property
    def seconds(self) -> float:
        """How long the sections by nets sound."""
        return (self.chain[-1].end - self.chain[0].end) / SAMPLE_RATE_HZ
