"""Pages of payouts and payout details."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from payouts.disbursement import approval, payout_transitions
from payouts.models import Payout, PayoutDetails
from payouts.payout_details import details
from payouts.payout_details.details import get_account
from payouts.payout_details.methods import Account
from tests.factories import PASSWORD, make_affiliate
from tests.payouts.conftest import BEGIN, FEBRUARY, IBAN, JANUARY, read_text, record_acceptance

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CHANGE = {"method": "bank", "account": IBAN, "holder": "A Holder"}


@pytest.fixture
def sign_in_recently(sign_in, monkeypatch):
    """Sign an affiliate in who entered the password a moment ago."""
    monkeypatch.setattr(
        "allauth.account.internal.flows.reauthentication.is_reauthentication_required", lambda *a, **k: False
    )
    return sign_in


def test_payouts_are_listed_with_simplified_states(make_draft_batch, make_sent_batch, preparer, sign_in):
    batch = make_draft_batch()
    payout = batch.payouts.select_related("affiliate__user").get(amount="100.00")
    client, url = sign_in(payout.affiliate), reverse("payouts:payouts")
    page = read_text(client.get(url))
    assert "Amounts in USD" in page
    assert ">100.00<" in page
    assert "being prepared" in page
    assert "25.50" not in page
    payout_transitions.cancel(payout=payout, reason="Wrong person.", now=FEBRUARY, by=preparer)
    page = read_text(client.get(url))
    assert "cancelled" in page
    assert "Wrong person." in page
    assert payout.details.masked in page


def test_change_of_details_asks_for_the_password(make_payable_affiliate, sign_in):
    affiliate = make_payable_affiliate()
    affiliate.user.set_password(PASSWORD)
    affiliate.user.save()
    url = reverse("payouts:change_details")
    for response in (sign_in(affiliate).get(url), sign_in(affiliate).post(url, CHANGE)):
        assert response.status_code == 302
        assert "reauthenticate" in response.url
    assert affiliate.payout_details.count() == 1


def test_second_factor_is_offered_before_payout_details(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    client, url = sign_in_recently(affiliate), reverse("payouts:change_details")
    page = read_text(client.get(url))
    assert "Add a passkey" in page
    assert "You can also continue without." in page
    assert "Save payout details" in page
    TOTP.activate(affiliate.user, generate_totp_secret())
    assert "Add a passkey" not in read_text(client.get(url))


def test_changed_details_are_shown_masked_with_their_hold(make_payable_affiliate, sign_in_recently, client):
    affiliate = make_payable_affiliate()
    with time_machine.travel(JANUARY, tick=False):
        response = sign_in_recently(affiliate).post(reverse("payouts:change_details"), CHANGE, follow=True)
    page = read_text(response)
    assert "Payout details changed. We sent you an e-mail about it." in page
    assert "•••• 3000" in page
    assert IBAN not in page
    assert "payouts to this account start on" in page
    assert "27 Jan 2026, 12:00 UTC" in page
    assert "clause 5.6" in page
    row = affiliate.payout_details.all()[0]
    assert row.entered_by == affiliate.user
    with time_machine.travel(JANUARY + timedelta(days=7), tick=False):
        assert "Usable since" in read_text(client.get(reverse("payouts:details")))


def test_first_details_are_added_rather_than_changed(agreement, sign_in_recently):
    affiliate = make_affiliate()
    client = sign_in_recently(affiliate)
    page = read_text(client.get(reverse("payouts:change_details")))
    assert "Add payout details" in page
    assert "old" not in page.partition("<form")[0].partition("<h1>")[2]
    page = read_text(client.post(reverse("payouts:change_details"), CHANGE, follow=True))
    assert "Payout details added. We sent you an e-mail about it." in page
    message = Message.objects.get(kind="payout_details_changed")
    mail = render(kind=message.kind, context=message.context)
    assert mail.subject == "Your payout details were added"
    assert "Before" not in mail.text


def test_invalid_account_is_rejected_with_field_error(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    response = sign_in_recently(affiliate).post(reverse("payouts:change_details"), CHANGE | {"method": "paypal"})
    assert response.status_code == 200
    assert "Enter the e-mail address of a PayPal account." in read_text(response)
    assert PayoutDetails.objects.filter(affiliate=affiliate).count() == 1


def test_bank_account_abroad_is_stored_and_named(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    posted = {"method": "bank", "country": "US", "bank_code": "021000021", "account": "9876-54321", "holder": "A"}
    page = read_text(sign_in_recently(affiliate).post(reverse("payouts:change_details"), posted, follow=True))
    assert "US •••• 4321" in page
    assert "United States" in page
    assert f"(you are in {affiliate.country.name})" in page
    row = affiliate.payout_details.all()[0]
    assert get_account(row) == Account("987654321", "021000021", "US")
    for column in (row.encrypted, row.masked, str(AuditRecord.objects.latest("id").after)):
        assert "021000021" not in column
        assert "987654321" not in column


def test_wrong_bank_code_is_named_with_the_label_of_the_country(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    posted = {"method": "bank", "country": "US", "bank_code": "021000022", "account": "987654321", "holder": "A"}
    response = sign_in_recently(affiliate).post(reverse("payouts:change_details"), posted)
    assert list(response.context["form"].errors) == ["bank_code"]
    page = read_text(response)
    assert "This routing number is not valid. Check its digits." in page
    assert "Routing number" in page
    posted |= {"country": "XX"}
    assert list(sign_in_recently(affiliate).post(reverse("payouts:change_details"), posted).context["form"].errors) == [
        "country"
    ]
    assert affiliate.payout_details.count() == 1


@pytest.mark.parametrize("method", ["", "cheque", "sepa"])
def test_unknown_method_is_refused_with_the_form(method, make_payable_affiliate, sign_in_recently):
    posted = {"method": method, "country": "US", "account": "987654321", "holder": "A"}
    response = sign_in_recently(make_payable_affiliate()).post(reverse("payouts:change_details"), posted)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["method"]


def test_paypal_ignores_the_country_of_the_form(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    posted = {"method": "paypal", "country": "US", "account": "new@example.com", "holder": "A"}
    sign_in_recently(affiliate).post(reverse("payouts:change_details"), posted)
    row = affiliate.payout_details.all()[0]
    assert (get_account(row), row.country) == (Account("new@example.com"), "")


def test_sepa_is_not_offered_outside_euro_programs(make_payable_affiliate, sign_in_recently):
    page = read_text(sign_in_recently(make_payable_affiliate()).get(reverse("payouts:change_details")))
    assert "PayPal" in page
    assert "SEPA transfer" not in page


def test_affiliate_without_details_is_asked_to_add_them(agreement, sign_in):
    affiliate = make_affiliate(at=BEGIN)
    record_acceptance(affiliate, agreement, BEGIN)
    assert "No payout details yet" in read_text(sign_in(affiliate).get(reverse("payouts:details")))
    assert "Add payout details to get paid." in read_text(sign_in(affiliate).get(reverse("payouts:payouts")))


def test_no_page_shows_the_account_in_clear(make_payable_affiliate, grant, sign_in_recently, client):
    affiliate = make_payable_affiliate(account=IBAN, method="bank")
    sign_in_recently(affiliate)
    for name in ("payouts", "details", "change_details", "statements", "commissions"):
        assert IBAN not in read_text(client.get(reverse(f"payouts:{name}")))


def test_visitors_are_sent_to_sign_in_and_staff_to_the_admin(client, preparer):
    for name in ("payouts", "details", "change_details", "statements", "commissions"):
        assert client.get(reverse(f"payouts:{name}")).url.startswith(reverse("account_login"))
    client.force_login(preparer)
    assert client.get(reverse("payouts:payouts")).url == reverse("admin:index")


@pytest.fixture
def returned_payout(make_sent_batch, preparer):
    """Make a payout of 100.00 that came back a day after it was sent."""
    payout = make_sent_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()
    payout_transitions.fail(payout=payout, reason="Account closed.", now=FEBRUARY + DAY, by=preparer)
    return payout


def read_notices(client) -> list[bool]:
    """Return whether home, payouts and payout details each ask to look at the payout details."""
    pages = [read_text(client.get(reverse(name))) for name in ("portal:home", "payouts:payouts", "payouts:details")]
    assert "Account closed" in pages[1]
    return ["came back" in pages[0], *('id="came-back"' in page for page in pages[1:])]


def test_payout_that_came_back_asks_for_the_details_until_they_are_confirmed(returned_payout, sign_in):
    client = sign_in(returned_payout.affiliate)
    with time_machine.travel(FEBRUARY + 2 * DAY, tick=False):
        home = read_text(client.get(reverse("portal:home")))
        step = home[home.index("Next steps") :]
        assert step.index("A payout of 100.00 USD came back: Account closed") < step.index("</li>")
        page = read_text(client.get(reverse("payouts:payouts")))
        assert "The reason given: Account closed." in page
        assert returned_payout.details.masked in page
        assert read_notices(client) == [True] * 3
        response = client.post(reverse("payouts:confirm_details", args=[returned_payout.details_id]), follow=True)
        assert "Payout details confirmed. Payouts go to this account as before." in read_text(response)
        assert read_notices(client) == [False] * 3
    row = PayoutDetails.objects.get(pk=returned_payout.details_id)
    assert (row.checked_at, row.held_since) == (FEBRUARY + 2 * DAY, None)


@pytest.mark.parametrize("way", ["changed", "paid again", "came back twice"])
def test_payout_that_came_back_is_answered_by_a_change_or_a_later_payment(
    way, returned_payout, sign_in, preparer, approver
):
    affiliate, later = returned_payout.affiliate, FEBRUARY + 2 * DAY
    if way == "changed":
        details.change_details(
            affiliate=affiliate, method="paypal", account="n@example.com", holder="N", now=later, by=affiliate.user
        )
    else:
        new = payout_transitions.reissue(payout=returned_payout, reason="Confirmed.", now=later, by=preparer)
        Payout.objects.filter(pk=new.pk).update(state="sent", sent_at=later)
        new.refresh_from_db()
        payout_transitions.pay(payout=new, now=later + DAY, by=preparer)
        if way == "came back twice":
            payout_transitions.fail(payout=new, reason="Account closed.", now=later + 2 * DAY, by=preparer)
    assert read_notices(sign_in(affiliate)) == [way == "came back twice"] * 3


def test_details_of_another_affiliate_cannot_be_confirmed(returned_payout, make_payable_affiliate, sign_in):
    url = reverse("payouts:confirm_details", args=[returned_payout.details_id])
    assert sign_in(make_payable_affiliate()).post(url).status_code == 404
    assert PayoutDetails.objects.get(pk=returned_payout.details_id).checked_at is None


def test_details_that_were_changed_meanwhile_are_not_confirmed(returned_payout, sign_in):
    affiliate = returned_payout.affiliate
    details.change_details(
        affiliate=affiliate, method="paypal", account="n@example.com", holder="N", now=FEBRUARY + DAY, by=affiliate.user
    )
    url = reverse("payouts:confirm_details", args=[returned_payout.details_id])
    page = read_text(sign_in(affiliate).post(url, follow=True))
    assert "Your payout details have changed since you opened the page." in page
    assert not PayoutDetails.objects.exclude(checked_at=None).exists()


def test_form_starts_from_the_present_method_and_country(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate(method="bank", account=IBAN)
    form = sign_in_recently(affiliate).get(reverse("payouts:change_details")).context["form"]
    row = affiliate.payout_details.get()
    initial = {name: form[name].value() for name in ("method", "country", "holder", "account")}
    assert initial == {"method": "bank", "country": "DE", "holder": row.holder, "account": None}


def test_country_is_taken_from_the_iban_if_none_is_chosen(make_payable_affiliate, sign_in_recently):
    affiliate = make_payable_affiliate()
    sign_in_recently(affiliate).post(reverse("payouts:change_details"), CHANGE | {"country": ""})
    assert affiliate.payout_details.first().country.code == "DE"


@pytest.mark.parametrize("moment", ["prepared", "sent"])
def test_change_says_what_becomes_of_a_payout_under_way(
    moment, make_draft_batch, make_sent_batch, preparer, sign_in_recently
):
    batch = make_sent_batch(amounts=("100.00",)) if moment == "sent" else make_draft_batch(amounts=("100.00",))
    payout = batch.payouts.select_related("affiliate__user").get()
    client = sign_in_recently(payout.affiliate)
    page = read_text(client.get(reverse("payouts:change_details")))
    said = {
        "prepared": "Once you save, it can no longer be sent there. Staff take it out, its amount goes back to your balance",
        "sent": "No one can redirect it.",
    }
    assert [text in page for text in said.values()] == [key == moment for key in said]
    # What is said is true: a payout that is prepared cannot be submitted to the old account.
    with time_machine.travel(FEBRUARY + DAY, tick=False):
        client.post(reverse("payouts:change_details"), CHANGE)
        page = read_text(client.get(reverse("payouts:payouts")))
        assert ("You changed your payout details, so it" in page) == (moment == "prepared")
    if moment == "prepared":
        with pytest.raises(ValidationError, match="payout details have changed"):
            approval.submit(batch=batch, now=FEBRUARY + DAY, by=preparer)
