"""What an operator is told at the start about the external net that the settings name.

Nothing is loaded for it, so the web process asks too. Invariant: settings under which a worker
could not open the net do not pass `manage.py check`.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from generation.serving.outside import external_problems


def check_external_net(**_: Any) -> list[CheckMessage]:
    """One error per reason; none where no external net is named."""
    told = external_problems() if settings.EXTERNAL_NET else []
    hint = "docs/external-nets.md says what EXTERNAL_NET, EXTERNAL_NET_DIR and COMMERCIAL mean."
    return [Error(one, hint=hint, id="serving.E001") for one in told]
