"""Redirect responses and click classification, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
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
    assert url == "https://shop.example/p?a=1"
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
        ({"user_agent": ""}, "counted"),
        ({"method": "HEAD"}, "head"),
        ({"purpose": "prefetch"}, "prefetch"),
        ({"purpose": "prefetch;prerender"}, "prefetch"),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "bot"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
    ],
)
def test_bots_and_prefetches_are_redirected_but_not_counted(changes: dict[str, Any], kind: str) -> None:
    response = respond(**changes)
    assert response.row is not None
    assert response.row.kind == kind
    assert response.status == 302
    assert "click_id=" in get_location(response)


@pytest.mark.parametrize("name", ["sec-purpose", "purpose", "x-purpose", "x-moz"])
def test_prefetch_is_recognized_by_each_purpose_header(name: str) -> None:
    assert requests.is_prefetch(make_visit(purpose=requests.read_purpose({name: "Prefetch"})))


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/100 Mobile Safari/537.36 baiduboxapp/13.9",
        "Mozilla/5.0 (Linux; arm_64; Android 12) AppleWebKit/537.36 YaSearchBrowser/23.1 BroPP/1.0 YandexSearch/8.8",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/440.0]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/119 Mobile Safari/537.36 [Pinterest/Android]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 GSA/300.0 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Phantom/ios/23.9",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.12 Version/12.16",
        "Lynx/2.9.0 libwww-FM/2.14",
    ],
)
def test_browser_is_not_a_bot(user_agent: str) -> None:
    assert not requests.is_bot(user_agent)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/138.0.0.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "mobile"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.12 Version/12.16", "mobile"),
        ("Mozilla/5.0 (Mobile; Nokia 2720; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2", "mobile"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", "tablet"),
        (
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/120.1 like Chrome/120.0 Safari/537.36",
            "tablet",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36", "desktop"),
        (BROWSER, "desktop"),
        ("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "other"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 SamsungBrowser/4.0 TV Safari/537.36", "other"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 Safari/605.1.15", "other"),
        ("curl/8.5.0", "other"),
        ("", "other"),
    ],
)
def test_device_class_is_detected(user_agent: str, device: str) -> None:
    row = respond(user_agent=user_agent).row
    assert row is not None
    assert row.device == device


def test_clicks_beyond_flood_limit_are_not_counted() -> None:
    floods = FloodLimit(3)
    kinds = [responses.classify_click(make_visit(), LINK, floods) for _ in range(5)]
    assert kinds == ["counted"] * 3 + ["flood"] * 2
    assert responses.classify_click(make_visit(address="203.0.113.78"), LINK, floods) == "counted"
    assert responses.classify_click(make_visit(at=AT + timedelta(minutes=1)), LINK, floods) == "counted"


def test_bots_do_not_count_toward_flood_limit() -> None:
    floods = FloodLimit(1)
    for _ in range(5):
        assert responses.classify_click(make_visit(user_agent="curl/8"), LINK, floods) == "bot"
    assert responses.classify_click(make_visit(), LINK, floods) == "counted"


def test_paused_link_redirects_without_click_id() -> None:
    response = respond("to=https://www.shop.example/x", LINK._replace(pause_reason=PauseReason.LINK))
    assert get_location(response) == "https://www.shop.example/x"
    assert response.row is not None
    assert response.row.kind == "paused"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("to=https://www.shop.example/new?x=1", "https://www.shop.example/new?x=1&click_id="),
        ("to=" + quote("https://shop.example/ü?q=1&r=2#f", safe=""), "https://shop.example/%C3%BC?q=1&r=2&click_id="),
        ("to=" + quote("//evil.example"), "https://shop.example/p?a=1&click_id="),
        ("to=" + quote("https://shop.example@evil.example/"), "https://shop.example/p?a=1&click_id="),
        ("to=" + quote("https://shop.example\\.evil.example/"), "https://shop.example/p?a=1&click_id="),
        ("to=https://shop.example/%0d%0aX:y", "https://shop.example/p?a=1&click_id="),
        ("to=https://shop.example/x&to=https://shop.example/y", "https://shop.example/p?a=1&click_id="),
        ("to=https://shop.example/?click_id=forged", "https://shop.example/p?a=1&click_id="),
        ("to=", "https://shop.example/p?a=1&click_id="),
        ("to=%ff%fe", "https://shop.example/p?a=1&click_id="),
        ("&".join(["x=1"] * 60) + "&to=https://www.shop.example/", "https://shop.example/p?a=1&click_id="),
    ],
)
def test_deep_link_must_be_on_permitted_host(query: str, expected: str) -> None:
    assert get_location(respond(query)).startswith(expected)


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
    assert visit.address == ("1.1.1.1" if "x-forwarded-for" in headers else "9.9.9.9")
