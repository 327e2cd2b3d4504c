"""The landing page, before and after the first agreement and near the end of the program."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agreements.models import Program
from tests.factories import make_staff


def get_landing_page() -> str:
    return Client().get("/").content.decode()


def test_key_terms_link_to_their_clauses(agreement):
    html = get_landing_page()
    for figure in ("2.60\u00a0%", "8.50\u00a0%", "16.00\u00a0USD", "3 days", "30 days", "14 days", "3 orders"):
        assert figure in html, figure
    for clause in ("3.2", "4.1", "4.6", "5.1", "5.4"):
        assert f"/agreement/versions/{agreement.pk}/#clause-{clause}" in html


def test_rates_show_display_names_of_categories(agreement):
    html = get_landing_page()
    assert "<td>Office &amp; school</td>" in html
    assert "office-school" not in html


def test_landing_page_links_to_the_application(agreement):
    assert "Join the program" in get_landing_page()


def test_setup_instructions_are_shown_without_staff_and_agreement(db, settings):
    settings.DEBUG = False
    html = get_landing_page()
    assert "manage.py setup" in html
    assert "manage.py seed_agreement --effective" in html


def test_visitor_sees_no_setup_instructions_once_there_is_staff(db, settings):
    settings.DEBUG = False
    make_staff(superuser=True)
    html = get_landing_page()
    assert "is not open yet" in html
    assert "manage.py setup" not in html


@pytest.fixture
def ending(agreement):
    now = timezone.now()
    Program.current()
    Program.objects.update(end_announced_at=now, ends_at=now + timedelta(days=30))


def test_announced_end_closes_applications(ending):
    html = get_landing_page()
    assert "The program ends on" in html
    assert "Join the program" not in html
    response = Client().get("/apply/")
    assert response.status_code == 403
    assert "accepts no new affiliates" in response.content.decode()
