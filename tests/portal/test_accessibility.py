"""axe finds nothing on any page, and no page is wider than the screen (specification 10).

Each page is checked at one width and color scheme, in turn, of the admin every sixth page. ACCESSIBILITY=pages checks
all pages of the admin so, ACCESSIBILITY=all every page at each of them.
"""

import os
import sys
from collections.abc import Iterator
from itertools import cycle, islice, product
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.portal.matrix_requests import Address, RequestHandler, build_path, list_addresses, send_request
from tests.portal.matrix_table import SITE
from tests.portal.page_server import PageServer, run_page_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
LOOKS = [(width, scheme) for scheme, width in product(("light", "dark"), (1280, 390))]
SCOPE = os.environ.get("ACCESSIBILITY", "")
ALL = SCOPE == "all"
NARROWEST = 320
# Every how many pages of the admin one is checked.
ADMIN_SAMPLE = 1 if SCOPE else 6
# Rules that pages break by what Django and unfold build: the two lists of permissions that a group is given.
LIBRARY_FAULTS = {"/admin/auth/group/": {"aria-prohibited-attr", "color-contrast", "label-title-only", "select-name"}}
FIND_WIDE = """[...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => one.outerHTML.slice(0, 80)).slice(-2)"""


class Pages:
    """Shows the pages of the scenario in a browser, each as one of its people, without the program's own server."""

    def __init__(self, page: Page, server: PageServer, scenario: Any, sessions: dict[str, str]) -> None:
        self.page, self.server, self.scenario, self.sessions = page, server, scenario, sessions
        self.handler, self.axe = RequestHandler(), Axe()
        self.problems: list[str] = []
        self.checked = 0

    def check(self, role: str, path: str, looks: list[tuple[int, str]]) -> None:
        """Open a page as `role` and check each look of it."""
        response, body = send_request(self.handler, self.sessions[role], "GET", path)
        if response.status_code != 200 or not body.lstrip().startswith(b"<!DOCTYPE html>"):
            return
        self.server.target, self.server.body = path, body
        self.page.goto(self.server.origin + path)
        for width, scheme in looks:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of two
            self.page.set_viewport_size({"width": width, "height": 900})
            self.checked += 1
            for violation in self._find_violations(path):
                nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
                self.problems.append(f"{path} by {role}, {width} {scheme}: {violation['id']}: {nodes}")
        self.page.set_viewport_size({"width": NARROWEST, "height": 900})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > NARROWEST and not path.startswith(tuple(LIBRARY_FAULTS)):
            self.problems.append(f"{path} by {role} is {wide} wide at {NARROWEST}: {self.page.evaluate(FIND_WIDE)}")

    def _find_violations(self, path: str) -> list[Any]:
        known = {rule for start, rules in LIBRARY_FAULTS.items() if path.startswith(start) for rule in rules}
        found = self.axe.run(self.page, options=OPTIONS).response["violations"]
        return [violation for violation in found if violation["id"] not in known]


@pytest.fixture
def pages(matrix_program, browser, settings) -> Iterator[Pages]:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    scenario, sessions = matrix_program
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    with run_page_server() as server:
        pages = Pages(page, server, scenario, sessions)
        # A script that fails on a page is a fault of the page.
        page.on("pageerror", lambda error: pages.problems.append(f"{page.url}: {error}"))
        yield pages
        context.close()


def list_site_pages() -> Iterator[tuple[Address, str]]:
    """Yield each page of visitors and affiliates with a role that sees it."""
    for address in list_addresses():
        read = SITE.get(address.name, ({},))[0]
        yield from ((address, role) for role in ("visitor", "owner") if read.get(role) == "200")


def list_admin_pages() -> Iterator[tuple[Address, str]]:
    yield from ((address, "superuser") for address in list_addresses() if address.route.startswith("admin/"))


def get_folder(address: Address) -> str:
    """Return the app of a page of the admin, "index" for the pages above those of the apps."""
    folder = address.route.split("/")[1]
    return folder if folder.isidentifier() else "index"


def list_areas() -> list[str]:
    """Return the parts of the test: the pages of the admin are one, or one for each app if every look is checked."""
    folders = {get_folder(address) for address, _role in list_admin_pages()} if ALL else {"admin"}
    return ["site", *sorted(folders)]


def list_pages(area: str) -> Iterator[tuple[Address, str]]:
    if area == "site":
        return list_site_pages()
    pages = ((address, role) for address, role in list_admin_pages() if area in ("admin", get_folder(address)))
    return islice(pages, 0, None, ADMIN_SAMPLE)


@pytest.mark.parametrize("area", list_areas())
def test_axe_finds_nothing(pages, area):
    look = cycle(LOOKS)
    for address, role in list_pages(area):
        pages.check(role, build_path(pages.scenario, address), LOOKS if ALL else [next(look)])
    sys.stdout.write(f"{area}: {pages.checked} looks, {len(pages.problems)} problems\n")
    assert ALL or pages.checked > 30
    assert not pages.problems, f"{len(pages.problems)} in {pages.checked}:\n" + "\n".join(pages.problems)
