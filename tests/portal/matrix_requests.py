"""How the matrix asks: every address of the program, by everybody, each time of the same scenario."""

import re
from collections.abc import Iterator
from functools import cache
from http.cookies import SimpleCookie
from typing import NamedTuple, cast
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.contrib.admin.utils import quote
from django.core.cache import cache as valkey
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import Resolver404, URLResolver, get_resolver, resolve, reverse

from tests.portal.matrix_scenario import Scenario
from tests.scenarios import roll_back

UUIDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
RANDOM_VALUES = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')


class RequestHandler(BaseHandler):
    """The program without a server, and without the test client, whose copies of every template's context cost the most."""

    def __init__(self) -> None:
        self.strict = False  # whether a form's token is asked for
        self.load_middleware()

    def handle(self, session: str, method: str, path: str) -> HttpResponseBase:
        factory = RequestFactory()
        factory.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
        request = factory.generic(method, path, content_type="application/x-www-form-urlencoded")
        setattr(request, "_dont_enforce_csrf_checks", not self.strict)  # noqa: B010 -- as the test client says it
        return self.get_response(request)


class Address(NamedTuple):
    """An entry of the resolver: its name with its namespace, or its route where it has none; and whether it takes anything."""

    name: str
    route: str
    named: bool
    takes: bool


@cache
def list_addresses() -> list[Address]:
    return list(_walk_resolver(get_resolver(), "", ""))


def _walk_resolver(resolver: URLResolver, route: str, space: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk_resolver(entry, here, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            name = f"{space}{entry.name}" if entry.name else here
            yield Address(name, here, bool(entry.name), bool(entry.pattern.regex.groups))


def build_path(scenario: Scenario, address: Address, *, made_up: bool = False) -> str:
    """Where the address leads in `scenario`; with another id in the place of each where it is `made_up`."""
    if address.named:
        given = scenario.kwargs(address.name) if address.takes else {}
        return reverse(address.name, kwargs={key: uuid4() if made_up else value for key, value in given.items()})
    found = re.fullmatch(r"admin/(\w+)/(\w+)/<path:object_id>/", address.route)
    if found:
        return f"/admin/{found[1]}/{found[2]}/{quote(scenario.rows[f'{found[1]}_{found[2]}'].pk)}/"
    return "/" + re.sub(r"<path:rest>|\(\?P<url>\.\*\)\$", "anything", address.route)


def sign_in_all(scenario: Scenario) -> dict[str, str]:
    """A session for each part; "" for a visitor."""
    return {part: _create_session(user) if user.email else "" for part, user in scenario.people.items()}


def _create_session(user) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def read_body(response: HttpResponseBase) -> bytes:
    """The whole body, also of an answer that is made as it is read."""
    return response.content if isinstance(response, HttpResponse) else b"".join(cast("StreamingHttpResponse", response))


def send_request(door: RequestHandler, session: str, method: str, path: str) -> tuple[HttpResponseBase, bytes]:
    """The answer and its content, after which the scenario is as it was before."""
    valkey.clear()
    with roll_back():
        response = door.handle(session, method, path)
        return response, b"".join(response)


def summarize_response(door: RequestHandler, session: str, method: str, path: str) -> str:
    """The answer in short: its status, and where a redirect leads by the name of the address there."""
    try:
        response, _content = send_request(door, session, method, path)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it would be a 500
        return f"500 {type(error).__name__}: {error}"
    if not 300 <= response.status_code < 400:
        return str(response.status_code)
    to = urlsplit(response.headers["Location"])
    try:
        return f"{response.status_code} {to.netloc or resolve(to.path).view_name}"
    except Resolver404:
        return f"{response.status_code} {to.path}"


def normalize_response(door: RequestHandler, session: str, method: str, path: str) -> tuple[str, str, list[str]]:
    """All that tells one answer from another but the ids in it, and what is drawn anew for each answer."""
    response, content = send_request(door, session, method, path)
    text = RANDOM_VALUES.sub("", content.decode(errors="replace"))
    return str(response.status_code), UUIDS.sub("ID", text), sorted(response.headers)
