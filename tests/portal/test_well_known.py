"""Files at fixed addresses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

pytestmark = pytest.mark.django_db


def get_lines(path: str) -> list[str]:
    response = Client().get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return response.content.decode().splitlines()


def test_robots_are_kept_from_tracking_links_and_private_pages():
    lines = get_lines("/robots.txt")
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /r/", "Disallow: /admin/", "Disallow: /home/"} <= set(lines)
    assert "Disallow: /" not in lines


def test_favicon_leads_to_the_icon():
    response = Client().get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (302, "/static/favicon.svg")


def test_security_contact_is_published_for_less_than_a_year(settings):
    settings.SECURITY_CONTACT, settings.BASE_URL = "mailto:security@example.com", "https://example.com"
    lines = dict(line.split(": ", 1) for line in get_lines("/.well-known/security.txt"))
    assert lines["Contact"] == "mailto:security@example.com"
    assert lines["Canonical"] == "https://example.com/.well-known/security.txt"
    expires = datetime.strptime(lines["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=30) < expires - timezone.now() < timedelta(days=365)
