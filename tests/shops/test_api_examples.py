"""The documentation of the API: its examples run, and it lists everything."""

import json
import re
import subprocess
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import api_keys
from portal.api_urls import ALL_OPERATIONS
from shops.api.bodies import MAX_BYTES
from shops.api.document import build_document
from shops.api.examples import build_examples
from shops.api.pages import build_curl_command
from shops.api.problems import ERROR_KINDS
from shops.api.schemas import OUTCOMES
from tests.scenarios import NOW, create_program, import_affiliates
from tracking.models import Reason
from tracking.orders import snapshots
from tracking.orders.incoming import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(tmp_path) -> str:
    create_program("2026-01-01")
    import_affiliates(["R1850"], tmp_path)
    return api_keys.create(name="the shop", now=NOW, by=None)[1]


def test_examples_get_the_documented_responses(secret):
    for example in build_examples("USD"):
        path = f"/api/v1/orders/{example.order_id or 'batch'}"
        body = example.body if isinstance(example.body, str) else json.dumps(example.body)
        media = example.content_type or ""
        response = Client().generic(
            example.operation, path, body if media else "", media, headers=build_headers(secret)
        )
        assert (response.status_code, response.json()) == (example.status, example.response), example.name


def build_headers(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_curl_commands_send_the_examples(secret, settings: Settings):
    settings.BASE_URL = "http://testserver"
    for example in build_examples("USD"):
        method, url, headers, body = "GET", "", {}, ""
        arguments = iter(split_command(build_curl_command(example), secret))
        for word in arguments:
            if word == "-X":
                method = next(arguments)
            elif word == "-H":
                name, _, value = next(arguments).partition(": ")
                headers[name] = value
            elif word == "--data-binary":
                body = next(arguments)
            else:
                url = word
        path, media = url.removeprefix("http://testserver"), headers.pop("Content-Type", "")
        response = Client().generic(method, path, body, media, headers=headers)
        assert (response.status_code, response.json()) == (example.status, example.response), example.name


def split_command(command: str, secret: str) -> list[str]:
    """Return the arguments that a shell passes to curl."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    return subprocess.check_output(["sh", "-c", script], env={"KEY": secret}, text=True).split("\0")[:-1]


def test_openapi_document_is_public(client: Client):
    response = client.get(reverse("api_openapi"))
    assert response["Content-Type"] == "application/json"
    assert response.json() == build_document("USD", ALL_OPERATIONS)
    assert client.post(reverse("api_openapi")).status_code == 405


def test_schemas_name_every_key_and_the_required_ones():
    schemas = build_document("USD")["components"]["schemas"]
    for name, keys, required in (
        ("Snapshot", snapshots.KEYS, snapshots.REQUIRED),
        ("Line", snapshots.LINE_KEYS, snapshots.LINE_REQUIRED),
        ("Customer", snapshots.CUSTOMER_KEYS, ()),
    ):
        assert tuple(schemas[name]["properties"]) == keys
        assert tuple(schemas[name]["required"]) == required
        assert schemas[name]["additionalProperties"] is False


def test_document_lists_every_outcome_reason_and_error():
    text = json.dumps(build_document("USD", ALL_OPERATIONS))
    assert set(OUTCOMES) == set(Outcome)
    assert [name for name in (*Outcome, *Reason) if f"`{name.value}`" not in text] == []
    listed = {code for operation in ALL_OPERATIONS for code in operation.errors}
    common = {"unauthorized", "scope_missing", "method_not_allowed", "too_many_requests", "unavailable"}
    assert listed | common | {"internal"} == set(ERROR_KINDS)


def test_page_shows_the_whole_document(client: Client):
    response = client.get(reverse("api_reference"))
    text = unescape(response.content.decode())
    for word in (*ERROR_KINDS, *(outcome.value for outcome in Outcome), *(reason.value for reason in Reason)):
        assert f"<code>{word}</code>" in text, word
    for operation in ALL_OPERATIONS:
        assert re.sub("`(.+?)`", r"<code>\1</code>", operation.description) in text
        for parameter in operation.parameters:
            assert f"<code>{parameter['name']}</code>" in text
    for example in build_examples("USD"):
        assert build_curl_command(example) in text, example.name
    assert f"{MAX_BYTES // 1024 // 1024} MiB" in text
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|https?://(?!127\.0\.0\.1|localhost)", text)
