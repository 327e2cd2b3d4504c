"""Every address, asked by everybody"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import time_machine
from django.urls import NoReverseMatch, reverse

from agreements.models import AgreementVersion
from tests.portal import matrix_requests, matrix_scenario
from tests.portal.matrix_admin_table import POSTED_IN_THE_ADMIN, READ_IN_THE_ADMIN
from tests.portal.matrix_requests import (
    Address,
    RequestHandler,
    build_path,
    list_addresses,
    normalize_response,
    summarize_response,
)
from tests.portal.matrix_scenario import Scenario
from tests.portal.matrix_table import AFFILIATES, SITE, WITHOUT_A_FORM, Row
from tests.scenarios import roll_back

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@dataclass
class Everybody:
    """Those who ask, in a scenario that stays as it is."""

    scenario: Scenario
    sessions: dict[str, str]
    door: RequestHandler

    def deviations(self, name: str, method: str, expected: Row) -> list[str]:
        """Each part that is answered otherwise than the table says."""
        path = build_path(self.scenario, known(name))
        found = {part: summarize_response(self.door, session, method, path) for part, session in self.sessions.items()}
        return [
            f"{method} {name} by {part}: {found[part]}, not {expected[part]}"
            for part in self.sessions
            if found[part] != expected[part]
        ]


def known(name: str) -> Address:
    return next(address for address in list_addresses() if address.name == name)


@pytest.fixture(scope="module")
def program(django_db_setup, django_db_blocker) -> Iterator[tuple[Scenario, dict[str, str]]]:
    with django_db_blocker.unblock(), time_machine.travel(matrix_scenario.NOW), roll_back():
        scenario = matrix_scenario.build_scenario()
        yield scenario, matrix_requests.sign_in_all(scenario)


@pytest.fixture
def everybody(program, settings) -> Iterator[Everybody]:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    # Each refusal writes a warning with its traceback, of which pytest would keep thousands.
    logging.disable(logging.ERROR)
    scenario, sessions = program
    yield Everybody(scenario, sessions, RequestHandler())
    logging.disable(logging.NOTSET)


def test_has_a_row_in_the_table_and_every_row_an_address():
    names = {address.name for address in list_addresses()}
    rows = SITE.keys() | READ_IN_THE_ADMIN.keys()
    assert sorted(names - rows) == [], "addresses without a row in matrix_table"
    assert sorted(rows - names) == [], "rows of addresses that are gone"


def test_of_the_site_answers_each_as_the_table_says(everybody):
    found = []
    for name, (read, posted) in SITE.items():
        found += everybody.deviations(name, "GET", read) + everybody.deviations(name, "POST", posted)
    assert not found, "\n".join(found)


def test_of_the_admin_answers_each_as_the_table_says(everybody):
    found = []
    for name, read in READ_IN_THE_ADMIN.items():
        found += everybody.deviations(name, "GET", read)
    assert not found, "\n".join(found)


def test_of_the_admin_takes_no_form_where_rows_are_only_read(everybody):
    found = []
    for name, posted in POSTED_IN_THE_ADMIN.items():
        found += everybody.deviations(name, "POST", posted)
    assert not found, "\n".join(found)


# What everybody may read, so that there is something to tell from nothing.
PUBLISHED = ("agreements:version", "portal:agreement_accept", "portal:agreement_decline", "tracking:follow")


def test_with_anothers_id_answers_as_one_with_an_id_that_nobody_has(everybody):
    found, asked = [], 0
    for name in SITE:
        anothers, nobodys = (build_path(everybody.scenario, known(name), made_up=made_up) for made_up in (False, True))
        if anothers == nobodys or name.startswith(PUBLISHED):
            continue
        for part in (*AFFILIATES[1:], "visitor"):
            for method in ("GET", "POST"):
                session = everybody.sessions[part]
                answers = [normalize_response(everybody.door, session, method, path) for path in (anothers, nobodys)]
                asked += 1
                if answers[0] != answers[1]:
                    found.append(f"{method} {name} by {part}: {answers}")
    assert not found, "\n".join(found)
    assert asked > 100


def test_of_a_draft_is_nobodys(everybody):
    draft = AgreementVersion.objects.get(published_at=None)
    session = everybody.sessions["boss"]
    for name in SITE:
        if name.startswith("agreements:version_") or name in ("agreements:version", "portal:agreement_accept"):
            path = reverse(name, args=[draft.pk])
            assert summarize_response(everybody.door, everybody.sessions["owner"], "GET", path) == "404", name
            assert summarize_response(everybody.door, session, "GET", path) in ("404", "302 admin:index"), name


@pytest.mark.parametrize("made_up", [lambda _pk: uuid4(), lambda _pk: "nothing"], ids=["another", "none"])
def test_with_a_made_up_id_is_never_an_error(everybody, made_up: Callable[[object], UUID | str]):
    found = []
    for name in READ_IN_THE_ADMIN:
        if not name.startswith("admin:") or not known(name).takes or name == "admin:app_list":
            continue
        try:
            path = reverse(name, kwargs={key: made_up(pk) for key, pk in everybody.scenario.kwargs(name).items()})
        except NoReverseMatch:
            continue
        for part in ("boss", "preparers"):
            for method in ("GET", "POST"):
                answer = summarize_response(everybody.door, everybody.sessions[part], method, path)
                if answer.startswith("5") or answer == "200":
                    found.append(f"{method} {path} by {part}: {answer}")
    assert not found, "\n".join(found)


def test_is_posted_to_by_its_own_forms_alone(everybody):
    everybody.door.strict = True
    found = []
    for address in list_addresses():
        if address.name in WITHOUT_A_FORM:
            continue
        part = "boss" if address.route.startswith("admin/") else "owner"
        answer = summarize_response(
            everybody.door, everybody.sessions[part], "POST", build_path(everybody.scenario, address)
        )
        if answer != "403":
            found.append(f"{address.name} by {part}: {answer}")
    assert not found, "\n".join(found)
