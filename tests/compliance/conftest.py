"""Fixtures of the tests of compliance."""

import pytest

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import Agreement
from tests.compliance import cases
from tests.factories import make_staff


@pytest.fixture
def agreement(db: None) -> Agreement:
    return cases.agreement_from()


@pytest.fixture
def affiliate(agreement: Agreement) -> Affiliate:
    return cases.active()


@pytest.fixture
def reviewer(db: None) -> User:
    return make_staff("compliance reviewers")


@pytest.fixture
def another(db: None) -> User:
    """A second reviewer, for appeals."""
    return make_staff("compliance reviewers")
