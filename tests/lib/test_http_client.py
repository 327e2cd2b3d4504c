"""Requests to addresses that staff entered reach no private network and have limits (specification 11)."""

import gzip
import socket

import pytest

from lib import http_client
from lib.http_client import HttpClient, RequestFailed, check_url
from tests.local_server import Reply, serve


@pytest.fixture(autouse=True)
def quick_limits(monkeypatch):
    monkeypatch.setattr(http_client, "READ_SECONDS", 0.3)
    monkeypatch.setattr(http_client, "BACKOFF_SECONDS", 0)


def get(url, *, allow_loopback=True, **details):
    with HttpClient(allow_loopback=allow_loopback, **details) as client:
        return client.get(url)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.8.8.8", "localhost", "[::1]", "0.0.0.0", "[::]", "2130706433", "0x7f.1", "0177.0.0.1"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fc00::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "224.0.0.1", "255.255.255.255"),
    ],
)
def test_private_address_is_never_called(host):
    with pytest.raises(RequestFailed, match="private network"):
        get(f"https://{host}/wp-json", allow_loopback=False)


def test_name_of_a_private_address_is_never_called(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **details: found)
    with pytest.raises(RequestFailed, match="private network"):
        get("https://shop.example/", allow_loopback=False)


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fc00::1]"])
def test_loopback_setting_opens_no_other_private_network(host):
    with pytest.raises(RequestFailed, match="private network"):
        get(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "shop.example", "", "https://", "//x"),
        *("https://user:pass@shop.example/", "https://shop.example:port/", "https://[::1/", "javascript:alert(1)"),
    ],
)
def test_unusable_address_is_refused(url):
    with pytest.raises(RequestFailed):
        check_url(url)
    check_url("https://shop.example/path?x=1")


def test_answer_is_returned_with_credentials_sent():
    with serve(lambda path: Reply(b'{"id": 1}')) as server:
        answer = get(f"{server.url}/orders", auth=("ck_a", "cs_b"))
    assert answer.body == b'{"id": 1}'
    [(path, headers)] = server.requests
    assert (path, headers["authorization"]) == ("/orders", "Basic Y2tfYTpjc19i")


def test_redirect_is_not_followed():
    with (
        serve(lambda path: Reply(status=302, headers={"Location": "/elsewhere"})) as server,
        pytest.raises(RequestFailed, match=r"redirects to another one \(302\)"),
    ):
        get(f"{server.url}/orders")
    assert server.paths == ["/orders"]


def test_busy_server_is_called_again():
    statuses = iter([503, 429, 200])
    with serve(lambda path: Reply(status=next(statuses), headers={"Retry-After": "3600"})) as server:
        assert get(f"{server.url}/").body == b"{}"
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "text", "calls"), [(500, "status 500", 1), (503, "status 503", 3), (401, "key", 1)])
def test_failure_is_named(status, text, calls):
    with serve(lambda path: Reply(status=status)) as server, pytest.raises(RequestFailed, match=text) as failure:
        get(f"{server.url}/")
    assert (failure.value.status, len(server.requests)) == (status, calls)


def test_long_answer_is_cut_off(monkeypatch):
    monkeypatch.setattr(http_client, "MAX_BYTES", 1024 * 1024)
    with (
        serve(lambda path: Reply(b"x" * (1024 * 1024 + 1))) as server,
        pytest.raises(RequestFailed, match="longer than 1 MiB"),
    ):
        get(f"{server.url}/")


def test_compressed_answer_is_measured_as_it_is_read(monkeypatch):
    monkeypatch.setattr(http_client, "MAX_BYTES", 100_000)
    bomb = gzip.compress(b"0" * 5_000_000)
    with (
        serve(lambda path: Reply(bomb, headers={"Content-Encoding": "gzip"})) as server,
        pytest.raises(RequestFailed, match="longer than"),
    ):
        get(f"{server.url}/")


def test_answer_that_stalls_is_given_up():
    with (
        serve(lambda path: Reply(b"x" * 1_000, stalls_after=10)) as server,
        pytest.raises(RequestFailed, match=r"in time|connection failed"),
    ):
        get(f"{server.url}/")


def test_answer_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(http_client, "TOTAL_SECONDS", -1.0)
    with serve(lambda path: Reply(b"x" * 1_000)) as server, pytest.raises(RequestFailed, match="took too long"):
        get(f"{server.url}/")


def test_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serve(lambda path: Reply()) as server:
        assert get(f"{server.url}/").body == b"{}"


def test_unreachable_server_fails():
    with serve(lambda path: Reply()) as server:
        pass
    with pytest.raises(RequestFailed, match="connection failed"):
        get(f"{server.url}/")
