"""Affiliates in every state, and a program for them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements.acceptances import Evidence, accept_version
from agreements.models import AgreementText, AgreementVersion
from tests import factories
from tests.portal import erasure_scenario, matrix_requests, matrix_scenario
from tests.portal.matrix_scenario import Scenario
from tests.scenarios import check_constraints, roll_back
from tests.table_copies import publish_seed_agreement_once

# The same for all tests of a process, so that the agreement is rendered once.
A_YEAR_AGO = timezone.now() - timedelta(days=365)
STATES_WITH_ACCEPTANCE = (State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)


@pytest.fixture
def agreement(db) -> AgreementVersion:
    """The seed agreement, in force for a year."""
    return publish_seed_agreement_once(A_YEAR_AGO)


def accept_agreement(affiliate: Affiliate, agreement: AgreementVersion, at) -> None:
    text = AgreementText.objects.get(agreement=agreement)
    evidence = Evidence(
        box_ticked=True, text_sha256=text.sha256, box_label="I accept", button_label="Accept", page_revision="1"
    )
    accept_version(affiliate=affiliate, agreement=agreement, now=at, by=affiliate.user, evidence=evidence)


@pytest.fixture
def affiliate_factory(agreement) -> Callable[..., Affiliate]:
    """Create an affiliate who entered `state` a month ago and accepted the agreement if the state requires it."""

    def create(state: State = State.ACTIVE, **fields) -> Affiliate:
        at = timezone.now() - timedelta(days=30)
        user = factories.make_user(name=fields.get("name", ""), password=factories.PASSWORD)
        affiliate = factories.make_affiliate(state=State.APPLIED, at=at, user=user, **fields)
        for step in factories.STATE_PATHS[state]:
            if step is State.ACTIVE:
                accept_agreement(affiliate, agreement, at)
                affiliate.refresh_from_db()
            else:
                factories.move_to_state(affiliate, step, at)
        return affiliate

    return create


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(scope="module")
def erasure_program(django_db_setup, django_db_blocker) -> Iterator[UUID]:
    """Build the affiliate with everything that a program can store. They stay for all tests of a file."""
    with django_db_blocker.unblock(), roll_back():
        affiliate = erasure_scenario.build_erasure_scenario()
        check_constraints()
        yield affiliate.pk


@pytest.fixture(scope="module")
def matrix_program(django_db_setup, django_db_blocker) -> Iterator[tuple[Scenario, dict[str, str]]]:
    """Build the scenario of the permission matrix at its time, and sign everyone in. It stays for all tests of a file."""
    with django_db_blocker.unblock(), time_machine.travel(matrix_scenario.NOW), roll_back():
        scenario = matrix_scenario.build_scenario()
        sessions = matrix_requests.sign_in_all(scenario)
        check_constraints()
        yield scenario, sessions
