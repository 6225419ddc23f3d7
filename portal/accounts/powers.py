"""Who may decide at the desk: given, taken and looked through, each a fact.

It knows logins and permissions, none of what is decided. Invariant: `strangers_to_the_record` names
every login that holds a power which no fact gave it, so whoever gives one past these functions is
seen the next night.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.db import transaction

from licensing.audit.models import Fact
from licensing.audit.operations import record_fact
from licensing.four_eyes import SECOND_FACTORS
from portal.accounts.models import User

GIVE, TAKE = "give_power", "take_power"
DESK, EVERYTHING = "desk", "everything"
PERMISSIONS = {
    "money": "corrections.decide_money",
    "rights": "catalog.decide_rights",
    "nets": "serving.route_nets",
}
POWERS = (DESK, *PERMISSIONS, EVERYTHING)
"""To look at the desk, to decide about one thing, and all of it (a superuser)."""


class PowerRefused(Exception):
    """What cannot be given or taken; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A login with its powers, its second factors, and when it last came."""

    email: str
    is_active: bool
    powers: tuple[str, ...]
    second_factors: tuple[str, ...]
    last_login: datetime | None


@transaction.atomic
def give_power(*, email: str, power: str, because: str, actor: str, now: datetime) -> User:
    """Let a login do something at the desk; given again, the record says so again.

    Raises PowerRefused for an unknown login or power, or without a reason.
    """
    user = _login(email, power, because)
    if power == EVERYTHING:
        user.is_superuser = user.is_staff = True
    else:
        user.is_staff = True
    user.save(update_fields=["is_staff", "is_superuser"])
    if power in PERMISSIONS:
        user.user_permissions.add(_permission(power))
    _tell(GIVE, user, power, because, actor, now)
    return user


@transaction.atomic
def take_power(*, email: str, power: str, because: str, actor: str, now: datetime) -> User:
    """Let a login do it no more; without the desk it may do nothing there. Raises PowerRefused."""
    user = _login(email, power, because)
    if power == EVERYTHING:
        user.is_superuser = False
    elif power == DESK:
        user.is_staff = user.is_superuser = False
        user.user_permissions.remove(*map(_permission, PERMISSIONS))
    else:
        user.user_permissions.remove(_permission(power))
    user.save(update_fields=["is_staff", "is_superuser"])
    _tell(TAKE, user, power, because, actor, now)
    return user


def list_holders() -> list[Holder]:
    """Every login with a power, by address; for the people who look through them."""
    return [
        Holder(
            user.email,
            user.is_active,
            powers_of(user),
            tuple(
                Authenticator.objects.filter(user=user, type__in=sorted(SECOND_FACTORS))
                .order_by("type")
                .values_list("type", flat=True)
                .distinct()
            ),
            user.last_login,
        )
        for user in _with_power()
    ]


def strangers_to_the_record() -> list[tuple[str, str]]:
    """(address, power) wherever the newest fact does not say that it was given."""
    return [
        (user.email, power)
        for user in _with_power()
        for given in [_given_to(user)]
        for power in powers_of(user)
        if power not in given
    ]


def powers_of(user: User) -> tuple[str, ...]:
    """What a login holds itself; a superuser's other powers follow from that one."""
    own = {name: flag for name, flag in ((DESK, user.is_staff), (EVERYTHING, user.is_superuser))}
    held = set(user.user_permissions.values_list("content_type__app_label", "codename"))
    own |= {name: tuple(text.split(".")) in held for name, text in PERMISSIONS.items()}
    return tuple(name for name in POWERS if own[name])


def _with_power() -> list[User]:
    given = [_permission(power).pk for power in PERMISSIONS]
    rows = User.objects.filter(is_staff=True) | User.objects.filter(is_superuser=True)
    rows |= User.objects.filter(user_permissions__in=given)
    return list(rows.distinct().order_by("email"))


def _given_to(user: User) -> set[str]:
    """Powers that the facts say it holds. Each of them brings the desk with it."""
    facts = Fact.objects.filter(
        object_kind="user", object_ref=str(user.pk), verb__in=[GIVE, TAKE]
    ).order_by("transaction", "sequence")
    held: set[str] = set()
    for fact in facts:
        power = (fact.after or {}).get("power", "")
        if fact.verb == GIVE:
            held |= {power, DESK}
        else:
            held = set() if power == DESK else held - {power}
    return held


def _login(email: str, power: str, because: str) -> User:
    if power not in POWERS:
        raise PowerRefused(f"{power} is none of {', '.join(POWERS)}.")
    if not because.strip():
        raise PowerRefused("Say why: it goes into the record.")
    user = User.objects.select_for_update().filter(email__iexact=email.strip()).first()
    if user is None:
        raise PowerRefused(f"Nobody here has the address {email}.")
    return user


def _permission(power: str) -> Permission:
    label, codename = PERMISSIONS[power].split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def _tell(verb: str, user: User, power: str, because: str, actor: str, now: datetime) -> None:
    record_fact(
        actor=("system", actor),
        verb=verb,
        object_kind="user",
        object_ref=user.pk,
        after={"power": power, "reason": because.strip()[:300]},
        at=now,
    )
