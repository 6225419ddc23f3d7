"""A complete recording to ask for; sound and rights are not needed where only rows are tested."""

from datetime import UTC, datetime

import pytest

from licensing.catalog.models import Party, Recording, Work

LISTENER = ("user", "7")


@pytest.fixture
def now():
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def recording(db, now):
    party = Party.objects.create(name="Ada", created_at=now)
    work = Work.objects.create(title="Song", created_at=now)
    return Recording.objects.create(
        title="Song",
        party=party,
        work=work,
        state="COMPLETE",
        stems_complete_at=now,
        created_at=now,
    )


@pytest.fixture
def ask(recording, now):
    from generation.variations.operations import request_variation

    def _ask(**more):
        given = {
            "requester": LISTENER,
            "key": "k1",
            "mode": "remix",
            "targets": {},
            "recordings": [str(recording.id)],
            "seed": 1,
            "territory": "DE",
            "channel": "SITE",
            "now": now,
        }
        return request_variation(**(given | more))

    return _ask
