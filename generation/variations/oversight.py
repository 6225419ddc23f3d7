"""How far a person guided what was made, from what was asked: said when the record is sealed.

Pure. Mode, length and place are no guidance: whoever says nothing else leaves all of it to the
house. What taste chose is the house's choice. It refuses to know rows and answers of holders.
Invariant: one wish of a person, and it is guided.
"""

from collections.abc import Mapping
from typing import Any

from generation.variations.rules import Mode, check_targets
from licensing.attribution.particulars import Oversight

_NO_GUIDANCE = frozenset({"seconds"})


def oversight_of(
    *,
    mode: str,
    targets: Mapping[str, Any],
    by_taste: Mapping[str, Any],
    is_named: bool,
) -> Oversight:
    """`targets`: all that hold, complete; `by_taste`: those that taste chose, as it chose them.

    `is_named`: somebody named a recording, an artist or a stem, or steered it under way.
    """
    return (
        Oversight.GUIDED if is_named or _wishes(mode, targets, by_taste) else Oversight.AUTONOMOUS
    )


def _wishes(mode: str, targets: Mapping[str, Any], by_taste: Mapping[str, Any]) -> list[str]:
    """The targets that neither stand at their default nor were chosen by taste."""
    defaults = check_targets(Mode(mode), {})
    return [
        name
        for name, value in targets.items()
        if name not in _NO_GUIDANCE
        and value != defaults.get(name)
        and (name not in by_taste or by_taste[name] != value)
    ]
