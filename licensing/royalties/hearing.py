"""How long somebody heard something under one token, and what they had left for it.

Read from reports that were believed; it counts nothing and pays nothing. Invariant: a token of
which nothing was believed was not heard.
"""

from dataclasses import dataclass

from licensing.royalties.models import PlaybackToken
from licensing.royalties.operations import PlaybackRefused, read_token
from licensing.royalties.rules.plays import heard_ms

Listener = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard under one token; `ms` is the union of the spans. `is_cut`: no more of it could
    be heard, for want of a receipt. `reports`: how many were believed.
    """

    subject: tuple[str, str]
    listener: Listener
    ms: int
    duration_ms: int
    is_cut: bool
    reports: int


def listener_under(token_text: str) -> Listener | None:
    """Whom a token gave leave; None for one that is none of ours."""
    try:
        token = read_token(token_text)
    except PlaybackRefused:
        return None
    return (token.listener_kind, token.listener_ref)


def heard_under(token_text: str) -> Hearing:
    """What was heard under a token. Raises PlaybackRefused("unknown_token")."""
    return _hearing(read_token(token_text))


def left_for(token_text: str) -> Hearing | None:
    """What the same listener had leave for just before; None for nothing.

    Raises PlaybackRefused("unknown_token").
    """
    token = read_token(token_text)
    earlier = PlaybackToken.objects.filter(
        listener_kind=token.listener_kind,
        listener_ref=token.listener_ref,
        issued_at__lt=token.issued_at,
        expires_at__gt=token.issued_at,
    )
    before = earlier.order_by("-issued_at", "-pk").first()
    return _hearing(before) if before is not None else None


def _hearing(token: PlaybackToken) -> Hearing:
    believed = token.plays.filter(accepted=True).values_list("from_ms", "until_ms")
    spans = [(begin, end) for begin, end in believed]
    return Hearing(
        subject=(token.subject_kind, token.subject_ref),
        listener=(token.listener_kind, token.listener_ref),
        ms=heard_ms(spans),
        duration_ms=token.duration_ms,
        is_cut=token.is_preview,
        reports=len(spans),
    )
