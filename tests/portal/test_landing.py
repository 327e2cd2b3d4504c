"""The landing page, before and after the first agreement and near the end of the program."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import State
from agreements import seed
from agreements.models import AgreementVersion, Program, Rate
from agreements.seeding import publish_seed_agreement
from portal.earning_example import EarningExample, calculate_example
from tests.factories import make_affiliate, make_staff


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


def test_landing_page_leads_who_is_signed_in_to_their_home(agreement):
    client = Client()
    client.force_login(make_affiliate(state=State.ACTIVE).user)
    page = client.get("/").content.decode()
    assert "Join the program" not in page
    assert f'<a class="button" href="{reverse("portal:after_sign_in")}">' in page


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


def test_earning_example_follows_the_terms_in_force(agreement):
    """80.00 in the category with the highest rate, 8.50 %: 6.80, of which three make the 16.00 of a payout."""
    html = re.sub(r"<[^>]+>", "", get_landing_page())
    assert "80.00\u00a0USD" in html
    assert "6.80\u00a0USD" in html
    assert "3 such orders bring your balance to the payout threshold of 16.00\u00a0USD." in html


def calculate(rates: dict[str, str], **terms: Decimal) -> EarningExample | None:
    version = AgreementVersion(**{"payout_minimum": Decimal("16.00")} | terms)
    rows = [Rate(name=name, percent=Decimal(percent), everything_else=name == "all") for name, percent in rates.items()]
    return calculate_example(version, rows)


@pytest.mark.parametrize(
    ("rates", "terms", "expected"),
    [
        ({"a": "5.00", "b": "8.50", "all": "2.60"}, {}, ("b", "6.80", False, 3)),
        ({"a": "5.00", "all": "5.00"}, {}, ("a", "4.00", False, 4)),
        ({"all": "8.50"}, {"order_commission_cap": Decimal("1.50")}, ("all", "1.50", True, 11)),
        ({"all": "8.50"}, {"order_commission_cap": Decimal("6.80")}, ("all", "6.80", False, 3)),
        ({"all": "0.00"}, {}, ("all", "0.00", False, 0)),
        ({"all": "8.50"}, {"payout_minimum": Decimal("0.00")}, ("all", "6.80", False, 1)),
        # 2.01 % of 80.00 is 1.608, rounded to the cent.
        ({"all": "2.01"}, {}, ("all", "1.61", False, 10)),
    ],
)
def test_earning_example_is_calculated_as_commissions_are(rates, terms, expected):
    example = calculate(rates, **terms)
    assert example is not None
    assert (example.category, str(example.commission), example.is_capped, example.orders_needed) == expected


def test_earning_example_needs_rates():
    assert calculate({}) is None


def test_questions_are_answered_from_the_terms_in_force(agreement):
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", get_landing_page()))
    for answer in (
        "places it within 3 days of a click",
        "A commission can be paid 30 days after the order is completed. On day 3 of each month",
        "Yes: 3 orders in 180 days. If you miss it, you get a notice and 30 days to meet it.",
        "Only with 14 days of notice",
        "7 days to reply. We decide within 30 days, and you can appeal within 14 days.",
        "You can take it back within 30 days",
    ):
        assert answer in html, answer


def test_question_about_the_target_is_left_out_without_a_target(db, monkeypatch):
    monkeypatch.setitem(seed.TERMS, "target_orders", 0)
    at = timezone.now() - timedelta(days=1)
    publish_seed_agreement(effective_at=at, now=at, by=None)
    html = get_landing_page()
    assert "Can I leave at any time?" in html
    assert "Do I have to reach a sales target?" not in html


@pytest.mark.parametrize("address", ["/", "/apply/", "/agreement/", "/report-abuse/"])
def test_pages_for_strangers_say_whose_program_it_is(address, agreement, settings):
    Program.current()
    Program.objects.update(shop_url="https://shop.juniper.example/")
    page = " ".join(re.sub(r"<[^>]+>", "", Client().get(address, follow=True).content.decode()).split())
    assert page.count("affiliate program of shop.juniper.example") >= 2
