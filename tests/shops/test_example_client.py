"""The example client of docs/examples, on the real API."""

import importlib.util
import io
import json
from email.message import Message
from types import SimpleNamespace
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pytest
from django.test import Client

from config.environment import BASE_DIR
from tests.scenarios import build_order

PATH = BASE_DIR / "docs/examples/client.py"


@pytest.fixture
def client_module(monkeypatch):
    """The module, which sends to Django's test client; `failures` are answered first, `waits` are what it slept."""
    spec = importlib.util.spec_from_file_location("example_client", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(failures=[], waits=[])

    def urlopen(request, timeout):
        if module.failures:
            raise module.failures.pop(0)
        path, media = urlsplit(request.full_url).path, request.get_header("Content-type")
        response = Client().generic(
            request.get_method(),
            path,
            request.data or b"",
            media,
            headers={"Authorization": request.get_header("Authorization")},
        )
        if response.status_code >= 400:
            raise build_failure(response.status_code, response.content)
        return io.BytesIO(response.content)

    monkeypatch.setattr(module, "urlopen", urlopen)
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=module.waits.append))
    return module


def build_failure(status, content=b"<html>", **headers):
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return HTTPError("https://affiliates.example.com", status, "", message, io.BytesIO(content))


@pytest.fixture
def client(client_module, shop):
    return client_module.OrdersClient(
        "https://affiliates.example.com", shop.headers["Authorization"].removeprefix("Bearer ")
    )


def test_client_sends_and_reads_orders(client):
    order = build_order("A1", ("1", "50.00"), coupon="ANN")
    assert client.send(order)["outcome"] == "created"
    assert client.send(order)["outcome"] == "unchanged"
    results = client.send_batch([order, build_order("A2", ("1", "5.00"), coupon="nobody")])
    assert [(result["order_id"], result["outcome"]) for result in results] == [("A1", "unchanged"), ("A2", "created")]
    assert client.get("A1")["affiliate"] == "ANN"


def test_errors_are_raised_with_their_text_and_not_sent_again(client, client_module):
    client.send(build_order("A1", ("1", "50.00")))
    with pytest.raises(client_module.Conflict, match=r"409.*updated_at"):
        client.send(build_order("A1", ("1", "60.00")))
    with pytest.raises(client_module.ApiError, match=r"422.*currency"):
        client.send(build_order("A2", ("1", "50.00"), currency="XXX"))
    with pytest.raises(client_module.ApiError, match="404"):
        client.get("A/3")
    client.key = "wrong"
    with pytest.raises(client_module.ApiError, match=r"401.*unauthorized"):
        client.get("A1")
    assert client_module.waits == []


def test_busy_and_unreachable_servers_are_asked_again(client, client_module):
    client_module.failures += [
        build_failure(429, json.dumps({"error": {}}).encode(), Retry_After="17"),
        URLError("away"), build_failure(502), TimeoutError(), build_failure(503, b"", Retry_After="1"),
    ]  # fmt: skip
    assert client.send(build_order("A1", ("1", "50.00")))["outcome"] == "created"
    assert client_module.waits == [17, 2, 4, 8, 16]


def test_last_failure_is_raised(client, client_module):
    client_module.failures += [build_failure(503) for _ in range(5)] + [build_failure(504)]
    with pytest.raises(HTTPError, match="504"):
        client.send(build_order())
    client_module.failures += [URLError("away") for _ in range(6)]
    with pytest.raises(URLError):
        client.send(build_order())
    assert client_module.waits == [1, 2, 4, 8, 16] * 2
