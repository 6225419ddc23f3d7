"""A live session's record on the small catalog: opened with its first section, then grown."""

from datetime import timedelta

from licensing.attribution import live, operations
from licensing.clearance.operations import clear_use
from licensing.clearance.queries import use_asked
from tests.licensing import stage as on

LATER = on.NOON + timedelta(days=1)
LISTENER = ("user", "listener-1")
WINDOWS = on.digest_of("windows")


def cleared(stage, *, use="FOCUS", requester=LISTENER, stems=None, now=LATER):
    """A clearance of every stem of the stage, or of some."""
    return clear_use(
        use=use,
        stems=stems or stage.stems,
        requester=requester,
        territory="DE",
        channel="SITE",
        now=now,
    )


def opened(clearance, *stems, ref="s1"):
    return operations.open_record(
        subject=("session", ref),
        clearance_id=clearance.id,
        recipe_sha256=on.digest_of("section 0"),
        sources=[(one.id, one.audio_id) for one in stems],
        policy="k-weighted-shapley/1",
        now=LATER,
    )


def part(record, index, *stems, clearance=None, recipe=None, now=LATER, **more):
    like = clearance or record.clearance
    sources = more.pop("sources", [(one.id, one.audio_id) for one in stems])
    return live.open_part(
        subject=(record.subject_kind, record.subject_ref),
        index=index,
        wanted=use_asked(
            like.use,
            [stem for stem, _ in sources],
            (like.requester_kind, like.requester_ref),
            like.territory,
            like.channel,
        ),
        recipe_sha256=on.digest_of(recipe or f"section {index}"),
        sources=sources,
        policy="k-weighted-shapley/1",
        now=now,
        **more,
    )


def sealed(record, minute, *lines, **more):
    return live.seal_minute(
        record_id=record.id,
        minute=minute,
        lines=[(stem.id, ppm) for stem, ppm in lines],
        windows_sha256=more.pop("windows_sha256", WINDOWS),
        now=LATER,
        **more,
    )
