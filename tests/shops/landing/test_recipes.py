"""The recipes that set the cookie of a click id on the server, each run as far as its program is installed."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from shops.landing import script
from tests.free_ports import find_free_port

CADDY = shutil.which("caddy", path=str(Path(sys.executable).parent))
RECIPES = script.FOLDER / "recipes"
CLICK_ID = "AQ" + "x" * 70 + "_-09"
COOKIE = f"accord_click_id={CLICK_ID}"
MALFORMED = ["", CLICK_ID[:-1], CLICK_ID + "x", CLICK_ID[:-1] + ";", CLICK_ID + "\n", CLICK_ID[:-1] + "ä"]
HERE = Path(__file__).parent


def parse_cookie(header: str) -> tuple[str, dict[str, str]]:
    """Return `name=value`, and the attributes in lower case."""
    pair, *attributes = header.split(";")
    parts = [attribute.strip().lower().partition("=") for attribute in attributes]
    return pair, {name: value for name, _, value in parts if name != "expires"}


EXPECTED = {"max-age": "259200", "path": "/", "samesite": "lax", "secure": ""}


@pytest.fixture(scope="module")
def django_recipe():
    spec = importlib.util.spec_from_file_location("django_middleware", RECIPES / "django_middleware.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def serve_by_django(recipe, query):
    handle = recipe.ClickIdMiddleware(lambda request: HttpResponse("shop"))
    return handle(RequestFactory().get(f"/?{query}", secure=True))


def test_django_sets_the_cookie(django_recipe):
    response = serve_by_django(django_recipe, f"click_id={CLICK_ID}")
    assert parse_cookie(response.cookies["accord_click_id"].OutputString()) == (COOKIE, EXPECTED)
    assert response["Cache-Control"] == "private, no-store"
    request = RequestFactory().get("/", headers={"Cookie": COOKIE})
    assert django_recipe.read_click_id(request) == CLICK_ID
    assert django_recipe.read_click_id(RequestFactory().get("/", headers={"Cookie": "accord_click_id=x"})) is None


@pytest.mark.parametrize("text", MALFORMED)
def test_django_ignores_what_is_no_click_id(django_recipe, text):
    response = serve_by_django(django_recipe, f"click_id={quote(text)}")
    assert (dict(response.cookies), response.get("Cache-Control")) == ({}, None)


def test_django_asks_for_consent(django_recipe, monkeypatch):
    monkeypatch.setattr(django_recipe, "has_consent", lambda request: False)
    assert not serve_by_django(django_recipe, f"click_id={CLICK_ID}").cookies


NODE = """
import { createServer } from "node:http";
import { storeClickId, readClickId } from "%s";
const handle = storeClickId((request) => !request.headers["x-refused"]);
const server = createServer((request, response) => {
  response.setHeader("Set-Cookie", "cart=1");
  handle(request, response, () => response.end(JSON.stringify(readClickId(request))));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@contextmanager
def running(command, port=0, **options):
    """Run a server, and yield its port, which it prints unless given."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True, **options)
    assert process.stdout is not None
    try:
        yield port or int(process.stdout.readline())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def get(port: int, path: str, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", path, headers=headers)
    response = client.getresponse()
    body = response.read()
    client.close()
    return response, body


def list_click_cookies(response: HTTPResponse) -> list[str]:
    cookies = response.headers.get_all("Set-Cookie") or []
    assert cookies[0] == "cart=1", "the shop's own cookie is kept"
    return cookies[1:]


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_node_sets_the_cookie():
    code = NODE % (RECIPES / "node.mjs").as_uri()
    with running(["node", "--input-type=module", "--eval", code]) as port:
        response, body = get(port, f"/p?a=1&click_id={CLICK_ID}", {"Cookie": f"a=1; {COOKIE}"})
        assert [parse_cookie(cookie) for cookie in list_click_cookies(response)] == [(COOKIE, EXPECTED)]
        assert (response.headers["Cache-Control"], json.loads(body)) == ("private, no-store", CLICK_ID)
        assert list_click_cookies(get(port, f"/?click_id={CLICK_ID}", {"X-Refused": "1"})[0]) == []
        for text in MALFORMED:
            response, body = get(port, f"/?click_id={quote(text)}", {"Cookie": "accord_click_id=x"})
            assert (list_click_cookies(response), response.headers["Cache-Control"], body) == ([], None, b"null")


class Upstream(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "cart=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def wait_for_server(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise AssertionError("the server never answered")


@pytest.mark.skipif(CADDY is None, reason="Caddy is not installed")
def test_caddy_sets_the_cookie(tmp_path):
    upstream = HTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = find_free_port()
    text = (RECIPES / "Caddyfile").read_text()
    text = text.replace("shop.example {", f"http://127.0.0.1:{port} {{").replace("8080", str(upstream.server_port))
    (tmp_path / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    assert CADDY is not None
    command = [CADDY, "run", "--config", str(tmp_path / "Caddyfile")]
    with running(command, port, env=os.environ | {"HOME": str(tmp_path)}, stderr=subprocess.DEVNULL):
        wait_for_server(port)
        response, _ = get(port, f"/p?a=1&click_id={CLICK_ID}", {})
        assert [parse_cookie(cookie) for cookie in list_click_cookies(response)] == [(COOKIE, EXPECTED)]
        assert response.headers["Cache-Control"] == "private, no-store"
        for text in MALFORMED:
            response, _ = get(port, f"/?click_id={quote(text)}", {})
            assert (list_click_cookies(response), response.headers["Cache-Control"]) == ([], None)
    upstream.shutdown()
    upstream.server_close()


@pytest.mark.skipif(not shutil.which("php"), reason="PHP is not installed")
def test_woocommerce_sets_the_cookie_and_stores_it_with_the_order():
    command = ["php", str(HERE / "woocommerce_checkout.php"), str(RECIPES / "woocommerce.php")]
    for text in (CLICK_ID, *MALFORMED):
        result = json.loads(subprocess.check_output([*command, text], text=True))
        is_stored = text == CLICK_ID
        assert result["cookies"] == ([[COOKIE, 259200, "/", "Lax", True]] if is_stored else [])
        assert result["meta"] == ([["_accord_click_id", CLICK_ID, "saved"]] * 2 if is_stored else [])
        assert result["refused"] == []
