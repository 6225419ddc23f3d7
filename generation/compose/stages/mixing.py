"""The stage of the mix: strips by the mix net where one serves and every stem can be read by it.

It refuses to know notes. Invariant: a piece is mixed by the net as a whole or by the rules as a
whole, because a desk that changes hands between sections is heard.
"""

from collections.abc import Sequence

from generation.compose import console
from generation.compose.mix import STANDING_LUFS
from generation.compose.mixing_net import strips_by_net
from generation.compose.stages.plans import Draft, MixPlan

UNASKED = "No mix net serves, so the mix is by rules."
NO_BANDS = "A stem was measured before the mix net could read it, so the mix is by rules."


def plan_mixes(drafts: Sequence[Draft]) -> list[MixPlan]:
    """The mix of each draft. Its sections are put to the net together, never those of two drafts:
    their bits may depend on what they are asked with.
    """
    return [_mix(draft) for draft in drafts]


def _mix(draft: Draft) -> MixPlan:
    net = draft.net("mix")
    if net is None:
        return MixPlan(remarks=(UNASKED,))
    strips = strips_by_net(
        net.runs,
        draft.ask,
        draft.plan,
        draft.made,
        range(len(draft.made.scenes)),
        bus=console.bus(draft.ask, draft.dice),
        standing_lufs=STANDING_LUFS,
        reach=draft.plan.mix_reach,
    )
    if strips is None:
        return MixPlan(remarks=(NO_BANDS,))
    return MixPlan(tuple(strips), (net.choice.digest,))
