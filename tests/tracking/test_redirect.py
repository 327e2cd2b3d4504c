"""The redirect of a tracking link ..."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion, Program
from lib.client_address import resolve_address
from tests.factories import make_affiliate
from tracking.clicks import click_ids, link_loader, redirect, requests, responses
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_loader import RedirectLink
from tracking.clicks.requests import RedirectRequest
from tracking.links import tracking_links
from tracking.links.pauses import PauseReason
from tracking.models import Click, Link
from tracking.views import follow

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AT = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
LINK = RedirectLink(
    UUID(int=7),
    "https://shop.example/p?a=1#top",
    frozenset({"shop.example", "www.shop.example"}),
    ("own1", "own2", "", "", ""),
    None,
)


def visit(query: str = "", **changes: Any) -> RedirectRequest:
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


def answer(query: str = "", link: RedirectLink = LINK, **changes: Any) -> responses.RedirectResponse:
    return responses.build_redirect(visit(query, **changes), link, FloodLimit(100))


def location(given: responses.RedirectResponse) -> str:
    return dict(given.headers)["Location"]


def test_adds_a_click_id_and_leaves_query_and_fragment_alone() -> None:
    given = answer()
    head, click_id = location(given).split("&click_id=")
    assert head == "https://shop.example/p?a=1"
    assert click_id.endswith("#top")
    receipt = click_ids.verify_click_id(click_id.removesuffix("#top"))
    assert receipt is not None
    assert given.row is not None
    assert (receipt.link_id, receipt.nonce) == (LINK.id, given.row.id)
    assert timedelta(0) <= AT - receipt.at < timedelta(milliseconds=1)


def test_keeps_what_it_may_of_who_came() -> None:
    row = answer("sub1=news&sub3=%C3%BC&sub4=" + "x" * 200 + "&sub5=a%00b").row
    assert row is not None
    assert (row.kind, row.address, row.user_agent, row.referrer_host) == (
        "counted",
        "203.0.113.0",
        BROWSER,
        "blog.example",
    )
    assert (row.sub1, row.sub2, row.sub3, row.sub4, row.sub5) == ("news", "own2", "ü", "x" * 100, "ab")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1234:5678:9abc::1", "2001:db8:1234::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_never_keeps_a_whole_address(address: str, kept: str) -> None:
    row = answer(address=address).row
    assert row is not None
    assert row.address == kept


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
def test_counts_clicks_of_people_alone_and_redirects_all(changes: dict[str, Any], kind: str) -> None:
    given = answer(**changes)
    assert given.row is not None
    assert given.row.kind == kind
    assert given.status == 302
    assert "click_id=" in location(given)


@pytest.mark.parametrize("name", ["sec-purpose", "purpose", "x-purpose", "x-moz"])
def test_knows_a_prefetch_by_each_header_that_browsers_send(name: str) -> None:
    assert requests.is_prefetch(visit(purpose=requests.read_purpose({name: "Prefetch"})))


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
def test_takes_nobodys_browser_for_a_robot(user_agent: str) -> None:
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
def test_keeps_on_what_kind_of_device_somebody_reads(user_agent: str, device: str) -> None:
    row = answer(user_agent=user_agent).row
    assert row is not None
    assert row.device == device


def test_counts_no_flood_from_one_address_and_all_of_another() -> None:
    floods = FloodLimit(3)
    kinds = [responses.classify_click(visit(), LINK, floods) for _ in range(5)]
    assert kinds == ["counted"] * 3 + ["flood"] * 2
    assert responses.classify_click(visit(address="203.0.113.78"), LINK, floods) == "counted"
    assert responses.classify_click(visit(at=AT + timedelta(minutes=1)), LINK, floods) == "counted"


def test_lets_robots_add_to_no_flood() -> None:
    floods = FloodLimit(1)
    for _ in range(5):
        assert responses.classify_click(visit(user_agent="curl/8"), LINK, floods) == "bot"
    assert responses.classify_click(visit(), LINK, floods) == "counted"


def test_leads_untracked_where_the_link_is_paused() -> None:
    given = answer("to=https://www.shop.example/x", LINK._replace(pause_reason=PauseReason.LINK))
    assert location(given) == "https://www.shop.example/x"
    assert given.row is not None
    assert given.row.kind == "paused"


@pytest.mark.parametrize(
    ("query", "begins"),
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
def test_leads_deep_within_the_permitted_hosts_and_else_to_its_own_target(query: str, begins: str) -> None:
    assert location(answer(query)).startswith(begins)


def test_is_not_stored_by_anybody_and_says_nothing_to_strangers() -> None:
    headers = dict(answer().headers)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in headers


def test_is_for_https_alone_where_the_installation_is(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert dict(answer().headers)["Strict-Transport-Security"] == "max-age=31536000"


def test_names_the_click_id_as_the_installation_does(settings: Settings) -> None:
    settings.CLICK_ID_PARAMETER = "aff"
    assert "&aff=" in location(answer())


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
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
def test_believes_our_own_proxies_alone(settings: Settings, proxies: int, forwarded: str, seen: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert resolve_address("9.9.9.9", forwarded) == seen


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
def test_is_the_same_visit_whichever_way_it_comes(
    settings: Settings, path: str, query: str, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 1
    sent = {name: value.encode() for name, value in headers.items()}
    environ = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "HEAD", "REMOTE_ADDR": "9.9.9.9"}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value.decode("latin-1") for name, value in sent.items()}
    scope = {
        "path": path,
        "query_string": query.encode(),
        "method": "HEAD",
        "client": ("9.9.9.9", 5000),
        "headers": [(name.encode(), value) for name, value in sent.items()],
    }
    seen = redirect.parse_wsgi_request(environ, AT)
    assert redirect.parse_asgi_request(scope, AT) == seen
    assert seen.code == ("abcd1234" if path.startswith("/r/") else "")
    assert seen.user_agent == headers.get("user-agent", "")
    assert requests.is_prefetch(seen) == bool({"sec-purpose", "purpose", "x-purpose", "x-moz"} & headers.keys())
    assert seen.address == ("1.1.1.1" if "x-forwarded-for" in headers else "9.9.9.9")


# --- With the database -------------------------------------------------------------------------------------------


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    accept(affiliate, publish("1", datetime(2026, 1, 1, tzinfo=UTC)))
    return affiliate


@pytest.fixture
def link(affiliate: Affiliate) -> Link:
    return tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/p", sub_ids=("own",), now=timezone.now(), by=affiliate.user
    )


def publish(name: str, effective_at: datetime, *, detriment: bool = False) -> AgreementVersion:
    return AgreementVersion.objects.create(
        name=name,
        number=int(name),
        drafted_at=effective_at,
        published_at=effective_at,
        effective_at=effective_at,
        detriment=detriment,
    )


def accept(affiliate: Affiliate, agreement: AgreementVersion) -> None:
    assert agreement.effective_at is not None
    Acceptance.objects.create(
        sequence=Acceptance.objects.count() + 1,
        affiliate=affiliate,
        agreement=agreement,
        method="online",
        accepted_at=agreement.effective_at,
        recorded_at=agreement.effective_at,
        box_ticked=True,
        hash=uuid4().hex,
    )


def test_works_as_a_plain_page_of_django(client: Client, link: Link) -> None:
    response = client.get(f"/r/{link.code}?sub2=mail", headers={"user-agent": BROWSER}, REMOTE_ADDR="198.51.100.9")
    assert response.status_code == 302
    receipt = click_ids.verify_click_id(parse_qs(urlsplit(response["Location"]).query)["click_id"][0])
    click = Click.objects.get()
    assert receipt is not None
    assert (receipt.link_id, receipt.nonce) == (link.pk, click.pk)
    assert (click.link_id, click.kind, click.sub1, click.sub2, click.address) == (
        link.pk,
        "counted",
        "own",
        "mail",
        "198.51.100.0",
    )
    assert click.device == "desktop"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/r/nosuchcode", "/r/x", "/r/ä", "/r/abcd%00ef", "/r/../admin", "/r/abcd/efgh", "/r/" + "a" * 41]
)
def test_answers_404_to_a_code_that_names_no_link(client: Client, affiliate: Affiliate, path: str) -> None:
    assert client.get(path).status_code == 404
    assert not Click.objects.exists()


def test_answers_405_to_anything_that_changes_things(client: Client, link: Link) -> None:
    response = client.post(f"/r/{link.code}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_answers_head_without_a_body(client: Client, link: Link) -> None:
    response = client.head(f"/r/{link.code}")
    assert (response.status_code, response.content) == (302, b"")
    assert Click.objects.get().kind == "head"


def pause_reason(link: Link, at: datetime | None = None) -> PauseReason | None:
    return link_loader.load_links([link.code], now=at or timezone.now())[link.code].pause_reason


def test_is_tracked_while_affiliate_link_agreement_and_program_are_all_well(link: Link) -> None:
    assert pause_reason(link) is None


@pytest.mark.parametrize("state", [State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_is_untracked_unless_the_affiliate_is_active(link: Link, state: State) -> None:
    status_history.change_status(affiliate=link.affiliate, to=state, now=timezone.now(), by=None, reason="a test")
    assert pause_reason(link) == PauseReason.NOT_ACTIVE


def test_is_untracked_while_the_link_is_paused(link: Link) -> None:
    tracking_links.pause_link(link=link, now=timezone.now(), by=None)
    assert pause_reason(link) == PauseReason.LINK


def test_is_untracked_from_the_end_of_the_program_on(link: Link) -> None:
    end = timezone.now() + timedelta(days=1)
    Program.objects.update(end_announced_at=timezone.now(), ends_at=end)
    assert pause_reason(link) is None
    assert pause_reason(link, end - timedelta(microseconds=1)) is None
    assert pause_reason(link, end) == PauseReason.PROGRAM_ENDED


def test_is_untracked_without_an_accepted_agreement(link: Link) -> None:
    assert pause_reason(link, datetime(2025, 12, 31, tzinfo=UTC)) == PauseReason.NO_AGREEMENT


def test_is_untracked_from_a_new_version_on_until_it_is_accepted(link: Link) -> None:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    version = publish("2", start, detriment=True)
    assert pause_reason(link, start - timedelta(microseconds=1)) is None
    assert pause_reason(link, start) == PauseReason.NOT_ACCEPTED
    accept(link.affiliate, version)
    assert pause_reason(link, start) is None


def test_leads_deep_to_no_host_that_the_shop_has_given_up(link: Link) -> None:
    Program.objects.update(shop_hosts=["new.example"])
    assert link_loader.load_links([link.code], now=timezone.now())[link.code].hosts == frozenset()


def test_sends_no_header_that_got_into_the_table_past_the_rules(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(target="https://shop.example/\r\nX: y")
    assert link_loader.load_links([link.code], now=timezone.now()) == {}


def test_takes_the_same_few_queries_for_any_number_of_links(
    affiliate: Affiliate, link: Link, django_assert_num_queries: Any
) -> None:
    more = [
        tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=timezone.now(), by=None)
        for _ in range(9)
    ]
    with django_assert_num_queries(4):
        assert (
            len(link_loader.load_links([link.code, *(one.code for one in more), "unknown1"], now=timezone.now())) == 10
        )


def test_counts_a_flood_through_the_page_too(client: Client, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_flood_limit", FloodLimit(2))
    for _ in range(3):
        client.get(f"/r/{link.code}", headers={"user-agent": BROWSER})
    assert sorted(Click.objects.values_list("kind", flat=True)) == ["counted", "counted", "flood"]
