"""The landing page"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agreements.models import Program
from tests.factories import make_staff


def page() -> str:
    return Client().get("/").content.decode()


def test_says_the_figures_of_the_agreement_in_force_with_their_clauses(agreement):
    html = page()
    for figure in ("2.60\u00a0%", "8.50\u00a0%", "16.00\u00a0USD", "3 days", "30 days", "14 days", "3 orders"):
        assert figure in html, figure
    for clause in ("3.2", "4.1", "4.6", "5.1", "5.4"):
        assert f"/agreement/versions/{agreement.pk}/#clause-{clause}" in html


def test_offers_to_apply(agreement):
    assert "Join the program" in page()


def test_says_how_to_begin_when_there_is_neither_staff_nor_agreement(db, settings):
    settings.DEBUG = False
    html = page()
    assert "manage.py createsuperuser" in html
    assert "manage.py seed_agreement --effective" in html


def test_says_politely_that_it_is_not_open_when_staff_are_at_work(db, settings):
    settings.DEBUG = False
    make_staff(superuser=True)
    html = page()
    assert "is not open yet" in html
    assert "createsuperuser" not in html


@pytest.fixture
def ending(agreement):
    now = timezone.now()
    Program.current()
    Program.objects.update(end_announced_at=now, ends_at=now + timedelta(days=30))


def test_says_that_the_program_ends_and_takes_no_application_then(ending):
    html = page()
    assert "The program ends on" in html
    assert "Join the program" not in html
    response = Client().get("/apply/")
    assert response.status_code == 403
    assert "accepts no new affiliates" in response.content.decode()
