"""The external net that this installation's settings name, and what keeps it from being opened.

Nothing is loaded, so faces ask as well. Invariant: what may not be opened here is never asked for.
"""

from pathlib import Path

from django.conf import settings

from generation.nets.external.admission import problems

NONE_SET = "No external net is set up here."


def external_folder() -> Path | None:
    """The folder of its weights; None where none is set."""
    return Path(settings.EXTERNAL_NET_DIR) if settings.EXTERNAL_NET_DIR else None


def external_problems() -> list[str]:
    """Why the external net cannot be opened, a sentence each; empty: it can."""
    if not settings.EXTERNAL_NET:
        return [NONE_SET]
    name, is_commercial = settings.EXTERNAL_NET, settings.COMMERCIAL
    return problems(name, external_folder(), is_commercial=is_commercial)
