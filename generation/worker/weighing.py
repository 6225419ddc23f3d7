"""What was heard of a variation, weighed: its tables of windows, and lines and shares out of them.

Sealing and auditing both weigh here, so they cannot disagree. It knows recipes and tables, and the
stems by name; it renders nothing and writes nothing. Invariant: lines follow from the tables alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from generation.engine.kernels import Reals
from generation.engine.lines import lines_of
from generation.engine.shares import model_ppm_of
from generation.external import cleared_digests
from generation.recipe import Recipe
from generation.variations import queries
from generation.variations.models import Segment, Variation
from licensing.attribution.rules import UNATTRIBUTED, paid_lines


@dataclass(frozen=True, slots=True)
class Tables:
    """What was measured of all segments, one after the other; see `models.Segment`."""

    table: bytes
    generated: bytes
    outside: bytes

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> "Tables":
        """The tables of `segments`, which are in order."""
        return cls(
            b"".join(bytes(one.windows) for one in segments),
            b"".join(bytes(one.generated) for one in segments),
            b"".join(bytes(one.outside) for one in segments),
        )

    def sha256(self) -> str:
        """The digest that the record keeps: over the three, one after the other."""
        return hashlib.sha256(self.table + self.generated + self.outside).hexdigest()


def _windows(plan: Recipe, table: bytes) -> Reals:
    return np.frombuffer(table, dtype="<f8").reshape(-1, len(cleared_digests(plan)))


def model_part(plan: Recipe, heard: Tables) -> int:
    """What nets wrote and what external nets made of what was heard, by the policy of the lines."""
    if not heard.generated and not heard.outside:
        return 0
    windows, beside = _windows(plan, heard.table), np.frombuffer(heard.outside, dtype="<f8")
    if not heard.outside:
        return model_ppm_of(windows, np.frombuffer(heard.generated, dtype="<f8"))
    made = np.maximum(beside, 0.0)
    if heard.generated:
        made = made + np.frombuffer(heard.generated, dtype="<f8")
    return model_ppm_of(np.column_stack([windows, beside]), made)


def lines_by_policy(
    variation: Variation, plan: Recipe, heard: Tables
) -> tuple[list[tuple[UUID, int]], int]:
    """(stem, ppm) by policy k-weighted-shapley/1, and the ppm of what rests on no stem.

    No lines where no stem sounded.
    """
    digests, windows = cleared_digests(plan), _windows(plan, heard.table)
    stems = {digests[one.position]: one.stem_id for one in queries.sources_of(variation)}
    names = digests
    if heard.outside:
        names = [*digests, UNATTRIBUTED]
        windows = np.column_stack([windows, np.frombuffer(heard.outside, dtype="<f8")])
    parts = lines_of(windows, names)
    if not any(ppm for name, ppm in parts if name != UNATTRIBUTED):
        return [], 0
    lines, unattributed = paid_lines(parts)
    return [(stems[digest], ppm) for digest, ppm in lines], unattributed
