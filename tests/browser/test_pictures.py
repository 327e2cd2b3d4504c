"""The pictures of the documentation, made by `make pictures`: with invented data, light, 1280 pixels wide.

They are no test: without UPDATE_PICTURES they are skipped, and of the pages there are other tests.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import User
from lib.http_client import RequestFailed
from shops.connectors import api_failures, connections, folding, inbox, secrets
from shops.models import ApiFailure, CategoryMapping, Connection
from tests.factories import make_staff
from tests.scenarios import create_program, import_affiliates
from tests.shops.connectors.woocommerce.api_shop import KEY
from tests.shops.connectors.woocommerce.payloads import PRODUCT, SECRET, build_delivery, build_order, build_refunds

IMAGES = Path(__file__).parents[2] / "docs" / "images"

pytestmark = [
    pytest.mark.skipif(not os.environ.get("UPDATE_PICTURES"), reason="pictures are made by make pictures"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def _show_an_invented_host(settings):
    settings.BASE_URL = "https://partners.shop.example"


@pytest.fixture
def connection(tmp_path) -> Connection:
    """A connection with orders of every kind, of the last hours."""
    now = timezone.now()
    start = now - timedelta(days=60)
    create_program(f"{start:%Y-%m-%d}")
    import_affiliates(["ANN"], tmp_path, accepted=f"{start:%Y-%m-%d}")
    made, _secret = connections.create_connection(
        platform="woocommerce", name="German shop", prefix="de", secret=SECRET, reason="A shop.",
        now=now - timedelta(hours=5), by=None,
    )  # fmt: skip
    CategoryMapping.objects.create(
        connection=made, shop_category="Cups", key="cups", category="kitchen-dining", position=1
    )
    deliver(made, PRODUCT, at=now - timedelta(hours=4), topic="product.updated")
    other = {"id": 22, "name": "Table cloth", "categories": [{"name": "Home textiles"}], "tags": []}
    deliver(made, PRODUCT | other, at=now - timedelta(hours=4), topic="product.updated")
    for minutes, changes in (
        (200, {"id": 1001, "status": "pending", "date_paid_gmt": None}),
        (180, {"id": 1001}),
        (120, {"id": 1002, "coupon_lines": [{"code": "ann"}]}),
        (60, {"id": 1003, "line_items": [{"name": "Cup"}]}),
        (30, {"id": 1001, "status": "completed", "refunds": build_refunds("-24.00")}),
    ):
        at = now - timedelta(minutes=minutes)
        when = f"{at:%Y-%m-%dT%H:%M:%S}"
        times = {"date_created_gmt": when, "date_paid_gmt": when, "date_modified_gmt": when}
        deliver(made, build_order(**times | changes), at=at)
    return made


def deliver(connection: Connection, content, *, at, topic="order.updated") -> None:
    inbox.receive(connection=connection, delivery=build_delivery(content, topic=topic, at=at), now=at)
    folding.process_events(now=at)


def save(page: Page, name: str, *, height: int = 900, top: str = "") -> None:
    """Save what is in the window, from the heading `top` on, as docs/images/NAME.png."""
    page.set_viewport_size({"width": 1280, "height": height})
    if top:
        page.get_by_role("heading", name=top, exact=True).evaluate("heading => heading.scrollIntoView()")
    page.screenshot(path=IMAGES / f"{name}.png")


def test_pictures_of_shop_connections(act_as, connection):
    page = act_as(make_staff(superuser=True))
    page.goto("/admin/shops/connection/")
    page.get_by_role("link", name="Connect a shop", exact=True).click()
    page.locator("#id_platform").select_option("woocommerce")
    page.locator("#id_name").fill("German shop")
    page.locator("#id_prefix").fill("de")
    save(page, "shop-connect")
    page.goto(f"/admin/shops/connection/{connection.pk}/change/")
    save(page, "shop-connection", height=1000)
    save(page, "shop-events", height=760, top="Orders")
    page.get_by_role("link", name="Categories", exact=True).click()
    save(page, "shop-categories", height=760)
    page.go_back()
    page.get_by_role("link", name="API key", exact=True).click()
    page.locator("#id_api_url").fill("https://shop.example")
    save(page, "shop-api-key", height=700)


def test_picture_of_a_failing_api(act_as, connection):
    Connection.objects.update(api_url="https://shop.example")
    connection.refresh_from_db()
    secrets.set_api_key(connection, KEY)
    connection.save(update_fields=["api_key"])
    start = timezone.now() - timedelta(hours=2)
    for minutes in (0, 115):
        error = RequestFailed("the key was refused (401)", 401)
        api_failures.note_failure(connection, ApiFailure.Call.SEARCH, error, now=start + timedelta(minutes=minutes))
    page = act_as(make_staff(superuser=True))
    page.goto(f"/admin/shops/connection/{connection.pk}/change/")
    save(page, "shop-api-failure", height=420)


def test_picture_of_an_affiliates_home(act_as):
    from portal.demo import scenario

    scenario.build_demo(now=timezone.now())
    page = act_as(User.objects.get(email="anna@demo.example"))
    page.goto("/home/")
    save(page, "home")
