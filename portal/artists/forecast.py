"""What a grant might bring, said before it is signed: what comparable recordings earned.

A range with its basis and never a promise. It reckons once per closed month and keeps that.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache

from licensing.royalties.comparables import Comparison, compare, last_closed_months
from licensing.royalties.rules.comparing import Range

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Forecast:
    """Ranges for the roles of one recording by the name of their use, and uses without one."""

    ranges: tuple[tuple[str, Range], ...]
    without: tuple[str, ...]
    first_month: str
    last_month: str


def forecast(roles: Iterable[str], uses: Iterable[tuple[str, str]]) -> Forecast:
    """For a recording with stems of these roles; `uses` are (use, name) in their order."""
    compared, wanted = _compared(), {role or "other" for role in roles}
    fitting = [one for one in compared.ranges if one.role in wanted]
    found, without = [], []
    for use, name in uses:
        of_use = [(name, one) for one in fitting if one.use == use]
        found += of_use
        if not of_use:
            without.append(name)
    months = [f"{month:%B %Y}" for month in compared.months] or [""]
    return Forecast(tuple(found), tuple(without), months[-1], months[0])


def _compared() -> Comparison:
    months = last_closed_months()
    if not months:
        return Comparison((), ())
    key = f"comparables:{months[0]:%Y-%m}:{len(months)}"
    kept: Comparison | None = cache.get(key)
    if kept is None:
        kept = compare(months)
        cache.set(key, kept, KEPT_SECONDS)
    return kept
