"""The page that shows the backtest of a draft."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from agreements import version_drafts
from agreements.models import AgreementVersion, Rate
from compliance.targets import backtest
from compliance.targets.backtest import ResultCounts
from payouts.closing.threshold_backtest import ThresholdBacktest
from tests.factories import make_staff
from tests.scenarios import build_order, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(tmp_path) -> AgreementVersion:
    """Create a draft with a lower rate and a higher target, for affiliates A with three orders and B with one."""
    create_program()
    import_affiliates(["A", "B"], tmp_path)
    placed = (timezone.now() - timedelta(days=10)).isoformat()
    send_orders(*(build_order(str(number), placed=placed, at=placed, coupon="A") for number in range(3)))
    send_orders(build_order("b", placed=placed, at=placed, coupon="B"))
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    Rate.objects.filter(agreement=draft, category="home-decor").update(percent="4.00")
    AgreementVersion.objects.filter(pk=draft.pk).update(target_orders=4)
    return draft


@pytest.fixture
def superuser(client):
    user = make_staff(superuser=True)
    client.force_login(user)
    return client


def build_url(draft: AgreementVersion, months: str = "") -> str:
    return reverse("compliance:backtest", args=[draft.pk]) + (f"?months={months}" if months else "")


@pytest.mark.parametrize("months", ["", "1", "3", "12"])
def test_backtest_page_shows_actual_and_projected_commission(superuser, draft, months):
    page = superuser.get(build_url(draft, months)).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for text in ("20.00 USD", "16.00 USD", "−4.00 USD", "Affiliate A", "Home decor", "2 of 2 affiliates whose"):
        assert text in page


def test_draft_page_links_to_its_backtest(superuser, draft):
    page = superuser.get(reverse("admin:agreements_agreementversion_change", args=[draft.pk])).content.decode()
    button = reverse("admin:agreements_agreementversion_backtest", args=[draft.pk])
    assert button in page
    assert superuser.get(button).url == build_url(draft)


@pytest.mark.parametrize("months", ["2", "0", "x", "-1", "１２"])
def test_backtest_page_rejects_an_unknown_time_span(superuser, draft, months):
    response = superuser.get(build_url(draft, months), follow=True)
    assert "Choose the last 1, 3 or 12 months" in response.content.decode()


def test_backtest_of_a_draft_without_default_rate_shows_the_error(superuser, draft):
    draft.rates.filter(everything_else=True).delete()
    assert "no rate for everything else" in superuser.get(build_url(draft), follow=True).content.decode()


def test_backtest_page_without_orders_shows_an_empty_state(superuser):
    create_program()
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    assert "nothing to compare" in superuser.get(build_url(draft)).content.decode()


def test_backtest_page_says_what_the_payout_threshold_changes(superuser, draft, monkeypatch):
    assert "No month was closed in this period" in superuser.get(build_url(draft)).content.decode()
    found = ThresholdBacktest(2, 3, Decimal("54.00"), 2, (), 1, Decimal("17.00"))
    monkeypatch.setattr("compliance.admin.backtest.backtest_threshold", lambda **_given: found)
    page = " ".join(superuser.get(build_url(draft)).content.decode().replace("\N{NO-BREAK SPACE}", " ").split())
    assert "The threshold of 16.00 USD was applied to the statements of 2 months that were closed" in page
    assert "3 payouts (54.00 USD) would have been postponed, affiliates concerned: 2." in page
    assert "1 balance (17.00 USD) that was below the threshold would have been paid." in page


def test_backtest_page_needs_few_queries(superuser, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        superuser.get(build_url(draft))


def test_target_backtest_counts_current_and_proposed_results(draft):
    # Both have been active for more than 180 days: A has three of three, B one of three; of four, neither has enough.
    result = backtest.backtest_targets(agreement=AgreementVersion.objects.get(pk=draft.pk), now=timezone.now())
    assert result.current == ResultCounts(met=1, at_risk=0, missed=1, not_checked=0)
    assert result.proposed == ResultCounts(met=0, at_risk=0, missed=2, not_checked=0)


def test_target_backtest_of_a_draft_without_target_checks_no_affiliate(draft):
    AgreementVersion.objects.filter(pk=draft.pk).update(target_orders=0)
    result = backtest.backtest_targets(agreement=AgreementVersion.objects.get(pk=draft.pk), now=timezone.now())
    assert result.proposed == ResultCounts(met=0, at_risk=0, missed=0, not_checked=2)
