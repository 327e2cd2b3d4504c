"""A real browser on a live server."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from accounts.models import User
from agreements.seeding import publish_seed_agreement
from tests import sessions
from tests.browser.keyboard import read_page
from tests.factories import PASSWORD, make_staff

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
# Only a failure takes so long; a busy machine takes longer than the five seconds of Playwright.
expect.set_options(timeout=60_000)
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture(autouse=True)
def _clear_rate_limits():
    cache.clear()


@pytest.fixture(autouse=True)
def _act_after_load(monkeypatch):
    """Act on an element only after the scripts of its page ran: Playwright waits for the element alone."""
    for name in ("click", "fill", "press"):
        monkeypatch.setattr(Locator, name, _wait_for_load(getattr(Locator, name)))


def _wait_for_load(act: Callable[..., None]) -> Callable[..., None]:
    def act_after_load(locator: Locator, *args: object, **kwargs: object) -> None:
        locator.wait_for()
        locator.page.wait_for_load_state()
        act(locator, *args, **kwargs)

    return act_after_load


@pytest.fixture
def open_browser_page(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Open pages, each in a browser context of its own; any browser error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_browser(viewport=WIDE, **options) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on("console", lambda message: _record_error(message, page, errors))
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def act_as(transactional_db, open_browser_page, live_server) -> Callable[..., Page]:
    """Sign in a person on the page of the test, which the people of the test use in turn; it is opened for the first."""
    pages: list[Page] = []

    def act(user: User, **options) -> Page:
        pages.append(pages[0] if pages else open_browser_page(**options))
        sign_in_on(pages[0], user, live_server.url)
        return pages[0]

    return act


def sign_in_on(page: Page, user: User, address: str) -> None:
    """Give the browser of `page` a session of `user` at `address`."""
    cookie = sessions.sign_in(Client(), user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.clear_cookies()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


@pytest.fixture
def open_admin(transactional_db, open_browser_page) -> Callable[[str], Page]:
    """Open pages of the admin as a superuser of a program with an agreement."""
    at = timezone.now() - timedelta(days=400)
    publish_seed_agreement(effective_at=at, now=at, by=None)
    staff = make_staff(superuser=True)
    staff.set_password(PASSWORD)
    staff.save(update_fields=["password"])

    def open_page(address):
        page = open_browser_page()
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(staff.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/admin/**")
        page.goto(address)
        return page

    return open_page


def _record_error(message: ConsoleMessage, page: Page, errors: list[str]) -> None:
    # Chromium also logs the 4xx response of an invalid form as an error.
    if message.type == "error" and "Failed to load resource" not in message.text:
        errors.append(f"{page.url}: {message.text}")


def save_screenshots(page: Page, name: str) -> None:
    """Check that the page fits the window at both widths; with SCREENSHOTS=1 also save pictures under `artifacts`.

    A picture of a long page takes seconds.
    """
    before = page.viewport_size
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        assert_fits(page)
        if os.environ.get("SCREENSHOTS"):
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{name}-{viewport['width']}.png", full_page=True)
    if before:
        page.set_viewport_size(before)


def assert_fits(page: Page) -> None:
    """Check that nothing makes the page wider than the window."""
    width, window = read_page(page, "() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window, f"{page.url} is {width} wide in a window of {window}"
