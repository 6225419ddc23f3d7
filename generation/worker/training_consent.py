"""What a net may learn from: a folder's traces of sound, laid before the catalog's clearance.

It knows folders, cards and clearances; whether a use is permitted is decided below. Invariant: a
draft and a release each ask anew, for exactly their version; where the data holds no sound and
names none, nothing is asked and the database is not needed.
"""

from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError
from django.utils import timezone

from generation.nets.cards import Permitted
from generation.worker.training_data import UnreadableSound, traces_in
from licensing.clearance.training import TrainingRefused, clear_training


def permitted_for(
    *,
    net: str,
    version: int,
    folder: Path,
    territory: str,
    learned: Sequence[Permitted] = (),
) -> tuple[Permitted, ...]:
    """The audio of the catalog that this version learned from, with the clearance of this moment.

    `learned`: what its card names already. Raises CommandError with every reason for a no.
    """
    try:
        traces = traces_in(folder)
        if traces.are_none and not learned:
            return ()
        found = clear_training(
            net=net,
            version=version,
            pcm=traces.pcm | {one.digest for one in learned},
            files=traces.files,
            territory=territory,
            now=timezone.now(),
        )
    except (UnreadableSound, TrainingRefused, FileNotFoundError) as error:
        raise CommandError(f"The {net} net may not learn from this: {error}") from error
    lost = {one.digest for one in learned} - set(found.digests)
    if lost:
        raise CommandError(f"The card names audio that is not in this catalog: {min(lost)[:12]}.")
    return tuple(Permitted(one, str(found.clearance)) for one in found.digests)
