"""Somebody at the desk who may decide about money and rights, and how they look before they do."""

import re
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import Permission
from django.test import Client as Browser

from portal.accounts.models import User
from portal.accounts.second_factor import SecondFactorAdapter
from portal.backoffice.models import ProposedDeed

PASSWORD = "tape organ at low tide"


def may_decide(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename="decide_money"))
    return user


def may_decide_rights(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename="decide_rights"))
    return user


def decider(browser: Browser) -> Browser:
    """The browser, logged in as somebody of the staff who may."""
    user = User.objects.create_user("h@example.org", "a-long-word", is_staff=True)
    browser.force_login(may_decide(may_decide_rights(user)))
    return browser


def look_and_do(browser: Browser, page: str, form: dict[str, str] | None = None) -> tuple[str, Any]:
    """Fill a form in, see what it does, and do it; returns (what was shown, the answer)."""
    shown = browser.post(page, form or {}).content.decode()
    (seen,) = re.findall(r'name="seen" value="(\w+)"', shown)
    return shown, browser.post(page, {**(form or {}), "seen": seen})


class Desk:
    """A person at the desk: a browser and, where set up, an authenticator app."""

    def __init__(self, name: str, *, app: bool = True, decides: bool = True) -> None:
        self.user = User.objects.create_user(f"{name}@example.org", PASSWORD, is_staff=True)
        self.browser = Browser()
        if decides:
            may_decide(self.user)
        self.secret = generate_totp_secret()
        if app:
            data = {"secret": SecondFactorAdapter().encrypt(self.secret)}
            Authenticator.objects.create(user=self.user, type="totp", data=data)
        self.browser.force_login(self.user)

    def show_code(self, code: str = ""):
        """Type the code of this moment where it is asked for."""
        counters = list(yield_hotp_counters_from_time())
        counter = counters[len(counters) // 2]
        right = format_hotp_value(hotp_value(self.secret, counter))
        return self.browser.post("/account/2fa/reauthenticate/", {"code": code or right})

    def look_and_do(self, page: str, form: dict | None = None):
        """Fill a form in, see what it does, and do it; returns (what was shown, the answer)."""
        return look_and_do(self.browser, page, form)


def second_person(name: str = "second") -> Desk:
    """Somebody who may decide about money and rights and has just shown a second factor."""
    made = Desk(name)
    may_decide_rights(made.user)
    made.show_code()
    return made


def asked_for(form: dict[str, str]) -> dict[str, str]:
    """The form of a deed of two as a browser sends it: under its key, with a reason."""
    return {"deed_key": str(uuid4()), "deed_reason": "It is so.", **form}


def done_by_two(
    first: Browser, page: str, form: dict[str, str], *, second: Desk | None = None
) -> tuple[str, Any]:
    """One asks for a deed, another does it; returns (what the other was shown, the answer)."""
    _, asked = look_and_do(first, page, asked_for(form))
    assert asked.status_code == 302
    (row,) = ProposedDeed.objects.filter(state="OPEN")
    one = second or second_person(f"second-{row.pk}")
    return one.look_and_do(f"/admin/backoffice/proposeddeed/{row.pk}/do/")
