"""Generated requests, valid and invalid by the OpenAPI document, get only responses that the document describes.

SCHEMA_CASES sets the number of requests; `SCHEMA_CASES=20000 .venv/bin/pytest tests/shops/test_api_schema.py -s` prints
the number of responses by status.
"""

import os
import sys
from collections import Counter

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from accounts import api_keys
from accounts.models import Scope
from tests.scenarios import NOW, create_program, import_affiliates

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("SCHEMA_CASES", "80"))
# Few enough that several snapshots of the same order are sent.
ORDER_IDS = ["1001", "1002", "A.b-C_d"]
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def serialize_ndjson(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(autouse=True)
def _keep_connection():
    """Keep the connection, whose transaction a request would otherwise end."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def secret(tmp_path) -> str:
    create_program("2026-01-01")
    import_affiliates(["R1850"], tmp_path)
    return api_keys.create(name="the shop", scopes=Scope.values, now=NOW, by=None)[1]


def set_order_id(case: Case, order_id: str | None) -> None:
    """Give the case a known order id, so that cases meet in one order."""
    if order_id is None:
        return
    if case.path_parameters:
        case.path_parameters["order_id"] = order_id
    for row in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(row, dict) and "order_id" in row:
            row["order_id"] = order_id


def send(operation: APIOperation, mode: GenerationMode, cases: int, secret: str) -> Counter[tuple[str, str, int]]:
    """Send `cases` requests, check each response against the document, and count the responses by status."""
    statuses: Counter[tuple[str, str, int]] = Counter()

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode), order_id=st.sampled_from([*ORDER_IDS, None]))
    def send_case(case: Case, order_id: str | None) -> None:
        set_order_id(case, order_id)
        response = case.call(headers={"Authorization": f"Bearer {secret}"})
        statuses[operation.label, mode.value, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    send_case()
    return statuses


def test_every_response_is_documented(secret):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    operations = [operation for operation in schema.get_all_operations() if isinstance(operation, Ok)]
    kinds = [(operation.ok(), mode) for operation in operations for mode in GenerationMode]
    assert len(kinds) == 4 * 2
    statuses: Counter[tuple[str, str, int]] = Counter()
    for operation, mode in kinds:
        statuses += send(operation, mode, -(-CASES // len(kinds)), secret)
    for key, number in sorted(statuses.items()):
        sys.stdout.write(f"{key}: {number}\n")
    assert statuses["PUT /api/v1/orders/{order_id}", "positive", 201] > 0, "no request was valid"
