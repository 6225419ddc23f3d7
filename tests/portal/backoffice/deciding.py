"""Somebody at the desk who may decide about money and rights, and how they look before they do."""

import re
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client as Browser

from portal.accounts.models import User


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
