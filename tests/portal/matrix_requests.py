"""Sends requests to every address of the program in the roles of the permission matrix."""

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

from tests import sessions
from tests.portal.matrix_scenario import Scenario
from tests.scenarios import roll_back

FORM = "application/x-www-form-urlencoded"
UUIDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
RANDOM_VALUES = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')


class RequestHandler(BaseHandler):
    """Handles requests without a server or the test client, which is slow because it copies every template context."""

    def __init__(self) -> None:
        self.checks_csrf = False  # whether the CSRF token is required
        self.load_middleware()

    def handle(
        self, session: str, method: str, path: str, body: bytes = b"", content_type: str = FORM
    ) -> HttpResponseBase:
        factory = RequestFactory()
        factory.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
        request = factory.generic(method, path, body, content_type=content_type)
        setattr(request, "_dont_enforce_csrf_checks", not self.checks_csrf)  # noqa: B010 -- as the test client does
        return self.get_response(request)


class Address(NamedTuple):
    """A URL pattern: its name with namespaces (else its route), and whether it takes arguments."""

    name: str
    route: str
    is_named: bool
    has_arguments: bool


@cache
def list_addresses() -> list[Address]:
    return list(_walk_resolver(get_resolver(), "", ""))


def _walk_resolver(
    resolver: URLResolver, route: str, namespace: str, *, has_arguments: bool = False
) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        full_route, takes_arguments = route + str(entry.pattern), has_arguments or bool(entry.pattern.regex.groups)
        if isinstance(entry, URLResolver):
            yield from _walk_resolver(
                entry,
                full_route,
                f"{namespace}{entry.namespace}:" if entry.namespace else namespace,
                has_arguments=takes_arguments,
            )
        else:
            name = f"{namespace}{entry.name}" if entry.name else full_route
            yield Address(name, full_route, bool(entry.name), takes_arguments)


def build_path(scenario: Scenario, address: Address, *, made_up: bool = False) -> str:
    """Return the path of `address` in `scenario`; with random ids if `made_up`."""
    if address.is_named:
        arguments = scenario.kwargs(address.name) if address.has_arguments else {}
        return reverse(
            address.name, kwargs={key: make_up(value) if made_up else value for key, value in arguments.items()}
        )
    match = re.fullmatch(r"admin/(\w+)/(\w+)/<path:object_id>/", address.route)
    if match:
        return f"/admin/{match[1]}/{match[2]}/{quote(scenario.rows[f'{match[1]}_{match[2]}'].pk)}/"
    if address.route == "hooks/<uuid:pk>/":
        return f"/hooks/{uuid4()}/"
    return "/" + re.sub(r"<path:rest>|\(\?P<url>\.\*\)\$", "anything", address.route)


def make_up(value: object) -> object:
    """Return an id of the same kind that does not exist."""
    return value + 1_000_000 if isinstance(value, int) else uuid4()


def sign_in_all(scenario: Scenario) -> dict[str, str]:
    """Return a session key for each role; "" for the visitor."""
    return {role: _create_session(user) if user.email else "" for role, user in scenario.people.items()}


def _create_session(user) -> str:
    client = sessions.sign_in(Client(), user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def read_body(response: HttpResponseBase) -> bytes:
    """Return the whole body, also of a streaming response."""
    return response.content if isinstance(response, HttpResponse) else b"".join(cast("StreamingHttpResponse", response))


def send_request(
    handler: RequestHandler, session: str, method: str, path: str, body: bytes = b"", content_type: str = FORM
) -> tuple[HttpResponseBase, bytes]:
    """Return the response and its body, and roll back what the request changed."""
    valkey.clear()
    with roll_back():
        response = handler.handle(session, method, path, body, content_type)
        return response, b"".join(response)


def summarize_response(handler: RequestHandler, session: str, method: str, path: str) -> str:
    """Return the status, for a redirect followed by the name of the target address.

    Every page shows the program's contact address (specification 10), or the summary says that it is missing.
    """
    try:
        response, content = send_request(handler, session, method, path)
    except Exception as error:  # noqa: BLE001 -- any error would be a 500
        return f"500 {type(error).__name__}: {error}"
    if not 300 <= response.status_code < 400:
        is_page = b"<!DOCTYPE html>" in content[:5000]
        missing = is_page and settings.CONTACT_EMAIL.encode() not in content
        return f"{response.status_code}{' without the contact address' if missing else ''}"
    target = urlsplit(response.headers["Location"])
    try:
        return f"{response.status_code} {target.netloc or resolve(target.path).view_name}"
    except Resolver404:
        return f"{response.status_code} {target.path}"


def normalize_response(handler: RequestHandler, session: str, method: str, path: str) -> tuple[str, str, list[str]]:
    """Return status, body and header names without ids and random values, to compare responses."""
    response, content = send_request(handler, session, method, path)
    text = RANDOM_VALUES.sub("", content.decode(errors="replace"))
    return str(response.status_code), UUIDS.sub("ID", text), sorted(response.headers)
