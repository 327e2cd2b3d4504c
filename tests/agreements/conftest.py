"""What the tests of agreements begin with."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import State
from agreements import drafting, seeding
from agreements.models import Acceptance, Agreement
from tests.agreements.test_accepting import accept
from tests.factories import make_affiliate, make_staff

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def first(db: None) -> Agreement:
    """The seed agreement, published and in effect since START."""
    return seeding.seed(effective_at=START, now=START, by=None)


@pytest.fixture
def records(first: Agreement) -> list[Acceptance]:
    """A chain of four acceptances."""
    return [accept(make_affiliate(state=State.APPROVED), first) for _ in range(4)]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_staff(superuser=True))
    return client


@pytest.fixture
def draft(first: Agreement) -> Agreement:
    return drafting.start(now=timezone.now(), by=None)
