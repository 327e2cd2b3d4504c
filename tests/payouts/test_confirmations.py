"""Money actions say whose balance they change, and how, before they do."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from payouts.ledger import adjustments
from payouts.models import Adjustment, PayoutHold
from tests.admin_confirmation import confirm_twice
from tests.payouts.conftest import JANUARY, build_url, read_text

pytestmark = pytest.mark.django_db

PROPOSE = reverse("admin:payouts_adjustment_propose")


def read_facts(response) -> dict[str, str]:
    text = response.content.decode().replace("\u2212", "-")
    rows = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", text, re.DOTALL)
    return {label.strip(): value.strip() for label, value in rows}


@pytest.fixture
def affiliate(make_payable_affiliate):
    return make_payable_affiliate()


def test_adjustment_shows_name_balance_and_change_before_it_is_proposed(affiliate, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    answers = {"affiliate": affiliate.name, "kind": "bonus", "amount": "15.30", "reason": "Thanks."}
    page = client.post(PROPOSE, answers | {"confirmed": "1"})
    assert read_facts(page) == {
        "Bonus": "15.30 USD",
        "Affiliate": str(affiliate),
        "E-mail": affiliate.email,
        "State": "active",
        "Balance": "0.00 USD",
        "Balance afterwards": "15.30 USD",
        "Reason (shown to the affiliate)": "Thanks.",
    }
    assert not Adjustment.objects.exists()
    confirm_twice(client, PROPOSE, answers)
    assert Adjustment.objects.get().amount == Decimal("15.30")


def test_answers_that_were_not_shown_are_shown_first(affiliate, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    answers = {"affiliate": affiliate.code, "kind": "bonus", "amount": "15.30", "reason": "Thanks.", "confirmed": "1"}
    [digest] = re.findall(r'name="checked" value="(\w+)"', client.post(PROPOSE, answers).content.decode())
    page = client.post(PROPOSE, answers | {"checked": digest, "amount": "99.00"})
    assert read_facts(page)["Balance afterwards"] == "99.00 USD"
    assert not Adjustment.objects.exists()


def test_refused_proposal_is_refused_in_the_first_step(affiliate, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    answers = {"affiliate": affiliate.code, "kind": "bonus", "amount": "-1.00", "reason": "So.", "confirmed": "1"}
    assert "A bonus must be positive" in read_text(client.post(PROPOSE, answers))


def test_second_approver_sees_what_the_adjustment_changes(affiliate, preparer, approver, sign_in_staff):
    row = adjustments.propose(
        affiliate=affiliate, kind="clawback", amount=Decimal("-4.00"), reason="Lost.", now=JANUARY, by=preparer
    )
    facts = read_facts(sign_in_staff(approver).get(build_url(row, "approve")))
    assert facts["Affiliate"] == str(affiliate)
    assert facts["Clawback"] == "-4.00 USD"
    assert facts["Balance afterwards"] == "-4.00 USD"
    assert (facts["Reason"], facts["Proposed by"]) == ("Lost.", str(preparer))


def test_hold_names_the_affiliate_and_unsent_payouts(affiliate, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    url = reverse("admin:payouts_payouthold_hold")
    answers = {"affiliate": affiliate.code, "reason": "A court order.", "confirmed": "1"}
    facts = read_facts(client.post(url, answers))
    assert (facts["Affiliate"], facts["Balance"]) == (str(affiliate), "0.00 USD")
    assert facts["Payouts not sent yet"] == "0 payouts, 0.00 USD"
    assert not PayoutHold.objects.exists()
