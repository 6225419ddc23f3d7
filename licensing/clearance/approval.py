"""Approve first: which variations wait for a holder's yes, and which pass by themselves.

Pure. A grant may say that the first few variations of a recording wait, and how far later ones may
go without asking. It refuses to know rows. Invariant: tighter bounds never let more pass, and a
share that is not measured yet never passes before it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licensing.clearance.limits import (
    ANYTHING,
    Asked,
    Limits,
    OddLimits,
    codes_beyond,
    limits_from_json,
)

FIRST_MOST = 1_000
WHOLE_PPM = 1_000_000
FIRST, USE, MIXED, SHARE = "first", "use", "mixed", "share"
SENTENCES: Mapping[str, str] = {
    FIRST: "One of the first variations of this recording.",
    USE: "A use that you want to hear before it is played.",
    MIXED: "It is mixed with other recordings.",
    SHARE: "A stem of yours has a larger share than passes by itself.",
    "tempo_out_of_range": "Its tempo lies outside what passes by itself.",
    "pitch_out_of_range": "Its pitch lies outside what passes by itself.",
    "vocals_not_allowed": "A voice sounds in it.",
}
"""Why something waits, said to whoever decides on it."""


@dataclass(frozen=True, slots=True)
class ApproveFirst:
    """The first `first` variations of a recording wait; a later one does when it goes
    outside the bounds of `within`, in a use not among `uses` (empty: any use passes), or with more
    than `share_ppm_max` of what is heard by the stem of the grant.
    """

    first: int = 0
    within: Limits = ANYTHING
    uses: frozenset[str] = frozenset()
    share_ppm_max: int = WHOLE_PPM

    def __post_init__(self) -> None:
        if not 0 <= self.first <= FIRST_MOST:
            raise OddLimits(f"The first 0 to {FIRST_MOST} variations can wait for a yes.")
        if not 0 <= self.share_ppm_max <= WHOLE_PPM:
            raise OddLimits("The largest share that passes is 0 to 100 %.")

    def to_json(self) -> dict[str, Any]:
        """Plain data, with a key per condition."""
        return {
            "first": self.first,
            "within": self.within.to_json(),
            "uses": sorted(self.uses),
            "share_ppm_max": self.share_ppm_max,
        }


def approval_from_json(data: Mapping[str, Any]) -> ApproveFirst | None:
    """What a stored grant asks for; None where it asks for nothing. Raises OddLimits."""
    if not data:
        return None
    unknown = data.keys() - {"first", "within", "uses", "share_ppm_max"}
    if unknown:
        raise OddLimits(f"There is no condition called {sorted(unknown)[0]}.")
    return ApproveFirst(
        first=int(data.get("first", 0)),
        within=limits_from_json(data.get("within", {})),
        uses=frozenset(data.get("uses", ())),
        share_ppm_max=int(data.get("share_ppm_max", WHOLE_PPM)),
    )


def why_it_waits(
    rule: ApproveFirst, *, approved: int, use: str, made: Asked, is_mixed: bool
) -> tuple[str, ...]:
    """Why a variation waits, as far as is known before it sounds; empty when it does not.

    `approved`: to how many of the recording the holder has said yes. `made`: how far it goes.
    """
    codes = [FIRST] if approved < rule.first else []
    if rule.uses and use not in rule.uses:
        codes.append(USE)
    if is_mixed and not rule.within.with_others:
        codes.append(MIXED)
    return (*codes, *codes_beyond(rule.within, made))


def is_share_bounded(rule: ApproveFirst) -> bool:
    """Whether it is known only once the shares are measured that nothing waits."""
    return rule.share_ppm_max < WHOLE_PPM


def waits_when_live(
    rule: ApproveFirst | None, *, approved: int, use: str, vocals: bool, is_mixed: bool
) -> bool:
    """Whether a stem stays out of live sessions, where nobody can be asked first.

    A share is not known before it is heard, so a bound on it keeps the stem out.
    """
    if rule is None:
        return False
    here = Asked(vocals=vocals)
    waits = why_it_waits(rule, approved=approved, use=use, made=here, is_mixed=is_mixed)
    return bool(waits) or is_share_bounded(rule)
