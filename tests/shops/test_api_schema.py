"""Whatever the description of the API allows or forbids, each answer is one that it describes; so many cases are sent as
SCHEMA_CASES says (`SCHEMA_CASES=20000 .venv/bin/pytest tests/shops/test_api_schema.py -s` prints what was answered)."""

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
from tests.scenarios import NOW, create_program, import_affiliates

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("SCHEMA_CASES", "120"))
# Few enough that snapshots of the same order meet.
KNOWN = ["1001", "1002", "A.b-C_d"]
EVERY = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def as_it_is(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(autouse=True)
def _connection_stays():
    """The test's transaction is one that a server would give back between requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def secret(tmp_path) -> str:
    create_program("2026-01-01")
    import_affiliates(["R1850"], tmp_path)
    return api_keys.create(name="the shop", now=NOW, by=None)[1]


def of_one_order(case: Case, order_id: str | None) -> None:
    """Make the case one of an order that others are about as well, so that it gets past the form."""
    if order_id is None:
        return
    if case.path_parameters:
        case.path_parameters["order_id"] = order_id
    for row in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(row, dict) and "order_id" in row:
            row["order_id"] = order_id


def send(operation: APIOperation, mode: GenerationMode, cases: int, secret: str) -> Counter[tuple[str, str, int]]:
    """Send so many cases of the operation and compare each answer with the description; how many had which status."""
    answered: Counter[tuple[str, str, int]] = Counter()

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode), order_id=st.sampled_from([*KNOWN, None]))
    def sent(case: Case, order_id: str | None) -> None:
        of_one_order(case, order_id)
        response = case.call(headers={"Authorization": f"Bearer {secret}"})
        answered[operation.label, mode.value, response.status_code] += 1
        case.validate_response(response, checks=EVERY)

    sent()
    return answered


def test_by_the_rules_of_the_description(secret):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    found = [operation for operation in schema.get_all_operations() if isinstance(operation, Ok)]
    kinds = [(operation.ok(), mode) for operation in found for mode in GenerationMode]
    assert len(kinds) == 3 * 2
    answered: Counter[tuple[str, str, int]] = Counter()
    for operation, mode in kinds:
        answered += send(operation, mode, -(-CASES // len(kinds)), secret)
    for key, number in sorted(answered.items()):
        sys.stdout.write(f"{key}: {number}\n")
    assert answered["PUT /api/v1/orders/{order_id}", "positive", 201] > 0, "nothing got past the form"
