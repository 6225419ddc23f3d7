"""A real browser for the tests that want one: Debian's Chromium through Playwright.

A pytest plugin (named in pyproject.toml), so that every room's tests find the same fixtures. Where
there is no Chromium the tests skip and say so.
"""

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def until(page, condition: str, turns: int = 800) -> None:
    """Wait in the page; Playwright's own waiting evaluates text, which the policy forbids."""
    page.evaluate(
        f"(async () => {{ for (let turn = 0; turn < {turns}; turn += 1) {{"
        f" if ({condition}) return; await new Promise((go) => setTimeout(go, 10)); }}"
        f" throw new Error({json.dumps('never: ' + condition)}); }})()"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """One per module: while Playwright runs, this thread has an event loop, which Django minds."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    from django.db import connections
    from playwright.sync_api import sync_playwright

    # With a loop this thread has connections of its own: those from before would stand open while
    # databases go and come, and be dead when the loop is gone.
    connections.close_all()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def rows_beside_a_browser() -> Iterator[None]:
    """Playwright keeps an event loop in this thread; no coroutine of ours touches the rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def new_tab(browser) -> Iterator[Callable[[], object]]:
    """Makes pages, each in a session of its own; an uncaught error in any fails the test."""
    contexts, faults = [], []

    def make() -> object:
        contexts.append(browser.new_context(accept_downloads=True))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def tab(new_tab) -> object:
    """A page whose uncaught errors fail the test."""
    return new_tab()
