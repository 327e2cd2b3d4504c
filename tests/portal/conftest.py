"""People in every role and state, and a program for them to take part in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements.accepting import Evidence, accept
from agreements.models import Agreement, AgreementText
from agreements.seeding import seed
from tests import factories

WITH_ACCEPTANCE = (State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)


@pytest.fixture
def agreement(db) -> Agreement:
    """The seed agreement, in force for a year."""
    at = timezone.now() - timedelta(days=365)
    return seed(effective_at=at, now=at, by=None)


def accepted(affiliate: Affiliate, agreement: Agreement, at) -> None:
    text = AgreementText.objects.get(agreement=agreement)
    evidence = Evidence(
        box_ticked=True, text_sha256=text.sha256, box_label="I accept", button_label="Accept", page_revision="1"
    )
    accept(affiliate=affiliate, agreement=agreement, now=at, by=affiliate.user, evidence=evidence)


@pytest.fixture
def taking_part(agreement) -> Callable[..., Affiliate]:
    """An affiliate who came into `state` a month ago, and accepted where that state asks for it."""

    def make(state: State = State.ACTIVE, **fields) -> Affiliate:
        at = timezone.now() - timedelta(days=30)
        way = factories.WAYS[state]
        user = factories.make_user(name=fields.get("name", ""), password=factories.PASSWORD)
        affiliate = factories.make_affiliate(state=State.APPLIED, at=at, user=user, **fields)
        for step in way:
            if step is State.ACTIVE:
                accepted(affiliate, agreement, at)
                affiliate.refresh_from_db()
            else:
                factories._take(affiliate, step, at)
        return affiliate

    return make


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
