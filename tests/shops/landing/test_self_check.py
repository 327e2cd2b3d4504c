"""The check of a shop's landing page: what is on the page, and what the shop sent since (specification 11)."""

import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse

from shops.connectors import folding, inbox, registry
from shops.landing import page_fetch, script, self_check
from shops.landing.page_fetch import FetchedPage, FetchFailed, fetch_page
from tests import sessions
from tests.factories import make_staff
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection
from tracking.clicks.click_ids import sign_click_id
from tracking.models import Link

SOURCE = f"https://links.example{script.get_versioned_path()}"
TAG = f'<script defer src="{SOURCE}" data-days="3"></script>'
CLICK_ID = "AQ" + "x" * 74


def inspect(text, cookies=(), status=200):
    page = FetchedPage("https://shop.example/", status, tuple(cookies), text)
    return [(finding.level, finding.text) for finding in self_check.inspect_page(page, click_id=CLICK_ID, days=3)]


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (f"<p>{TAG}", "good", "accord.js is on the page"),
        ("<p>Shop</p>", "bad", "accord.js is not on the page"),
        (f"<!-- {TAG} -->", "bad", "accord.js is not on the page"),
        ("<script>'/accord.js'</script>", "bad", "accord.js is not on the page"),
        ("<SCRIPT SRC=/accord.js DATA-DAYS=3></SCRIPT>", "good", "accord.js is on the page"),
        (TAG.replace('"3"', '"30"'), "warning", "data-days is 30"),
        (TAG.replace("data-days", "data-x"), "good", "accord.js is on the page"),
        (TAG.replace("defer", 'data-parameter="ref"'), "bad", "data-parameter is ref"),
        (TAG.replace("defer", 'integrity="sha384-x"'), "warning", "integrity"),
        (TAG.replace(script.get_current().digest, "0" * 16), "good", "accord.js is on the page"),
    ],
)
def test_script_on_the_page_is_found(text, level, words):
    assert any(found[0] == level and words in found[1] for found in inspect(text)), inspect(text)


def test_missing_data_days_counts_as_3():
    page = FetchedPage("https://shop.example/", 200, (), TAG.replace("data-days", "data-x"))
    texts = [finding.text for finding in self_check.inspect_page(page, click_id=CLICK_ID, days=30)]
    assert any("data-days is 3," in text for text in texts)


def test_cookie_of_the_server_is_found():
    texts = inspect("", [f"accord_click_id={CLICK_ID}; Path=/"])
    assert texts == [("good", "The shop's server sets the cookie accord_click_id.")]
    assert [level for level, _ in inspect("", ["accord_click_id=other", "a=1"])] == ["bad"]


def test_error_of_the_page_is_named():
    assert ("bad", "The landing page answered with the status 404.") in inspect(TAG, status=404)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/", "http://localhost/", "http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/",
        "http://192.168.1.1/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
    ],
)  # fmt: skip
def test_private_addresses_are_not_called(address):
    with pytest.raises(FetchFailed, match=r"private network|could not be reached"):
        fetch_page(address)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://shop.example/", "nonsense", "http://"])
def test_other_addresses_are_refused(address):
    with pytest.raises(FetchFailed):
        fetch_page(address)


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/private":
            self.send_response(302)
            self.send_header("Location", "http://10.0.0.1/")
        elif self.path == "/":
            self.send_response(302)
            self.send_header("Set-Cookie", "first=1")
            self.send_header("Location", "/landing")
        else:
            self.send_response(200)
            self.send_header("Set-Cookie", f"second={self.headers['User-Agent']}")
        self.end_headers()
        self.wfile.write(b"x" * (5_000_000 if self.path == "/long" else 0) + TAG.encode())

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture
def shop_address(monkeypatch):
    monkeypatch.setattr(page_fetch, "ALLOWS_LOOPBACK", True)
    server = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_page_is_fetched_with_its_redirects_and_cookies(shop_address):
    page = fetch_page(f"{shop_address}/")
    assert (page.url, page.status, page.text) == (f"{shop_address}/landing", 200, TAG)
    assert page.cookies[0] == "first=1"
    assert page.cookies[1].startswith("second=Mozilla/5.0")


def test_redirects_to_private_addresses_and_long_pages_are_refused(shop_address):
    with pytest.raises(FetchFailed, match=r"private network|could not be reached"):
        fetch_page(f"{shop_address}/private")
    with pytest.raises(FetchFailed, match="longer than"):
        fetch_page(f"{shop_address}/long")


@pytest.fixture
def link(db, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": PlainConnector()})
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    return Link.objects.create(
        affiliate=ann,
        code="abcd1234",
        target="https://shop.example/p",
        permitted_hosts=["shop.example"],
        created_at=NOW,
    )


@pytest.fixture
def staff_client(client, link):
    return sessions.sign_in(client, make_staff(superuser=True))


def test_events_since_the_check_began_are_listed(link):
    connection = make_connection()
    click_id = sign_click_id(link.pk, NOW - timedelta(minutes=5))
    claims: list[dict] = [{"click_id": click_id}, {"coupons": ["ann"]}, {}]
    for number, claim in enumerate(claims):
        order = {"id": str(number), "at": NOW.isoformat(), "placed": NOW.isoformat()} | claim
        order["lines"] = [{"id": "1", "amount": "5.00"}]
        inbox.receive(connection=connection, delivery=build_delivery(order), now=NOW)
    folding.process_events(now=NOW)
    inbox.receive(connection=connection, delivery=build_delivery([]), now=NOW)
    listed = self_check.list_events(connection, link=link, since=NOW - timedelta(seconds=1))
    assert [event["order"] for event in listed] == ["", "plain-2", "plain-1", "plain-0"]
    assert [event["text"] for event in listed] == [
        "waiting",
        "an order without a click id",
        "an order without a click id",
        "an order with a click of this link",
    ]
    assert self_check.list_events(connection, link=link, since=NOW + timedelta(seconds=1)) == []


def test_page_shows_what_it_found(staff_client, link, monkeypatch):
    fetched = []

    def fetch(address):
        fetched.append(address)
        return FetchedPage("https://shop.example/p", 200, (), TAG)

    monkeypatch.setattr(self_check, "fetch_page", fetch)
    connection = make_connection()
    address = reverse("shops:landing_check")
    text = staff_client.get(address).content.decode()
    assert script.get_current().integrity in text
    assert 'data-days="3"' in text.replace("&quot;", '"')
    response = staff_client.get(address, {"link": "http://x/r/abcd1234?a=1", "connection": connection.pk})
    text = response.content.decode()
    assert "accord.js is on the page" in text
    assert fetched[0].startswith("https://shop.example/p?utm_source=affiliate&click_id=")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert staff_client.get(address, {"link": "unknown1"}).status_code == 200
    assert "There is no such link." in staff_client.get(address, {"link": "unknown1"}).content.decode()


def test_page_of_a_shop_whose_server_sets_the_cookie_asks_for_no_script(staff_client, monkeypatch):
    def fetch(address):
        click_id = address.partition("click_id=")[2].partition("&")[0]
        return FetchedPage("https://shop.example/p", 200, (f"accord_click_id={click_id}; Path=/",), "")

    monkeypatch.setattr(self_check, "fetch_page", fetch)
    text = staff_client.get(reverse("shops:landing_check"), {"link": "abcd1234"}).content.decode()
    assert "sets the cookie itself, so the script is not needed." in text
    assert "Check that it is on the page" not in text


def test_tag_is_shown_as_text_to_copy(staff_client):
    text = staff_client.get(reverse("shops:landing_check")).content.decode()
    assert 'data-copy="&lt;script defer ' in text
    assert "<script defer crossorigin" not in text


def test_page_says_why_the_shop_could_not_be_fetched(staff_client, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [(2, 1, 6, "", ("10.1.1.1", 443))])
    text = staff_client.get(reverse("shops:landing_check"), {"link": "abcd1234"}).content.decode()
    assert "private network" in text


def test_events_are_polled(staff_client, link):
    connection, address = make_connection(), reverse("shops:landing_check_events")
    inbox.receive(connection=connection, delivery=build_delivery({}), now=NOW)
    query: dict = {"connection": connection.pk, "link": link.code, "since": NOW.isoformat()}
    assert len(staff_client.get(address, query).json()["events"]) == 1
    for wrong in ({}, query | {"since": "soon"}, query | {"connection": "x"}, query | {"link": "nosuch1"}):
        assert staff_client.get(address, wrong).json() == {"events": []}
