"""Pages of the admin whose elements unfold's scripts also look for: `open_admin` fails on any error of a script."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import Affiliate
from tests.scenarios import build_order, import_affiliates, send_orders


def test_reports_and_search_run_without_an_error(open_admin, tmp_path):
    page = open_admin("/admin/")
    import_affiliates(["ANNA"], tmp_path)
    placed = (timezone.now() - timedelta(days=10)).isoformat()
    send_orders(build_order("1", placed=placed, at=placed, coupon="ANNA"))
    page.goto(reverse("payouts:staff_reports"))
    expect(page.locator("figure svg").first).to_be_visible()
    page.goto(reverse("admin:search") + "?s=anna")
    hit = page.locator("#command-results-list").get_by_role("link").first
    hit.hover()
    hit.click()
    page.wait_for_url(f"**{reverse('admin:affiliates_affiliate_change', args=[Affiliate.objects.get().pk])}")
