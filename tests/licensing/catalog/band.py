"""Ana, Ben and Cleo, a recording of Ana's with one stem, and sheets proposed and signed."""

from datetime import UTC, datetime, timedelta

from licensing.catalog import operations
from licensing.catalog.models import SplitSheet
from licensing.catalog.rules import ShareAsked
from licensing.given import Given

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ACTOR = ("user", "7")
WHOLE = 1_000_000


def gather():
    parties = [
        operations.create_party(name=name, actor=ACTOR, now=NOON) for name in ("Ana", "Ben", "Cleo")
    ]
    recording = operations.create_recording(
        party_id=parties[0].id, title="Tide", actor=ACTOR, now=NOON
    )
    stem = operations.add_stem(
        recording_id=recording.id, party_id=parties[0].id, label="Drums", actor=ACTOR, now=NOON
    )
    return (*parties, recording, stem)


def propose(shares, at=NOON, *, right="MASTER", starts=None, **on):
    return operations.propose_sheet(
        right=right,
        shares=[ShareAsked(party.id, ppm) for party, ppm in shares.items()],
        actor=ACTOR,
        now=at,
        effective_from=starts,
        **on,
    )


def sign(sheet, *parties, at=NOON):
    for party in parties:
        operations.sign_sheet(
            sheet_id=sheet.id, party_id=party.id, user_ref="7",
            given=Given("password", locale="en"), text_sha256=sheet.text_sha256, now=at,
        )  # fmt: skip
    return SplitSheet.objects.get(pk=sheet.pk)
