"""The last steps from a payee's earnings to what is payable, in their order; values only.

    earned -> recoupment -> reserve -> withholding -> payable

Contested earnings are not among them: a dispute holds its share before. Invariant: what the steps
take and what is payable sum to what was earned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from licensing.deductions.rules.parts import Part, total, us_total
from licensing.deductions.rules.recoupment import Terms, recoup
from licensing.deductions.rules.reserves import Rule, set_aside
from licensing.deductions.rules.taxes import withheld


@dataclass(frozen=True, slots=True)
class Plan:
    """What each step takes: per advance, per reserve rule, as tax; `waits_micros` is income of US
    source that waits for a tax form, `us_micros` is what tax was reckoned on.
    """

    recouped: Mapping[str, int]
    aside: Mapping[str, Sequence[Part]]
    us_micros: int
    withheld_micros: int
    waits_micros: int
    payable_micros: int


def plan(
    parts: Sequence[Part],
    *,
    advances: Sequence[Terms] = (),
    rules: Sequence[Rule] = (),
    rate_ppm: int | None,
) -> Plan:
    """Divide one payee's earnings of one currency over the steps. `rate_ppm` None: no form."""
    recouped, left = recoup(parts, advances)
    aside, left = set_aside(left, rules)
    us = us_total(left)
    tax = 0 if rate_ppm is None else withheld(us, rate_ppm)
    waits = us if rate_ppm is None else 0
    return Plan(recouped, aside, us, tax, waits, total(left) - tax - waits)
