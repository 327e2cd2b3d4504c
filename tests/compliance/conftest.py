"""Fixtures of the compliance tests."""

import pytest

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from tests.compliance import cases
from tests.factories import make_staff


@pytest.fixture
def agreement(db: None) -> AgreementVersion:
    return cases.seed_agreement()


@pytest.fixture
def affiliate(agreement: AgreementVersion) -> Affiliate:
    return cases.make_active_affiliate()


@pytest.fixture
def reviewer(db: None) -> User:
    return make_staff("compliance reviewers")


@pytest.fixture
def second_reviewer(db: None) -> User:
    """Return a second reviewer, for appeals."""
    return make_staff("compliance reviewers")
