"""From leave to play to a usage: tokens, what was fetched, what a player reports, live minutes.

A token is a row; its text is the row's id signed by us, so nobody can make one up. Closing a month
is in `closing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import connection, transaction
from django.db.models import F, Max, Sum
from django.db.models.functions import Greatest, Least

from licensing.attribution.models import LicenceRecord
from licensing.attribution.rules import SESSION
from licensing.catalog.queries import StemSheets, sheets_of
from licensing.ledger.months import share_open_month
from licensing.receipts.queries import agreement_at, has_pool, is_funded
from licensing.royalties.models import Play, PlaybackToken, Usage
from licensing.royalties.rules import plays as rules

_SIGNER = Signer(salt="licensing.royalties.playback")
_PREVIEW_USE = "PREVIEW"
# A partner that names no customer plays for many people at once.
_MANY = "client"


class PlaybackRefused(Exception):
    """A token that is none of ours, or more than it allows; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PlayResult:
    """Whether a report was believed; `reason` is a code when not. `usage` is the state of the
    token's usage once there is one, else "".
    """

    accepted: bool
    reason: str
    usage: str


def issue_token(
    *,
    record_id: UUID,
    listener: tuple[str, str],
    client_key: str,
    duration_ms: int,
    now: datetime,
    payer: tuple[str, str] | None = None,
    listener_parties: Sequence[UUID | str] = (),
) -> tuple[PlaybackToken, str]:
    """Give leave to play one subject once: (row, signed text for the player).

    `payer` is whose receipts pay (default: the listener; a partner's customer is paid by the
    partner). `listener_parties`: parties the listener is a member of; their plays of their own
    sources accrue nothing. Without a covering receipt the row says `is_preview`: 30 s are allowed.
    The caller has asked `may_serve` before.
    """
    record = LicenceRecord.objects.get(pk=record_id)
    payer = payer or listener
    covered = is_funded(payer, now) or record.use == _PREVIEW_USE
    token = PlaybackToken.objects.create(
        record=record,
        subject_kind=record.subject_kind,
        subject_ref=record.subject_ref,
        listener_kind=listener[0],
        listener_ref=str(listener[1]),
        listener_parties=sorted(str(party) for party in listener_parties),
        payer_kind=payer[0],
        payer_ref=str(payer[1]),
        client_key=client_key,
        duration_ms=duration_ms,
        is_preview=not covered,
        issued_at=now,
        expires_at=now + timedelta(milliseconds=duration_ms) + rules.TOKEN_LASTS,
    )
    return token, _SIGNER.sign(str(token.pk))


def read_token(token_text: str) -> PlaybackToken:
    """The row behind a token's text. Raises PlaybackRefused("unknown_token")."""
    try:
        return PlaybackToken.objects.get(pk=_signed_id(token_text))
    except PlaybackToken.DoesNotExist as error:
        raise PlaybackRefused("unknown_token") from error


def note_fetched(token_text: str, until_ms: int) -> None:
    """Remember that sound up to this position was handed out under the token; call it before.

    Raises PlaybackRefused: unknown_token, or preview_limit beyond 30 s without a receipt.
    """
    pk = _token_id(token_text)
    rows = PlaybackToken.objects.filter(pk=pk)
    if until_ms > rules.PREVIEW_MS:
        rows = rows.filter(is_preview=False)
    reached = Least(F("duration_ms"), max(0, until_ms))
    if not rows.update(fetched_ms=Greatest(F("fetched_ms"), reached)):
        raise PlaybackRefused("preview_limit")


@transaction.atomic
def report_play(
    *,
    token_text: str,
    client_id: str,
    from_ms: int,
    until_ms: int,
    now: datetime,
    played_at: datetime | None = None,
) -> PlayResult:
    """Take a client's word for a span of sound, as far as it can be true.

    `client_id` names the report within its token; the same one again gives the same answer. When
    30 s of the piece (or half of a shorter one) were heard, the token's one usage is recorded.
    `played_at` is for reports that come late; it lies between issue and now. An unknown token is
    answered with reason "unknown_token", not raised, because reports come in bulk; one of a live
    session with "live": its minutes count by what is handed out.
    """
    try:
        token = PlaybackToken.objects.select_for_update().get(pk=_token_id(token_text))
    except PlaybackRefused as refused:
        return PlayResult(accepted=False, reason=refused.code, usage="")
    if token.subject_kind == SESSION:
        return PlayResult(accepted=False, reason="live", usage="")
    _hold_listener(token)
    told = Play.objects.filter(token=token, client_id=client_id).first()
    if told is None:
        told = _take(token, client_id, (from_ms, until_ms), played_at or now, now)
    usage = Usage.objects.filter(token=token).first()
    return PlayResult(told.accepted, told.reason, usage.state if usage else "")


def start_minute(*, token_text: str, minute: int, now: datetime) -> Usage:
    """Count a minute of a live session, from 0, when its first sound is handed out.

    The same minute again, under whatever token of the session, is the same usage, at the price of
    one SELECT. Raises PlaybackRefused:
    unknown_token; not_live for another subject; expired, also for a minute beyond the token's
    length; no_pool when no receipt covers now, unless it is an artist's preview.
    """
    pk = _signed_id(token_text)
    started = Usage.objects.filter(record__tokens=pk, minute=minute).first()
    return started or _start(pk, minute, now)


@transaction.atomic
def _start(pk: UUID, minute: int, now: datetime) -> Usage:
    token = PlaybackToken.objects.select_for_update(of=("self", "record")).select_related("record")
    held = token.filter(pk=pk).first()
    if held is None:
        raise PlaybackRefused("unknown_token")
    started = Usage.objects.filter(record=held.record, minute=minute).first()
    if started is not None:
        return started
    leave = rules.Leave(held.duration_ms, held.fetched_ms, held.issued_at, held.expires_at)
    if held.subject_kind != SESSION:
        raise PlaybackRefused("not_live")
    if not rules.may_start(minute, leave, now):
        raise PlaybackRefused("expired")
    funding = _funding(held, now)
    if held.record.use != _PREVIEW_USE and funding == Usage.State.UNFUNDED:
        raise PlaybackRefused("no_pool")
    return _record_usage(held, rules.MINUTE_MS, now, now, minute, funding)


def _signed_id(token_text: str) -> UUID:
    try:
        return UUID(_SIGNER.unsign(token_text))
    except (BadSignature, ValueError) as error:
        raise PlaybackRefused("unknown_token") from error


def _token_id(token_text: str) -> UUID:
    pk = _signed_id(token_text)
    if not PlaybackToken.objects.filter(pk=pk).exists():
        raise PlaybackRefused("unknown_token")
    return pk


def _hold_listener(token: PlaybackToken) -> None:
    """One report of a listener at a time: they are weighed against each other."""
    name = f"listener {token.listener_kind}:{token.listener_ref}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _elsewhere_ms(token: PlaybackToken, played_at: datetime) -> int:
    """What the same person said to hear under other tokens since this one was issued."""
    if token.listener_kind == _MANY:
        return 0
    others = Play.objects.filter(
        token__listener_kind=token.listener_kind,
        token__listener_ref=token.listener_ref,
        token__expires_at__gt=token.issued_at,
        accepted=True,
        received_at__gt=token.issued_at,
        received_at__lte=played_at,
    ).exclude(token=token)
    told = (
        others.order_by()
        .values("token")
        .annotate(ms=Sum(F("until_ms") - F("from_ms")), last=Max("received_at"))
    )
    return rules.heard_since(token.issued_at, [(int(row["ms"]), row["last"]) for row in told])


def _take(
    token: PlaybackToken, client_id: str, span: tuple[int, int], played_at: datetime, now: datetime
) -> Play:
    believed = token.plays.filter(accepted=True).values_list("from_ms", "until_ms")
    earlier = [(begin, end) for begin, end in believed]
    leave = rules.Leave(token.duration_ms, token.fetched_ms, token.issued_at, token.expires_at)
    elsewhere_ms = _elsewhere_ms(token, played_at)
    reason = rules.refusal_of(span, earlier, leave, played_at, elsewhere_ms)
    if not reason and played_at > now:
        reason = "from_the_future"
    play = Play.objects.create(
        token=token,
        client_id=client_id,
        from_ms=span[0],
        until_ms=span[1],
        received_at=now,
        accepted=not reason,
        reason=reason,
    )
    heard = rules.heard_ms([*earlier, span])
    known = Usage.objects.filter(token=token).exists()
    if play.accepted and not known and rules.is_counted(heard, token.duration_ms):
        _record_usage(token, heard, played_at, now)
    return play


def _record_usage(
    token: PlaybackToken,
    heard: int,
    played_at: datetime,
    now: datetime,
    minute: int | None = None,
    funding: str | None = None,
) -> Usage:
    """`funding`: what `_funding` said of that moment, where it was asked already."""
    month = share_open_month(rules.own_month(played_at))
    return Usage.objects.create(
        token=token,
        minute=minute,
        record_id=token.record_id,
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        payer_kind=token.payer_kind,
        payer_ref=token.payer_ref,
        state=_state(token, played_at, now, funding),
        heard_ms=heard,
        repeat_score=_repeats(token, played_at) if minute is None else 0,
        played_at=played_at,
        received_at=now,
        accrual_month=month,
    )


def _state(token: PlaybackToken, played_at: datetime, now: datetime, funding: str | None) -> str:
    if not rules.is_matched(played_at, now):
        return Usage.State.UNMATCHED
    return state_by_rules(token, played_at, funding)


def state_by_rules(token: PlaybackToken, played_at: datetime, funding: str | None = None) -> str:
    """What a play under this token is by what is known of it, however late it came."""
    if token.record.use == _PREVIEW_USE:
        return Usage.State.PREVIEW
    if _is_own(token, played_at):
        return Usage.State.SELF
    return _funding(token, played_at) if funding is None else funding


def _funding(token: PlaybackToken, at: datetime) -> str:
    """METERED, COUNTED or UNFUNDED: by what the payer's use at a moment is paid."""
    payer = (token.payer_kind, token.payer_ref)
    if agreement_at(payer, at) is not None:
        return Usage.State.METERED
    return Usage.State.COUNTED if has_pool(payer, at) else Usage.State.UNFUNDED


def _is_own(token: PlaybackToken, at: datetime) -> bool:
    """Whether the listener is a member of a party on a sheet of one of the sources."""
    if not token.listener_parties:
        return False
    stems = list(token.record.sources.values_list("stem_id", flat=True))
    holders = {party for sheets in sheets_of(stems, at).values() for party in _holders(sheets)}
    return not holders.isdisjoint(token.listener_parties)


def _holders(sheets: StemSheets) -> set[str]:
    effective = [sheet for sheet in (sheets.master, sheets.publishing) if sheet]
    return {str(share.party_id) for sheet in effective for share in sheet.shares}


def _repeats(token: PlaybackToken, played_at: datetime) -> int:
    """How often this listener played the same subject in the day before."""
    return Usage.objects.filter(
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        record_id=token.record_id,
        played_at__gt=played_at - rules.REPEAT_WINDOW,
        played_at__lte=played_at,
    ).count()
