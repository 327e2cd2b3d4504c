"""Fixtures for the tests of agreements."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import State
from agreements import seeding, version_drafts
from agreements.models import Acceptance, AgreementVersion
from tests.agreements.acceptance_data import accept_version
from tests.factories import make_affiliate, make_staff

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def first(db: None) -> AgreementVersion:
    """Return the seed agreement, published and in effect since START."""
    return seeding.publish_seed_agreement(effective_at=START, now=START, by=None)


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
