"""Fixtures for the tests of agreements."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from affiliates.models import State
from agreements import version_drafts
from agreements.models import Acceptance, AgreementVersion
from tests.agreements.acceptance_data import NOW, accept_version
from tests.factories import make_affiliate, make_staff
from tests.table_copies import publish_seed_agreement_once

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """Begin each test at noon of the same day, because pages read the clock and no day may end meanwhile."""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def first(db: None) -> AgreementVersion:
    """Return the seed agreement, published and in effect since START."""
    return publish_seed_agreement_once(START)


@pytest.fixture
def records(first: AgreementVersion) -> list[Acceptance]:
    """Return a chain of four acceptances."""
    return [accept_version(make_affiliate(state=State.APPROVED), first) for _ in range(4)]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_staff(superuser=True))
    return client


@pytest.fixture
def draft(first: AgreementVersion) -> AgreementVersion:
    return version_drafts.start_draft(now=timezone.now(), by=None)
