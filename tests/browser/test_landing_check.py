"""Staff check the landing page of a shop from their browser (specification 11)."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from shops.landing import page_fetch
from tests.browser.conftest import save_screenshots
from tests.factories import PASSWORD, make_staff
from tests.scenarios import create_program, import_affiliates
from tests.shops.connectors.plain_shop import make_connection
from tracking.models import Link


@pytest.fixture
def shop_address(live_server, monkeypatch):
    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<title>Shop</title><script defer src="{live_server.url}/accord.js"></script>'.encode())

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    monkeypatch.setattr(page_fetch, "ALLOWS_LOOPBACK", True)
    server = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_staff_see_that_the_click_id_is_stored(
    transactional_db, live_server, open_browser_page, shop_address, settings, tmp_path
):
    settings.CLICK_BASE_URL = live_server.url
    at = timezone.now() - timedelta(days=40)
    create_program(f"{at:%Y-%m-%d}")
    ann = import_affiliates(["ANN"], tmp_path, accepted=f"{at:%Y-%m-%d}")["ANN"]
    details = {"code": "check001", "target": f"http://{shop_address}/p", "permitted_hosts": [shop_address]}
    Link.objects.create(affiliate=ann, created_at=at, **details)
    make_connection()
    staff = make_staff(superuser=True)
    staff.set_password(PASSWORD)
    staff.save(update_fields=["password"])
    page = open_browser_page()
    page.goto("/accounts/login/?next=/admin/landing-check/")
    page.get_by_label("Email").fill(staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Tracking link").fill("check001")
    page.get_by_label("Shop connection").select_option("plain shop")
    page.get_by_role("button", name="Check the landing page").click()
    expect(page.get_by_text("accord.js is on the page.", exact=True)).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the landing page").click()
    expect(opened.value).to_have_title("Shop")
    expect(page.get_by_text("accord.js is on the page, and the click id is stored.")).to_be_visible()
    save_screenshots(page, "landing-check")
