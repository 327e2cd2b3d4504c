"""Permissions of every address, for every role, against the tables of the matrix."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from agreements.models import AgreementVersion
from portal.key_rotation import COLUMNS
from tests.portal.matrix_admin_table import ADMIN_GET, ADMIN_POST
from tests.portal.matrix_requests import (
    Address,
    RequestHandler,
    build_path,
    list_addresses,
    normalize_response,
    summarize_response,
)
from tests.portal.matrix_scenario import Scenario
from tests.portal.matrix_table import AFFILIATES, CSRF_EXEMPT, SITE, Row

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@dataclass
class Matrix:
    """Sends requests in every role; each leaves the scenario unchanged."""

    scenario: Scenario
    sessions: dict[str, str]
    handler: RequestHandler

    def list_deviations(self, name: str, method: str, expected: Row) -> list[str]:
        """Return a line for each role whose response differs from `expected`."""
        path = build_path(self.scenario, get_address(name))
        responses = {
            role: summarize_response(self.handler, session, method, path) for role, session in self.sessions.items()
        }
        return [
            f"{method} {name} by {role}: {responses[role]}, not {expected[role]}"
            for role in self.sessions
            if responses[role] != expected[role]
        ]


def get_address(name: str) -> Address:
    return next(address for address in list_addresses() if address.name == name)


@pytest.fixture
def matrix(matrix_program, settings) -> Iterator[Matrix]:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    # Every rejected request logs a warning with a traceback, and pytest would keep thousands of them.
    logging.disable(logging.ERROR)
    scenario, sessions = matrix_program
    yield Matrix(scenario, sessions, RequestHandler())
    logging.disable(logging.NOTSET)


def test_every_address_has_a_row_and_every_row_an_address():
    names = {address.name for address in list_addresses()}
    rows = SITE.keys() | ADMIN_GET.keys()
    assert sorted(names - rows) == [], "addresses without a row in matrix_table"
    assert sorted(rows - names) == [], "rows of addresses that are gone"


def test_site_responds_to_each_role_as_listed(matrix):
    problems = []
    for name, (read, posted) in SITE.items():
        problems += matrix.list_deviations(name, "GET", read) + matrix.list_deviations(name, "POST", posted)
    assert not problems, "\n".join(problems)


def test_admin_responds_to_each_role_as_listed(matrix):
    problems = []
    for name, read in ADMIN_GET.items():
        problems += matrix.list_deviations(name, "GET", read)
    assert not problems, "\n".join(problems)


def test_read_only_admin_pages_reject_posts(matrix):
    problems = []
    for name, posted in ADMIN_POST.items():
        problems += matrix.list_deviations(name, "POST", posted)
    assert not problems, "\n".join(problems)


# Objects that every role may see, so a missing one looks different. An unsubscribe address has a signed token. Available
# creatives are offered to every affiliate; `tests/creatives` proves that others are missing.
PUBLIC_OBJECTS = (
    "agreements:version",
    "creatives:",
    "portal:agreement_accept",
    "portal:agreement_decline",
    "portal:agreement_take_back_decline",
    "portal:unsubscribe",
    "tracking:follow",
)


def test_foreign_object_is_indistinguishable_from_a_missing_one(matrix):
    problems, comparisons = [], 0
    for name in SITE:
        existing, missing = (
            build_path(matrix.scenario, get_address(name), made_up=made_up) for made_up in (False, True)
        )
        if existing == missing or name.startswith(PUBLIC_OBJECTS):
            continue
        for role in (*AFFILIATES[1:], "visitor"):
            for method in ("GET", "POST"):
                session = matrix.sessions[role]
                responses = [normalize_response(matrix.handler, session, method, path) for path in (existing, missing)]
                comparisons += 1
                if responses[0] != responses[1]:
                    problems.append(f"{method} {name} by {role}: {responses}")
    assert not problems, "\n".join(problems)
    assert comparisons > 100


def test_draft_version_is_not_found(matrix):
    draft = AgreementVersion.objects.get(published_at=None)
    session = matrix.sessions["superuser"]
    for name in SITE:
        if name.startswith("agreements:version_") or name in ("agreements:version", "portal:agreement_accept"):
            path = reverse(name, args=[draft.pk])
            assert summarize_response(matrix.handler, matrix.sessions["owner"], "GET", path) == "404", name
            assert summarize_response(matrix.handler, session, "GET", path) in ("404", "302 admin:index"), name


@pytest.mark.parametrize("made_up", [lambda _pk: uuid4(), lambda _pk: "nothing"], ids=["another", "none"])
def test_unknown_id_in_the_admin_is_no_server_error(matrix, made_up: Callable[[object], UUID | str]):
    problems = []
    for name in ADMIN_GET:
        if not name.startswith("admin:") or not get_address(name).has_arguments or name == "admin:app_list":
            continue
        try:
            path = reverse(name, kwargs={key: made_up(pk) for key, pk in matrix.scenario.kwargs(name).items()})
        except NoReverseMatch:
            continue
        for role in ("superuser", "preparers"):
            for method in ("GET", "POST"):
                response = summarize_response(matrix.handler, matrix.sessions[role], method, path)
                if response.startswith("5") or response == "200":
                    problems.append(f"{method} {path} by {role}: {response}")
    assert not problems, "\n".join(problems)


def test_post_without_a_csrf_token_is_rejected(matrix):
    matrix.handler.checks_csrf = True
    problems = []
    for address in list_addresses():
        if address.name in CSRF_EXEMPT:
            continue
        role = "superuser" if address.route.startswith("admin/") else "owner"
        response = summarize_response(
            matrix.handler, matrix.sessions[role], "POST", build_path(matrix.scenario, address)
        )
        if response != "403":
            problems.append(f"{address.name} by {role}: {response}")
    assert not problems, "\n".join(problems)


def test_every_encrypted_value_can_be_encrypted_again(matrix):
    """A column of ciphertext that `key_rotation` does not know would be lost when its key is removed."""
    known = {(column.model, column.field) for column in COLUMNS}
    found = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.get_internal_type() in ("TextField", "CharField", "BinaryField", "JSONField"):
                values = model._base_manager.values_list(field.attname, flat=True)
                if any(
                    str(bytes(value) if isinstance(value, memoryview) else value)[:8].count("gAAAAA")
                    for value in values
                ):
                    found.add((model, field.name))
    assert found
    assert found <= known
