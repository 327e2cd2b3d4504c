"""The payout pages ..."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from payouts.disbursement import payout_transitions
from payouts.models import PayoutDetails
from tests.factories import PASSWORD, make_affiliate
from tests.payouts.conftest import BEGIN, FEBRUARY, IBAN, JANUARY, record_acceptance
from tests.payouts.test_statement_pages import reader, text  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db
CHANGE = {"method": "bank", "account": IBAN, "holder": "A Holder"}


@pytest.fixture
def confirmed(reader, monkeypatch):  # noqa: F811
    """A client whose reader gave the password a moment ago."""
    monkeypatch.setattr(
        "allauth.account.internal.flows.reauthentication.is_reauthentication_required", lambda *a, **k: False
    )
    return reader


def test_list_each_payout_with_its_state_in_the_payees_words(make_draft_batch, make_sent_batch, preparer, reader):  # noqa: F811
    batch = make_draft_batch()
    payout = batch.payouts.select_related("affiliate__user").get(amount="100.00")
    client, address = reader(payout.affiliate), reverse("payouts:payouts")
    page = text(client.get(address))
    assert "100.00 USD" in page
    assert "being prepared" in page
    assert "25.50" not in page
    payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    page = text(client.get(address))
    assert "cancelled" in page
    assert "Wrong person." in page
    assert payout.details.masked in page


def test_ask_for_the_password_before_details_can_be_changed(make_payable_affiliate, reader):  # noqa: F811
    affiliate = make_payable_affiliate()
    affiliate.user.set_password(PASSWORD)
    affiliate.user.save()
    address = reverse("payouts:change_details")
    for answer in (reader(affiliate).get(address), reader(affiliate).post(address, CHANGE)):
        assert answer.status_code == 302
        assert "reauthenticate" in answer.url
    assert affiliate.payout_details.count() == 1


def test_change_details_and_show_them_masked_with_their_hold(make_payable_affiliate, confirmed, client):
    affiliate = make_payable_affiliate()
    with time_machine.travel(JANUARY, tick=False):
        answer = confirmed(affiliate).post(reverse("payouts:change_details"), CHANGE, follow=True)
    page = text(answer)
    assert "•••• 3000" in page
    assert IBAN not in page
    assert "no money goes there before" in page
    assert "27 Jan 2026, 12:00 UTC" in page
    assert "clause 5.6" in page
    row = affiliate.payout_details.all()[0]
    assert row.entered_by == affiliate.user
    with time_machine.travel(JANUARY + timedelta(days=7), tick=False):
        assert "Money can go there since" in text(client.get(reverse("payouts:details")))


def test_say_what_is_wrong_beside_the_field_and_do_not_repeat_the_account(make_payable_affiliate, confirmed):
    affiliate = make_payable_affiliate()
    answer = confirmed(affiliate).post(reverse("payouts:change_details"), CHANGE | {"method": "paypal"})
    assert answer.status_code == 200
    assert "Enter the e-mail address of a PayPal account." in text(answer)
    assert PayoutDetails.objects.filter(affiliate=affiliate).count() == 1


def test_offer_sepa_in_euro_programs_alone(make_payable_affiliate, confirmed):
    page = text(confirmed(make_payable_affiliate()).get(reverse("payouts:change_details")))
    assert "PayPal" in page
    assert "SEPA transfer" not in page


def test_invite_whoever_has_no_details(agreement, reader):  # noqa: F811
    affiliate = make_affiliate(at=BEGIN)
    record_acceptance(affiliate, agreement, BEGIN)
    assert "Where should your money go?" in text(reader(affiliate).get(reverse("payouts:details")))
    assert "We do not know yet where to send your money." in text(reader(affiliate).get(reverse("payouts:payouts")))


def test_show_the_account_in_clear_nowhere(make_payable_affiliate, grant, confirmed, client):
    affiliate = make_payable_affiliate(account=IBAN, method="bank")
    confirmed(affiliate)
    for name in ("payouts", "details", "change_details", "statements", "commissions"):
        assert IBAN not in text(client.get(reverse(f"payouts:{name}")))


def test_send_visitors_to_the_sign_in_and_staff_to_the_admin(client, preparer):
    for name in ("payouts", "details", "change_details", "statements", "commissions"):
        assert client.get(reverse(f"payouts:{name}")).url.startswith(reverse("account_login"))
    client.force_login(preparer)
    assert client.get(reverse("payouts:payouts")).url == reverse("admin:index")
