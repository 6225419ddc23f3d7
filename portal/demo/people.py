"""The demo's people: logins with generated passwords, parties, memberships.

Names are sample data. Invariant: running it again finds the same people and makes nobody twice.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress

from licensing.catalog.models import Party
from licensing.catalog.operations import create_party
from portal.accounts.models import Membership, Role, User
from portal.accounts.powers import PERMISSIONS, give_power, powers_of

ACTOR = ("system", "demo")


@dataclass(frozen=True, slots=True)
class Person:
    """A login of the demo, as `var/demo.json` lists it."""

    role: str
    name: str
    email: str
    password: str
    page: str


CAST = (
    ("artist", "Ines Maravel", "ines@stemma.example", "/artists/"),
    ("artist", "Oskar Tindhem", "oskar@stemma.example", "/artists/"),
    ("listener", "Lena Brandt", "lena@stemma.example", "/"),
    ("listener, unsubscribed", "Theo Aldring", "theo@stemma.example", "/listen/subscription/"),
    ("rights administrator", "Hanna Sandvoort", "hanna@stemma.example", "/admin/"),
    ("rights administrator", "Milo Arendt", "milo@stemma.example", "/admin/"),
)


def seed_people(known: dict[str, str], now: datetime) -> list[Person]:
    """Everybody in CAST; `known` maps e-mail to the password of an earlier run."""
    people = []
    for role, name, email, page in CAST:
        password = known.get(email) or f"{name.split()[0].lower()}-{secrets.token_hex(4)}"
        person = Person(role, name, email, password, page)
        _seed_login(person, now)
        people.append(person)
    return people


def _seed_login(person: Person, now: datetime) -> User:
    user = User.objects.filter(email=person.email).first()
    if user is None:
        user = User.objects.create_user(person.email, person.password)
    user.set_password(person.password)
    user.display_name, user.country = person.name, "DE"
    user.is_staff = person.role == "rights administrator"
    user.confirmed_16_at, user.confirmed_16_method = now, "demo"
    user.save()
    if user.is_staff:
        for power in set(PERMISSIONS) - set(powers_of(user)):
            give_power(
                email=user.email, power=power, because="It is the demo.", actor="demo", now=now
            )
    EmailAddress.objects.update_or_create(
        user=user, email=person.email, defaults={"verified": True, "primary": True}
    )
    return user


def seed_party(name: str, email: str, now: datetime) -> Party:
    """The party of that name, administered by the login of that address."""
    user = User.objects.get(email=email)
    membership = Membership.objects.filter(user=user, party__name=name).first()
    if membership is not None:
        return membership.party
    party = create_party(name=name, actor=("user", str(user.id)), now=now)
    Membership.objects.create(user=user, party=party, role=Role.ADMIN, created_at=now)
    return party


def login_ref(email: str) -> str:
    """How the books name the login of that address."""
    return str(User.objects.get(email=email).id)
