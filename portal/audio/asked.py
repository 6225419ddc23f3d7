"""What listeners and partners are told of a variation that its holders want to hear first.

Pure. Invariant: one sentence for everybody, with the names of those who were asked.
"""

from licensing.clearance.approving import Standing
from portal.audio.wording import listed

MEASURED_FIRST = "Heard once its shares are measured."


def waits_sentence(asked: Standing) -> str:
    """ "Waits for Ana’s yes."; empty where nothing is waited for."""
    if asked.waits_for:
        names = listed([f"{name}’s" for name in asked.waits_for])
        return f"Waits for {names} yes."
    return "" if asked.is_measured else MEASURED_FIRST


def declined_sentence(asked: Standing) -> str:
    """Who said no; empty where nobody did."""
    return f"{listed(list(asked.declined_by))} said no to this one." if asked.declined_by else ""
