"""Who may see or do what. Every page and endpoint of the faces asks here first.

It refuses to say why not: what is missing and what is forbidden answer the same 404. Invariant: no
function returns a row that the user's memberships do not reach.
"""

from typing import Literal, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from licensing.catalog.models import Party, Recording, SplitSheet, Stem
from portal.accounts.models import Role, User

May = Literal["see", "sign", "edit"]
Row = TypeVar("Row")
_ROLES: dict[May, tuple[Role, ...]] = {
    "see": (Role.VIEW, Role.SIGN, Role.ADMIN),
    "sign": (Role.SIGN, Role.ADMIN),
    "edit": (Role.ADMIN,),
}


def user_of(request: HttpRequest) -> User:
    """The user behind a request that has passed `login_required`."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def parties_of(user: User | AnonymousUser, may: May = "see") -> QuerySet[Party]:
    """The parties for which `user` may see, sign or edit, by name."""
    if not isinstance(user, User):
        return Party.objects.none()
    mine = Q(memberships__user=user, memberships__role__in=_ROLES[may])
    return Party.objects.filter(mine).order_by("name", "id")


def _found(row: Row | None) -> Row:
    if row is None:
        raise Http404
    return row


def get_party_for(user: User | AnonymousUser, party_id: UUID, may: May = "see") -> Party:
    """The party, or 404 when it is missing or `user` may not do this for it."""
    return _found(parties_of(user, may).filter(pk=party_id).first())


def recordings_of(user: User | AnonymousUser) -> QuerySet[Recording]:
    """The recordings whose pages the user's parties keep, newest first."""
    rows = Recording.objects.filter(party__in=parties_of(user)).exclude(state="HIDDEN")
    return rows.select_related("party", "work").order_by("-created_at", "id")


def holdings_of(user: User | AnonymousUser, may: May = "see") -> QuerySet[Recording]:
    """The recordings in which one of the user's parties has a share, whoever keeps the page."""
    sheets = Q(shares__party__in=parties_of(user, may)) & ~Q(state__in=["REPLACED", "DECLINED"])
    held = SplitSheet.objects.filter(sheets)
    where = Q(sheets__in=held) | Q(stems__sheets__in=held) | Q(work__sheets__in=held)
    found = Recording.objects.filter(where).exclude(state="HIDDEN").values("pk")
    return Recording.objects.filter(pk__in=found).select_related("party", "work")


def get_recording_for(
    user: User | AnonymousUser, recording_id: UUID, may: May = "see"
) -> Recording:
    """The recording, or 404. A share is enough to see or sign; to edit, one keeps the page."""
    reach = Q(party__in=parties_of(user, may))
    if may != "edit":
        reach |= Q(pk__in=holdings_of(user, may).values("pk"))
    rows = Recording.objects.filter(reach, pk=recording_id).exclude(state="HIDDEN")
    return _found(rows.select_related("party", "work").first())


def get_stem_for(user: User | AnonymousUser, stem_id: UUID, may: May = "see") -> Stem:
    """The stem, or 404: only members of the party that brought it reach it."""
    rows = Stem.objects.filter(pk=stem_id, party__in=parties_of(user, may))
    rows = rows.exclude(state="DELETED").exclude(recording__state="HIDDEN")
    return _found(rows.select_related("recording", "party", "audio").first())


def sheets_for(user: User | AnonymousUser, may: May = "see") -> QuerySet[SplitSheet]:
    """The sheets that ask one of the user's parties, or stand on a page that they keep."""
    mine = parties_of(user, may)
    reach = (
        Q(shares__party__in=mine)
        | Q(ended_versions__ended__shares__party__in=mine)
        | Q(recording__party__in=mine)
        | Q(stem__party__in=mine)
        | Q(work__recordings__party__in=mine)
    )
    return SplitSheet.objects.filter(pk__in=SplitSheet.objects.filter(reach).values("pk"))


def get_sheet_for(user: User | AnonymousUser, sheet_id: UUID, may: May = "see") -> SplitSheet:
    """The sheet, or 404 when it is missing or asks nobody the user may act for."""
    rows = sheets_for(user, may).select_related("recording", "stem__recording", "work")
    return _found(rows.filter(pk=sheet_id).first())
