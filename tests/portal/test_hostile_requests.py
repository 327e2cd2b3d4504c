"""Hostile values in every form, list filter and address lead to no server error; the URLs are enumerated.

HOSTILE_REQUESTS sets the number of requests (1,000 in `make test`, 30,000 in `make faults`), HOSTILE_SEED chooses others.
"""

import logging
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tests.portal.matrix_requests import RequestHandler, build_path, list_addresses, send_request
from tests.portal.matrix_scenario import Scenario

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "1000"))
SEED = int(os.environ.get("HOSTILE_SEED", "20261129"))
FORM = "application/x-www-form-urlencoded"

# Percent-encoded, because some are no text at all.
HOSTILE = [
    *("%00", "a%00b", "%ED%A0%80", "%FF%FE", "%", "%C3", "%F4%90%80%80", "%E2%80%AE", "%EF%BB%BF", "%0D%0AX-A%3A%201"),
    *map(
        quote,
        (
            *("-1", "0", "-0.00", "1e309", "NaN", "Infinity", "9" * 40, "9" * 5000, "٣", "1_000", "+1", "0x10", "1.5"),
            *("[]", "{}", "null", "true", "' OR 1=1--", "%s", "{0}", "{{ 7*7 }}", "../../etc/passwd", " ", "\t"),
            *("https://[::1", "http://[", "javascript:alert(1)", "//evil.example", "http://" + "a" * 300 + ".example"),
            *(
                "https://a:99999999/",
                "https://xn--/",
                "http://\u2028/",
                "a@b@c",
                "a@[1.2.3",
                "@",
                "a" * 300 + "@example.org",
            ),
            *("2026-02-30", "0000-00-00", "99999-01-01", "2026-13", "0001-01", "9999-12", "1970-01-01T00:00:00+99:99"),
            *(
                "00000000-0000-0000-0000-000000000000",
                "x" * 100_000,
                "😀" * 200,
                "é" * 300,
                "localtime",
                "GB",
                "__all__",
            ),
        ),
    ),
]
LOOKUPS = ("", "__exact", "__gte", "__isnull", "__in", "__range", "__gte_0", "_0", "__nothing__at__all")
LIST_PARAMETERS = (
    "q",
    "o",
    "p",
    "page",
    "sort",
    "all",
    "e",
    "_export",
    "before",
    "after",
    "next",
    "month",
    "day",
    "affiliate",
)
BODIES = [
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),
    ("multipart/form-data", b"--x--"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00"\r\n\r\n\x00\r\n--x--',
    ),
    ("multipart/form-data; boundary=\xff", b"nothing"),
    ("application/json", b'{"a": '),
    (FORM + "; charset=utf-16", "a=1".encode("utf-16")),
    (FORM + "; charset=nonsense", b"a=1"),
    (FORM, b"&".join(b"a%d=1" % number for number in range(10_001))),
    (FORM, b"a-TOTAL_FORMS=99999&a-INITIAL_FORMS=-1"),
]


class FieldNames(HTMLParser):
    """Collects the names and values of form fields, and the parameters of links."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.parameters: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and values.get("name"):
            self.fields.setdefault(values["name"] or "", values.get("value") or "")
        if tag == "a" and "?" in (values.get("href") or ""):
            self.parameters.update(name for name, _value in parse_qsl(urlsplit(values["href"] or "").query))


@dataclass
class Attack:
    """Sends hostile requests, each of which leaves the scenario unchanged."""

    scenario: Scenario
    sessions: dict[str, str]
    handler: RequestHandler
    random: random.Random
    sent: int = 0
    problems: list[str] = field(default_factory=list)

    def send(self, role: str, method: str, path: str, body: bytes = b"", content_type: str = FORM) -> str:
        """Send a request; note a problem if it ends in a server error. Return the page, "" for other content."""
        self.sent += 1
        try:
            response, content = send_request(self.handler, self.sessions[role], method, path, body, content_type)
        except Exception as error:  # noqa: BLE001 -- any error would be a 500
            self.problems.append(
                f"{method} {path[:200]} {body[:200]!r} by {role}: {type(error).__name__}: {error}"[:600]
            )
            return ""
        if response.status_code >= 500:
            self.problems.append(f"{method} {path[:200]} {body[:200]!r} by {role}: {response.status_code}")
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return content.decode(errors="replace") if is_page else ""

    def attack(self, role: str, path: str, number: int) -> None:
        """Send about `number` hostile requests to one address."""
        page = FieldNames()
        page.feed(self.send(role, "GET", path))
        names = [*page.fields, *page.parameters, *LIST_PARAMETERS]
        for _ in range(number // 2):
            name = self.random.choice(names) + self.random.choice(LOOKUPS)
            self.send(role, "GET", f"{path}?{quote(name)}={self.random.choice(HOSTILE)}")
        for _ in range(number // 2):
            self.send(role, "POST", path, self._build_body(page.fields))
        content_type, body = self.random.choice(BODIES)
        self.send(role, "POST", path, body, content_type)

    def _build_body(self, fields: dict[str, str]) -> bytes:
        """Return a form in which some fields are hostile and the others as the page has them."""
        names = [*fields, "action", "_selected_action", "next"]
        hostile = set(self.random.choices(names, k=self.random.choice((1, 1, 2, len(names)))))
        pairs = [urlencode({name: value}) for name, value in fields.items() if name not in hostile]
        pairs += [f"{quote(name)}={self.random.choice(HOSTILE)}" for name in hostile]
        return "&".join(pairs).encode()


@pytest.fixture
def attack(matrix_program, settings) -> Iterator[Attack]:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    logging.disable(logging.ERROR)
    scenario, sessions = matrix_program
    yield Attack(scenario, sessions, RequestHandler(), random.Random(SEED))
    logging.disable(logging.NOTSET)


def test_no_hostile_request_is_a_server_error(attack):
    addresses = [address for address in list_addresses() if not re.search(r"logout|jsi18n", address.name)]
    for address in addresses:
        role = "superuser" if address.route.startswith("admin/") else "owner"
        attack.attack(role, build_path(attack.scenario, address), REQUESTS // len(addresses))
        attack.send("visitor", "POST", build_path(attack.scenario, address), b"next=https://[::1&email=%00")
    assert not attack.problems, f"{len(attack.problems)} of {attack.sent}:\n" + "\n".join(attack.problems)
    assert attack.sent >= REQUESTS
