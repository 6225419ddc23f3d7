"""What a listener may ask for of some recordings: asked of the same rules that clear it later.

It reads and writes nothing. Invariant: a mode is permitted here exactly when at least one stem of
every recording named may be used for it; where it is not, every reason is a sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from generation.variations.rules import Mode, use_of
from licensing.catalog.models import Recording, Stem
from licensing.clearance.limits import ANYTHING, Limits, tightest
from licensing.clearance.queries import ClearableRecording, list_clearable, preflight_use
from portal.accounts.models import User
from portal.listeners.asking import Ground
from portal.listeners.measured import measured_recordings

ANEW_MODES = (Mode.MOOD, Mode.FOCUS, Mode.AMBIENT)
ALL_MODES = (Mode.REMIX, *ANEW_MODES, Mode.COLLABORATION)
# More tell no more about how far tempi reach.
_TEMPI_MOST = 100
NO_COUNTRY = (
    "Licences hold per country, and yours is not known: say which one you are billed in, then ask "
    "again."
)


@dataclass(frozen=True, slots=True)
class Permission:
    """The ground to stand on, and why there is none."""

    ground: Ground
    refusals: tuple[str, ...]


def clearable(
    mode: Mode,
    user: User,
    now: datetime,
    recording_ids: Sequence[UUID] | None = None,
    *,
    is_live: bool = False,
    by_taste: bool = False,
) -> tuple[ClearableRecording, ...]:
    """Recordings with stems that may be used for `mode` where the user lives, newest first.

    `is_live`: in a session, where no holder can be asked first. `by_taste`: the user's taste
    profile chooses or shapes it.
    """
    return list_clearable(
        use_of(mode),
        user.country,
        settings.OWN_CHANNEL,
        now,
        requester=("user", str(user.pk)),
        recording_ids=recording_ids,
        is_live=is_live,
        by_taste=by_taste,
    )


def clearable_tempi(mode: Mode, user: User, now: datetime) -> tuple[float, ...]:
    """The tempi of the newest recordings that taste may choose for `mode`, where they have one."""
    newest = [one.recording_id for one in clearable(mode, user, now, by_taste=True)][:_TEMPI_MOST]
    found = measured_recordings(newest).values()
    return tuple(one.tempo_bpm for one in found if one.tempo_bpm is not None)


def permission_for(
    mode: Mode, recordings: Sequence[Recording], user: User, now: datetime
) -> Permission:
    """What may be asked of these recordings together; of none named, what the house may choose."""
    if not recordings:
        return _anew(mode, user, now)
    found = clearable(mode, user, now, [one.pk for one in recordings])
    missing = {one.pk for one in recordings} - {one.recording_id for one in found}
    refusals = list(_reasons(mode, missing, user, now)) if user.country else [NO_COUNTRY]
    limits = tightest(one.limits for one in found)
    if len(recordings) > 1 and not limits.with_others:
        refusals.append("Not everybody here lets their stems be mixed with other recordings.")
    elif len(recordings) > 1 and not bear_each_other(found):
        refusals.append("Not everybody here lets their stems be mixed with explicit words.")
    return Permission(_ground(recordings, found, limits), tuple(refusals))


def bear_each_other(found: Sequence[ClearableRecording]) -> bool:
    """Whether each may sound beside the words of every other."""
    return all(
        one.limits.with_explicit or not other.explicit
        for one in found
        for other in found
        if other is not one
    )


def _anew(mode: Mode, user: User, now: datetime) -> Permission:
    if not user.country:
        return Permission(Ground(limits=ANYTHING), (NO_COUNTRY,))
    if clearable(mode, user, now):
        return Permission(Ground(limits=ANYTHING), ())
    return Permission(
        Ground(), ("At this moment no recording may be used for this where you live.",)
    )


def _reasons(mode: Mode, recording_ids: set[UUID], user: User, now: datetime) -> tuple[str, ...]:
    if not recording_ids:
        return ()
    ready = Stem.objects.filter(recording__in=recording_ids, state=Stem.State.READY)
    stems = list(ready.order_by("recording", "position").values_list("pk", flat=True))
    if not stems:
        return ("No stem of this recording is ready.",)
    decision = preflight_use(
        use=use_of(mode),
        stems=stems,
        requester=("user", str(user.pk)),
        territory=user.country,
        channel=settings.OWN_CHANNEL,
        now=now,
    )
    return tuple(reason.sentence for reason in decision.reasons)


def _ground(
    recordings: Sequence[Recording], found: Sequence[ClearableRecording], limits: Limits
) -> Ground:
    """The first recording gives tempo, key and length; the limits are everybody's."""
    known = measured_recordings([recordings[0].pk]).get(recordings[0].pk)
    roles = {stem.role for one in found for stem in one.stems}
    return Ground(
        limits=limits,
        tempo_bpm=known.tempo_bpm if known else None,
        key=known.key if known else None,
        seconds=known.length_ms // 1000 if known else None,
        has_vocals="vocals" in roles,
    )
