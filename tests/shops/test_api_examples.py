"""The description of the API ..."""

import json
import re
import subprocess
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import api_keys
from shops.api.bodies import MAX_BYTES
from shops.api.document import OPERATIONS, build_document
from shops.api.examples import build_examples
from shops.api.pages import build_curl_command
from shops.api.problems import ERROR_KINDS
from shops.api.schemas import OUTCOMES
from tests.scenarios import NOW, create_program, import_affiliates
from tracking.models import Reason
from tracking.orders import snapshots
from tracking.orders.ingestion import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(tmp_path) -> str:
    create_program("2026-01-01")
    import_affiliates(["R1850"], tmp_path)
    return api_keys.create(name="the shop", now=NOW, by=None)[1]


def test_has_examples_that_all_run_and_are_answered_as_it_says(secret):
    for one in build_examples("USD"):
        path = f"/api/v1/orders/{one.order_id or 'batch'}"
        body = one.body if isinstance(one.body, str) else json.dumps(one.body)
        answer = Client().generic(
            one.operation, path, body if one.content_type else "", one.content_type or "", headers=signed(secret)
        )
        assert (answer.status_code, answer.json()) == (one.status, one.response), one.name


def signed(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_has_commands_for_a_shell_that_send_the_same(secret, settings: Settings):
    settings.BASE_URL = "http://testserver"
    for one in build_examples("USD"):
        method, address, headers, body = "GET", "", {}, ""
        words = iter(words_of(build_curl_command(one), secret))
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word == "--data-binary":
                body = next(words)
            else:
                address = word
        path, media = address.removeprefix("http://testserver"), headers.pop("Content-Type", "")
        answer = Client().generic(method, path, body, media, headers=headers)
        assert (answer.status_code, answer.json()) == (one.status, one.response), one.name


def words_of(command: str, secret: str) -> list[str]:
    """What a shell gives to curl."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    return subprocess.check_output(["sh", "-c", script], env={"KEY": secret}, text=True).split("\0")[:-1]


def test_is_served_to_anybody_as_openapi(client: Client):
    answer = client.get(reverse("api_openapi"))
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == build_document("USD")
    assert client.post(reverse("api_openapi")).status_code == 405


def test_names_every_key_of_a_snapshot_and_which_are_required():
    forms = build_document("USD")["components"]["schemas"]
    for name, keys, required in (
        ("Snapshot", snapshots.KEYS, snapshots.REQUIRED),
        ("Line", snapshots.LINE_KEYS, snapshots.LINE_REQUIRED),
        ("Customer", snapshots.CUSTOMER_KEYS, ()),
    ):
        assert tuple(forms[name]["properties"]) == keys
        assert tuple(forms[name]["required"]) == required
        assert forms[name]["additionalProperties"] is False


def test_lists_every_outcome_reason_and_error_that_there_is():
    text = json.dumps(build_document("USD"))
    assert set(OUTCOMES) == set(Outcome)
    assert [name for name in (*Outcome, *Reason) if f"`{name.value}`" not in text] == []
    listed = {code for operation in OPERATIONS for code in operation.errors}
    always = {"unauthorized", "scope_missing", "method_not_allowed", "too_many_requests", "unavailable"}
    assert listed | always | {"internal"} == set(ERROR_KINDS)


def test_is_a_page_for_people_made_of_the_same(client: Client):
    answer = client.get(reverse("api_reference"))
    text = unescape(answer.content.decode())
    for word in (*ERROR_KINDS, *(outcome.value for outcome in Outcome), *(reason.value for reason in Reason)):
        assert f"<code>{word}</code>" in text, word
    for operation in OPERATIONS:
        assert operation.description.replace("`updated_at`", "<code>updated_at</code>") in text
    for one in build_examples("USD"):
        assert build_curl_command(one) in text, one.name
    assert f"{MAX_BYTES // 1024 // 1024} MiB" in text
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|https?://(?!127\.0\.0\.1|localhost)", text)
