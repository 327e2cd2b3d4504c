"""Imported affiliates set their first password with the link of one e-mail."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portal import invitations
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    """A user who was imported, and so has no password."""
    user = make_user(email="ann@example.com")
    user.set_unusable_password()
    user.save()
    return user


def follow(token: str) -> tuple[str, str]:
    """Return the address and the text of the page at the end of the link."""
    response = Client().get(f"/invitation/{token}/", follow=True)
    assert response.status_code == 200
    return response.request["PATH_INFO"], response.content.decode()


def test_link_sets_the_first_password(user):
    client = Client()
    page = client.get(f"/invitation/{invitations.build_token(user.pk)}/", follow=True)
    new = {"password1": "a-new-long-passphrase", "password2": "a-new-long-passphrase"}
    client.post(page.request["PATH_INFO"], new)
    user.refresh_from_db()
    assert user.check_password("a-new-long-passphrase")


def test_link_ends_with_the_first_password(user):
    token = invitations.build_token(user.pk)
    user.set_password(PASSWORD)
    user.save()
    path, text = follow(token)
    assert path == "/accounts/login/"
    assert "already set a password" in text


def test_old_link_leads_to_a_new_one(user):
    with time_machine.travel(timezone.now() - timedelta(days=61)):
        token = invitations.build_token(user.pk)
    path, text = follow(token)
    assert path == "/accounts/password/reset/"
    assert "not valid any more" in text


def test_forged_link_and_that_of_a_closed_account_are_refused(user):
    assert follow("forged")[0] == "/accounts/password/reset/"
    User.objects.update(is_active=False)
    assert follow(invitations.build_token(user.pk))[0] == "/accounts/password/reset/"
