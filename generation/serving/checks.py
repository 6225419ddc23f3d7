"""What an operator is told at the start about the external net that the settings name.

Nothing is loaded for it, so the web process asks too. Invariant: settings under which a worker
could not open the net do not pass `manage.py check`.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from generation.nets.external.admission import problems


def check_external_net(**_: Any) -> list[CheckMessage]:
    """One error per reason; none where no external net is named."""
    name, folder = settings.EXTERNAL_NET, settings.EXTERNAL_NET_DIR
    if not name:
        return []
    told = problems(name, Path(folder) if folder else None, is_commercial=settings.COMMERCIAL)
    hint = "docs/external-nets.md says what EXTERNAL_NET, EXTERNAL_NET_DIR and COMMERCIAL mean."
    return [Error(one, hint=hint, id="serving.E001") for one in told]
