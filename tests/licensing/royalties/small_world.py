"""A small catalog to account for: parties, recordings with signed sheets, sealed records, plays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from licensing.attribution.live import seal_minute
from licensing.attribution.models import AttributionLine, LicenceRecord, LicenceSource
from licensing.catalog.asking import ended_sheets
from licensing.catalog.models import Party, Recording, Share, Signature, SplitSheet, Stem, Work
from licensing.clearance.models import Clearance
from licensing.given import Given
from licensing.receipts.operations import record_receipt
from licensing.receipts.rules import tax_inside
from licensing.royalties import operations
from licensing.royalties.models import PlaybackToken, Usage

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
AFTER_OCTOBER = datetime(2026, 11, 6, tzinfo=UTC)
AFTER_NOVEMBER = datetime(2026, 12, 6, tzinfo=UTC)
SPACE = UUID("6f1d3f5e-8a4b-4c1e-9a53-0d6f2b7c9e10")
DIGEST = "0" * 64
PIECE_MS = 180_000


def ref(name):
    """A stable id, so that ties fall the same way in every run."""
    return uuid5(SPACE, name)


def party(name):
    return Party.objects.get_or_create(
        pk=ref(name), defaults={"name": name, "created_at": LONG_AGO}
    )[0]


def sheet(right, shares, *, since=LONG_AGO, version=1, by="SOCIETY", **on):
    """A sheet signed by its parties and by those of what it ends; `shares` maps a name to ppm or to
    (ppm, society) or (ppm, society, territories); `by`: what kind of administrator that is."""
    drawn = SplitSheet.objects.create(
        right=right,
        version=version,
        text="",
        text_sha256=DIGEST,
        proposed_by="test",
        proposed_at=since,
        **on,
    )
    for name, share in shares.items():
        ppm, society, *places = share if isinstance(share, tuple) else (share, "")
        Share.objects.create(
            sheet=drawn,
            party=party(name),
            share_ppm=ppm,
            administered_by=by if society else "SELF",
            administrator=society,
            administrator_territories=sorted(places[0]) if places else [],
        )
    ended = Share.objects.filter(sheet__in=ended_sheets(right, on, since))
    asked = {party(name).pk for name in shares} | set(ended.values_list("party_id", flat=True))
    for party_id in sorted(asked):
        Signature.objects.create(
            sheet=drawn,
            party_id=party_id,
            user_ref="test",
            text_sha256=DIGEST,
            signed_at=since,
            **Given("test", locale="en").fields(),
        )
    drawn.state, drawn.effective_from, drawn.signed_at = "SIGNED", since, since
    drawn.save()
    return drawn


def recording(title, *, master, publishing, stems=1, since=LONG_AGO):
    """A recording of its own work with signed sheets; returns its stems."""
    owner = party(next(iter(master)))
    work = Work.objects.create(pk=ref(f"work {title}"), title=title, created_at=LONG_AGO)
    made = Recording.objects.create(
        pk=ref(title), title=title, party=owner, work=work, created_at=LONG_AGO
    )
    sheet("MASTER", master, recording=made, since=since)
    if publishing:
        sheet("PUBLISHING", publishing, work=work, since=since)
    return [
        Stem.objects.create(
            pk=ref(f"{title} {n}"),
            recording=made,
            party=owner,
            label=f"stem {n}",
            position=n,
            created_at=LONG_AGO,
        )
        for n in range(stems)
    ]


def session(name, stems, minutes=(), *, use="FOCUS", territory="DE"):
    """An open record of a live session on these stems; `minutes`: [(stem, ppm)] of each sealed."""
    sources = [(stem, 0) for stem in stems]
    made = record(name, sources, use=use, sealed=False, kind="session", territory=territory)
    for minute, lines in enumerate(minutes):
        seal(made, minute, lines)
    return made


def seal(session, minute, lines):
    """Seal one minute with these lines: [(stem, ppm)]; [] for silence."""
    return seal_minute(
        record_id=session.pk,
        minute=minute,
        lines=[(stem.pk, ppm) for stem, ppm in lines],
        windows_sha256=DIGEST,
        now=LONG_AGO,
    )


def record(name, lines, *, use="REMIX", sealed=True, kind="variation", territory="DE"):
    """A licence record whose sources have these ppm: [(stem, ppm)]."""
    clearance = Clearance.objects.create(
        use=use,
        requester_kind="user",
        requester_ref="test",
        territory=territory,
        channel="site",
        stems=[],
        at=LONG_AGO,
        allowed=True,
        reasons=[],
        limits={},
        terms={},
        terms_sha256=DIGEST,
    )
    made = LicenceRecord.objects.create(
        pk=ref(name),
        subject_kind=kind,
        subject_ref=str(ref(f"subject {name}")),
        clearance=clearance,
        use=use,
        recipe_sha256=DIGEST,
        terms_sha256=DIGEST,
        policy="test/1",
        opened_at=LONG_AGO,
    )
    for position, (stem, ppm) in enumerate(lines):
        LicenceSource.objects.create(record=made, stem=stem, digest=DIGEST, position=position)
        if sealed:
            AttributionLine.objects.create(record=made, stem=stem, ppm=ppm)
    if sealed:
        made.state, made.sealed_at, made.windows_sha256 = "SEALED", LONG_AGO, DIGEST
        made.save()
    return made


def pay(listener, *, amount=9_990_000, month=OCTOBER, until=None, currency="EUR", **more):
    """A month's subscription with German VAT inside."""
    until = until or (month + timedelta(days=31)).replace(day=1)
    return record_receipt(
        key=f"{listener} {month:%Y-%m} {currency} {amount}",
        kind=more.pop("kind", "SUBSCRIPTION"),
        payer=("user", listener),
        amount_micros=amount,
        currency=currency,
        covers_from=month,
        covers_until=until,
        tax_micros=more.pop("tax", tax_inside(amount, 190_000)),
        now=month,
        **more,
    )


def play(listener, piece, times=1, *, since=OCTOBER, received_at=None, **more):
    """Play the first half minute of a piece, an hour apart; returns the results."""
    results = []
    for n in range(times):
        at = since + timedelta(hours=n)
        token, text = operations.issue_token(
            record_id=piece.pk,
            listener=("user", listener),
            client_key="test",
            duration_ms=PIECE_MS,
            now=at,
            **more,
        )
        operations.note_fetched(text, 30_000)
        heard = at + timedelta(seconds=30)
        results.append(
            operations.report_play(
                token_text=text,
                client_id=f"c{token.pk}",
                from_ms=0,
                until_ms=30_000,
                now=received_at or heard,
                played_at=heard,
            )
        )
    return results


def heard(listener, piece, times=1, *, since=OCTOBER, state="COUNTED", minutes=None, rate=None):
    """Usages as `play` would leave them, many at once and without asking anything.

    `minutes`: which minutes of a live session were started, one usage each under one token.
    `rate`: at which price each was billed, once that was paid.
    """
    moments = [since + timedelta(minutes=10 * n) for n in range(times)]
    who = {"payer_kind": "user", "payer_ref": listener}
    who |= {"listener_kind": "user", "listener_ref": listener}
    tokens = PlaybackToken.objects.bulk_create(
        PlaybackToken(
            record=piece,
            subject_kind=piece.subject_kind,
            subject_ref=piece.subject_ref,
            client_key="test",
            duration_ms=PIECE_MS,
            fetched_ms=30_000,
            issued_at=at,
            expires_at=at + timedelta(days=1),
            **who,
        )
        for at in moments
    )
    started = [(token, None) for token in tokens]
    if minutes is not None:
        started = [(tokens[0], minute) for minute in minutes]
    Usage.objects.bulk_create(
        Usage(
            token=token,
            minute=minute,
            record=piece,
            state=state,
            heard_ms=30_000 if minute is None else 60_000,
            played_at=token.issued_at + timedelta(minutes=minute or 0),
            received_at=token.issued_at + timedelta(minutes=minute or 0),
            accrual_month=since.date().replace(day=1),
            rate_micros=rate,
            **who,
        )
        for token, minute in started
    )
