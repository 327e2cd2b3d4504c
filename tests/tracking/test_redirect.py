"""Redirect responses and click classification, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from lib.client_address import resolve_address
from tracking.clicks import click_ids, redirect, requests, responses
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_loader import RedirectLink
from tracking.clicks.requests import RedirectRequest
from tracking.links.pauses import PauseReason

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AT = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
LINK = RedirectLink(
    UUID(int=7),
    "https://shop.example/p?a=1#top",
    frozenset({"shop.example", "www.shop.example"}),
    ("own1", "own2", "", "", ""),
    None,
)


def make_visit(query: str = "", **changes: Any) -> RedirectRequest:
    fields: dict[str, Any] = {
        "code": "abcd1234",
        "method": "GET",
        "query": query,
        "address": "203.0.113.77",
        "user_agent": BROWSER,
        "referrer": "https://blog.example/post?x=1",
        "purpose": "",
        "at": AT,
    }
    return RedirectRequest(**(fields | changes))


def respond(query: str = "", link: RedirectLink = LINK, **changes: Any) -> responses.RedirectResponse:
    return responses.build_redirect(make_visit(query, **changes), link, FloodLimit(100))


def get_location(response: responses.RedirectResponse) -> str:
    return dict(response.headers)["Location"]


def test_redirect_adds_click_id_to_target() -> None:
    response = respond()
    url, click_id = get_location(response).split("&click_id=")
    assert url == "https://shop.example/p?a=1&utm_source=affiliate"
    assert click_id.endswith("#top")
    token = click_ids.verify_click_id(click_id.removesuffix("#top"))
    assert token is not None
    assert response.row is not None
    assert (token.link_id, token.nonce) == (LINK.id, response.row.id)
    assert timedelta(0) <= AT - token.at < timedelta(milliseconds=1)


def test_click_row_stores_details_of_visit() -> None:
    row = respond("sub1=news&sub3=%C3%BC&sub4=" + "x" * 200 + "&sub5=a%00b").row
    assert row is not None
    assert (row.kind, row.address, row.user_agent, row.referrer_host) == (
        "counted",
        "203.0.113.0",
        BROWSER,
        "blog.example",
    )
    assert (row.sub1, row.sub2, row.sub3, row.sub4, row.sub5) == ("news", "own2", "ü", "x" * 100, "ab")


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1234:5678:9abc::1", "2001:db8:1234::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_ip_address_is_stored_truncated(address: str, stored: str) -> None:
    row = respond(address=address).row
    assert row is not None
    assert row.address == stored


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "counted"),
        ({"fetch_dest": "document"}, "counted"),
        ({"method": "HEAD"}, "head"),
        ({"purpose": "prefetch"}, "prefetch"),
        ({"purpose": "prefetch;prerender"}, "prefetch"),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "bot"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
        ({"user_agent": ""}, "no_agent"),
        ({"user_agent": "  "}, "no_agent"),
        # As browsers prefetch for a link element.
        ({"purpose": "prefetch", "fetch_dest": "empty"}, "prefetch"),
    ],
)
def test_bots_and_prefetches_are_redirected_but_not_counted(changes: dict[str, Any], kind: str) -> None:
    response = respond(**changes)
    assert response.row is not None
    assert response.row.kind == kind
    assert response.status == 302
    assert "click_id=" in get_location(response)


@pytest.mark.parametrize(
    "changes",
    [
        *({"fetch_dest": name} for name in ("empty", "image", "iframe", "frame", "script", "style", "object", "video")),
        {"fetch_dest": ""},
        {"fetch_dest": "image", "method": "HEAD"},
        {"fetch_dest": "image", "user_agent": "curl/8.5.0"},
        {"fetch_dest": "image", "user_agent": ""},
        {"fetch_dest": "iframe", "purpose": "prefetch"},
    ],
)
def test_subresource_is_redirected_without_click_id(changes: dict[str, Any]) -> None:
    response = respond(**changes)
    assert get_location(response) == "https://shop.example/p?a=1#top"
    assert response.row is not None
    assert response.row.kind == "subresource"


def test_only_counted_clicks_count_toward_flood_limit() -> None:
    floods = FloodLimit(1)
    for changes in ({"user_agent": "curl/8"}, {"user_agent": ""}, {"fetch_dest": "image"}, {"method": "HEAD"}):
        assert responses.classify_click(make_visit(**changes), LINK, floods) != "flood"
    assert responses.classify_click(make_visit(), LINK, floods) == "counted"


@pytest.mark.parametrize("name", ["sec-purpose", "purpose", "x-purpose", "x-moz"])
def test_prefetch_is_recognized_by_each_purpose_header(name: str) -> None:
    assert requests.is_prefetch(make_visit(purpose=requests.read_purpose({name: "Prefetch"})))


def test_clicks_beyond_flood_limit_are_not_counted() -> None:
    floods = FloodLimit(3)
    kinds = [responses.classify_click(make_visit(), LINK, floods) for _ in range(5)]
    assert kinds == ["counted"] * 3 + ["flood"] * 2
    assert responses.classify_click(make_visit(address="203.0.113.78"), LINK, floods) == "counted"
    assert responses.classify_click(make_visit(at=AT + timedelta(minutes=1)), LINK, floods) == "counted"


def test_paused_link_redirects_without_click_id() -> None:
    response = respond("to=https://www.shop.example/x", LINK._replace(pause_reason=PauseReason.LINK))
    assert get_location(response) == "https://www.shop.example/x"
    assert response.row is not None
    assert response.row.kind == "paused"


def test_response_has_security_and_cache_headers() -> None:
    headers = dict(respond().headers)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in headers


def test_hsts_header_is_sent_if_configured(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert dict(respond().headers)["Strict-Transport-Security"] == "max-age=31536000"


def test_click_id_parameter_is_configurable(settings: Settings) -> None:
    settings.CLICK_ID_PARAMETER = "aff"
    assert "&aff=" in get_location(respond())


@pytest.mark.parametrize(
    ("target", "query", "source", "expected"),
    [
        ("https://shop.example/p", "", "affiliate", "https://shop.example/p?utm_source=affiliate&click_id="),
        ("https://shop.example/p", "", "our partners", "https://shop.example/p?utm_source=our%20partners&click_id="),
        ("https://shop.example/p", "", "", "https://shop.example/p?click_id="),
        ("https://shop.example/p?utm_source=blog", "", "affiliate", "https://shop.example/p?utm_source=blog&click_id="),
        ("https://shop.example/p?UTM%5Fsource=", "", "affiliate", "https://shop.example/p?UTM%5Fsource=&click_id="),
        # The visitor's own parameter is passed on.
        ("https://shop.example/p", "utm_source=mail", "affiliate", "https://shop.example/p?utm_source=mail&click_id="),
        ("https://shop.example/p#a?utm_source=b", "", "x", "https://shop.example/p?utm_source=x&click_id="),
        ("https://shop.example/p", "to=https://shop.example/q", "x", "https://shop.example/q?utm_source=x&click_id="),
        (
            *("https://shop.example/p", "to=https%3A%2F%2Fshop.example%2Fq%3Futm_source%3Dy", "x"),
            "https://shop.example/q?utm_source=y&click_id=",
        ),
    ],
)
def test_utm_source_is_added_unless_the_target_has_one(
    settings: Settings, target: str, query: str, source: str, expected: str
) -> None:
    settings.LINK_UTM_SOURCE = source
    assert get_location(respond(query, LINK._replace(target=target))).startswith(expected)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "9.9.9.9"),
        (1, "", "9.9.9.9"),
        (1, "6.6.6.6, nonsense", ""),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "1.1.1.1:5000", "1.1.1.1"),
    ],
)
def test_only_trusted_proxies_are_believed(settings: Settings, proxies: int, forwarded: str, expected: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert resolve_address("9.9.9.9", forwarded) == expected


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/r/abcd1234", "", {}),
        ("/r/abcd1234/", "sub1=%C3%BC&to=https://shop.example/", {"user-agent": BROWSER}),
        ("/r/abcd1234", "a=1", {"referer": "https://blog.example/ü", "user-agent": "Böwser/1"}),
        ("/r/abcd1234", "", {"sec-purpose": "prefetch;prerender"}),
        ("/r/abcd1234", "", {"purpose": "Prefetch"}),
        ("/r/abcd1234", "", {"x-purpose": "preview"}),
        ("/r/abcd1234", "", {"x-moz": "prefetch"}),
        ("/r/abcd1234", "", {"x-forwarded-for": "6.6.6.6, 1.1.1.1"}),
        ("/r/abcd1234", "", {"sec-fetch-dest": "Image "}),
        ("/r/abcd1234", "", {"sec-fetch-dest": "document"}),
        ("/other", "", {}),
    ],
)
def test_wsgi_and_asgi_requests_are_parsed_alike(
    settings: Settings, path: str, query: str, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 1
    encoded = {name: value.encode() for name, value in headers.items()}
    environ = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "HEAD", "REMOTE_ADDR": "9.9.9.9"}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value.decode("latin-1") for name, value in encoded.items()}
    scope = {
        "path": path,
        "query_string": query.encode(),
        "method": "HEAD",
        "client": ("9.9.9.9", 5000),
        "headers": [(name.encode(), value) for name, value in encoded.items()],
    }
    visit = redirect.parse_wsgi_request(environ, AT)
    assert redirect.parse_asgi_request(scope, AT) == visit
    assert visit.code == ("abcd1234" if path.startswith("/r/") else "")
    assert visit.user_agent == headers.get("user-agent", "")
    assert requests.is_prefetch(visit) == bool({"sec-purpose", "purpose", "x-purpose", "x-moz"} & headers.keys())
    assert requests.is_subresource(visit) == (headers.get("sec-fetch-dest") == "Image ")
    assert visit.address == ("1.1.1.1" if "x-forwarded-for" in headers else "9.9.9.9")
