"""The form of payout details with its script."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.compliance.cases import make_active_affiliate, seed_agreement


def test_country_follows_a_pasted_iban(transactional_db, act_as):
    at = timezone.now() - timedelta(days=30)
    seed_agreement(at)
    page = act_as(make_active_affiliate(at).user)
    page.goto(reverse("payouts:change_details"))
    page.get_by_label("Payout method").select_option("bank")
    country = page.get_by_label("Country of the account")
    country.select_option("FR")
    page.locator("#id_account").fill("DE89 3704 0044 0532 0130 00")
    expect(country).to_have_value("DE")
