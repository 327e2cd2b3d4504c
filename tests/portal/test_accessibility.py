"""axe finds nothing on any page, and no page is wider than the screen (specification 10).

Each page is checked at one width and color scheme, in turn; with ACCESSIBILITY=all at each of them.
"""

import os
import re
from collections.abc import Iterator
from itertools import cycle, product
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Route

from tests.portal.matrix_requests import Address, RequestHandler, build_path, list_addresses, send_request
from tests.portal.matrix_table import SITE

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ORIGIN = "http://testserver"
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.\w+$)")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
LOOKS = [(width, scheme) for scheme, width in product(("light", "dark"), (1280, 390))]
ALL = os.environ.get("ACCESSIBILITY") == "all"
NARROWEST = 320
FIND_WIDE = """[...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => one.outerHTML.slice(0, 80)).slice(-2)"""


class Pages:
    """Shows the pages of the scenario in a browser, each as one of its people, without a server."""

    def __init__(self, page: Page, scenario: Any, sessions: dict[str, str]) -> None:
        self.page, self.scenario, self.sessions = page, scenario, sessions
        self.handler, self.axe, self.path, self.body = RequestHandler(), Axe(), "", b""
        self.problems: list[str] = []
        self.checked = 0
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith("/static/"):
            path = finders.find(HASH.sub("", url.path.removeprefix("/static/")))
            route.fulfill(path=path) if path else route.fulfill(status=404)
            return
        target = f"{url.path}?{url.query}" if url.query else url.path
        if target != self.path:
            route.fulfill(status=404)
        else:
            route.fulfill(headers={"Content-Type": "text/html; charset=utf-8"}, body=self.body)

    def check(self, role: str, path: str, looks: list[tuple[int, str]]) -> None:
        """Open a page as `role` and check each look of it."""
        response, body = send_request(self.handler, self.sessions[role], "GET", path)
        if response.status_code != 200 or not body.lstrip().startswith(b"<!DOCTYPE html>"):
            return
        self.path, self.body = path, body
        self.page.goto(ORIGIN + path)
        for width, scheme in looks:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of two
            self.page.set_viewport_size({"width": width, "height": 900})
            self.checked += 1
            for violation in self.axe.run(self.page, options=OPTIONS).response["violations"]:
                nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
                self.problems.append(f"{path} by {role}, {width} {scheme}: {violation['id']}: {nodes}")
        self.page.set_viewport_size({"width": NARROWEST, "height": 900})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > NARROWEST:
            self.problems.append(f"{path} by {role} is {wide} wide at {NARROWEST}: {self.page.evaluate(FIND_WIDE)}")


@pytest.fixture
def pages(matrix_program, browser, settings) -> Iterator[Pages]:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    scenario, sessions = matrix_program
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield Pages(page, scenario, sessions)
    context.close()


def list_site_pages() -> Iterator[tuple[Address, str]]:
    """Yield each page of visitors and affiliates with a role that sees it."""
    for address in list_addresses():
        read = SITE.get(address.name, ({},))[0]
        yield from ((address, role) for role in ("visitor", "owner") if read.get(role) == "200")


def list_admin_pages() -> Iterator[tuple[Address, str]]:
    yield from ((address, "superuser") for address in list_addresses() if address.route.startswith("admin/"))


@pytest.mark.parametrize("kind", [list_site_pages, list_admin_pages])
def test_axe_finds_nothing(pages, kind):
    if kind is list_admin_pages and not ALL:
        pytest.skip("set ACCESSIBILITY=all")
    look = cycle(LOOKS)
    for address, role in kind():
        pages.check(role, build_path(pages.scenario, address), LOOKS if ALL else [next(look)])
    assert pages.checked > 40
    assert not pages.problems, f"{len(pages.problems)} in {pages.checked}:\n" + "\n".join(pages.problems)
