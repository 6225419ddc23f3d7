"""Looking at the listener's pages in a real browser: logged in, photographed, measured."""

import os

from django.test import Client

SHOTS = os.environ.get("STEMMA_SHOTS", "")


def log_in(tab, site: str, user) -> None:
    """Log in with a session made here; the form of the log-in page is other rooms' business."""
    client = Client()
    client.force_login(user)
    value = client.cookies["sessionid"].value
    tab.context.add_cookies([{"name": "sessionid", "value": value, "url": site}])


def shoot(tab, name: str) -> None:
    """Pictures of the page for whoever looks, when STEMMA_SHOTS names a folder."""
    if not SHOTS:
        return
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.emulate_media(color_scheme=scheme)
            tab.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
    tab.emulate_media(color_scheme="light")


def fits(tab) -> bool:
    """No sideways scroll of the page at 390 px."""
    tab.set_viewport_size({"width": 390, "height": 900})
    return tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
