"""The page of paths in a browser: the preview follows what staff type (specification 11)."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from shops.connectors.generic.example import EXAMPLE
from shops.models import Connection
from tests.browser.conftest import save_screenshots
from tests.factories import make_staff
from tests.shops.connectors.generic.generic_shop import build_connection


@pytest.fixture
def connection(transactional_db):
    connection = build_connection("Any shop")
    connection.save()
    return connection


def test_preview_follows_what_staff_type(connection, act_as):
    page = act_as(make_staff(superuser=True))
    page.goto(reverse("shops:generic_paths", args=[connection.pk]))
    preview = page.locator("#preview")
    expect(preview.get_by_role("cell", name="36.00")).to_be_visible()
    page.locator("#id_path-amount").fill("data.lines[].net")
    expect(preview.get_by_text("No snapshot: lines[0].amount is missing")).to_be_visible()
    page.get_by_label("Sample event").fill(EXAMPLE.replace('"amount": "36.00"', '"net": 30'))
    expect(preview.get_by_role("cell", name="30.00")).to_be_visible()
    expect(page.locator("[data-found=path-amount]")).to_have_text("30")
    page.locator("#id_reason").fill("The shop sends net amounts.")
    save_screenshots(page, "generic-paths")
    page.get_by_role("button", name="Save paths").click()
    expect(page.get_by_text("Paths saved.")).to_be_visible()
    assert Connection.objects.get().options["paths"]["amount"] == "data.lines[].net"
