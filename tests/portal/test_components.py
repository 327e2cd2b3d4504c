"""Components of affiliate pages: copy fields, error summaries, home figures, ways to reach the program (specification 10)."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.core import mail as sent_mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from agreements.models import Program
from lib.charts import Day
from lib.components import render_copy_field, shorten
from mail import delivery
from mail.outbox import queue_email
from payouts.models import Payout
from portal.affiliate_summary import compare_months
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders
from tracking.links.tracking_links import build_short_url, create_link


@pytest.fixture
def greta(affiliate_factory):
    return affiliate_factory(name="Greta Gardener")


def test_copy_field_copies_all_of_a_shortened_text():
    html = render_copy_field(
        'AC01"A2' + "0" * 20 + "F36A77", "the <reference>", shown=shorten("AC01A2" + "0" * 20 + "F36A77")
    )
    assert 'data-copy="AC01&quot;A200000000000000000000F36A77"' in html
    assert ">AC01A2…F36A77<" in html
    assert 'aria-label="Copy the &lt;reference&gt;"' in html
    assert shorten("AC01A2F36A777") == "AC01A2F36A777"


def test_links_are_copied_from_the_list_and_from_their_page(greta, client_for):
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    link = create_link(affiliate=greta, target="https://shop.example/a?b=1&c=2", now=timezone.now(), by=greta.user)
    client, copy = client_for(greta.user), f'data-copy="{build_short_url(link)}"'
    assert copy in client.get(reverse("tracking:links")).content.decode()
    page = client.get(reverse("tracking:link", args=[link.pk])).content.decode()
    assert copy in page
    built = client.get(reverse("tracking:link_builder"), {"url": "https://shop.example/c?d=1"}).content.decode()
    assert f'data-copy="{build_short_url(link)}?to=https%3A%2F%2Fshop.example%2Fc%3Fd%3D1"' in built


def test_errors_are_listed_above_the_form_with_links_to_their_fields(greta, client_for):
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    page = (
        client_for(greta.user).post(reverse("tracking:link_new"), {"target": "https://other.example/"}).content.decode()
    )
    summary = page[page.index("error-summary") : page.index("</ul>", page.index("error-summary"))]
    assert 'role="alert"' in summary
    assert "autofocus" in summary
    assert '<a href="#id_target">Destination URL: ' in summary
    assert "<title>Error: Create a link" in " ".join(page.split())


@pytest.mark.django_db
def test_errors_of_an_application_name_field_and_channel(agreement):
    page = Client().post("/apply/", {"channels-0-address": "https://a.example/"}).content.decode()
    assert '<a href="#id_name">Your name or company: This field is required.</a>' in page
    assert '<a href="#id_channels-0-kind">Channel 1, Kind: Choose the kind of channel.</a>' in page


def test_page_without_errors_has_no_summary(greta, client_for):
    page = client_for(greta.user).get(reverse("tracking:link_new")).content.decode()
    assert "error-summary" not in page
    assert "Error:" not in page


def test_list_of_commissions_without_any_says_when_it_fills(greta, client_for):
    client, url = client_for(greta.user), reverse("payouts:commissions")
    page = client.get(url).content.decode()
    assert "This list fills with the orders that your links and coupons bring" in page
    assert "Clear filters" not in page
    assert "No commissions match these filters" in client.get(f"{url}?state=held").content.decode()


def test_home_names_payouts_by_their_state_and_what_was_paid(db, tmp_path, client_for):
    """400.00 of kitchen-dining earn 5.50 %, 22.00, which a close turns into a payout: the balance is 0.00."""
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    at = "2026-01-10T12:00:00Z"
    send_orders(build_order("A1", ("kitchen-dining", "400.00"), at=at, completed=at, coupon="ANN"))
    close_months("2026-01", "2026-02")
    assert [str(payout.amount) for payout in Payout.objects.all()] == ["22.00"]
    for state, label in (("approved", "Payouts being prepared"), ("sent", "Payouts sent")):
        Payout.objects.update(state=state)
        assert list_figures(client_for(ann.user)) == {label: "22.00 USD", "Paid so far": "0.00 USD"}
    Payout.objects.update(state="paid")
    assert list_figures(client_for(ann.user)) == {"Paid so far": "22.00 USD"}


def test_home_shows_the_parts_of_what_the_next_close_settles(db, tmp_path, client_for):
    """Of a settled commission of 22.00, 5.50 is taken back when 100.00 is refunded."""
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    at, later = "2026-01-10T12:00:00Z", "2026-03-10T12:00:00Z"
    send_orders(build_order("A1", ("kitchen-dining", "400.00"), at=at, completed=at, coupon="ANN"))
    close_months("2026-01", "2026-02")
    refunded = ("kitchen-dining", "400.00", "100.00")
    send_orders(build_order("A1", refunded, at=later, placed=at, completed=at, coupon="ANN"))
    page = client_for(ann.user).get("/home/").content.decode().replace("\u00a0", " ")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "New commissions 0.00 USD Changes of settled commissions \u22125.50 USD" in text
    assert "Orders that changed after they were settled: A1 : \u22125.50 USD" in text


def list_figures(client):
    page = client.get("/home/").content.decode().replace("\u00a0", " ")
    cards = re.findall(r'<p class="label">([^<]+)</p>\s*<p class="value">(?:<[^>]+>)?([^<]+)', page)
    cards += re.findall(r"<dt><a [^>]+>([^<]+)</a></dt><dd[^>]*>([^<]+)", page)
    return {label: value for label, value in cards if label.startswith("Pa")}


def build_days(*amounts):
    return [Day(date.fromisoformat(day), Decimal(amount)) for day, amount in amounts]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # 1 to 15 November against 1 to 15 October; 16 October and September stay out.
        (
            [
                ("2026-09-30", "9.00"),
                ("2026-10-01", "1.00"),
                ("2026-10-15", "2.00"),
                ("2026-10-16", "4.00"),
                ("2026-11-15", "8.00"),
            ],
            ("8.00", "3.00", "2026-10-15"),
        ),
        # The 31st of March is compared with all of February.
        ([("2026-02-28", "1.00"), ("2026-03-31", "2.00")], ("2.00", "1.00", "2026-02-28")),
        ([("2026-12-31", "1.00"), ("2027-01-01", "2.00")], ("2.00", "0.00", "2026-12-01")),
    ],
)
def test_this_month_is_compared_with_the_same_days_of_the_month_before(days, expected):
    month = compare_months(build_days(*days))
    assert (str(month.now), str(month.before), str(month.before_until)) == expected


@override_settings(
    CONTACT_EMAIL="help@shop.example", CONTACT_URL="https://shop.example/help", PRIVACY_URL="https://shop.example/p"
)
def test_every_page_says_how_to_reach_the_program(greta, client_for):
    for page in (Client().get("/"), Client().get("/accounts/login/"), client_for(greta.user).get("/home/")):
        html = page.content.decode()
        assert 'href="mailto:help@shop.example"' in html
        assert 'href="https://shop.example/help"' in html
        assert 'href="https://shop.example/p"' in html
        assert "Legal notice" not in html


@pytest.mark.django_db
@override_settings(CONTACT_EMAIL="help@shop.example", CONTACT_URL="https://shop.example/help")
def test_replies_to_e_mails_reach_the_program():
    queue_email(to="greta@example.com", kind="payout_sent", context={}, key="k", language="")
    delivery.deliver_due(clock=timezone.now)
    [email] = sent_mail.outbox
    assert email.reply_to == ["help@shop.example"]
    assert isinstance(email, EmailMultiAlternatives)
    for text in (email.body, str(email.alternatives[0][0])):
        assert "help@shop.example" in text
        assert "https://shop.example/help" in text
