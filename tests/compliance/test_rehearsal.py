"""The rehearsal of a draft, as a page, ..."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agreements import drafting
from agreements.models import Agreement, Rate
from compliance.targets import backtest
from compliance.targets.backtest import Answers
from tests.factories import make_staff
from tests.worlds import begin, bring_over, order, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(tmp_path) -> Agreement:
    """A lower rate and a higher target, over two affiliates: A with three orders, B with one."""
    begin()
    bring_over(["A", "B"], tmp_path)
    placed = (timezone.now() - timedelta(days=10)).isoformat()
    send(*(order(str(number), placed=placed, at=placed, coupon="A") for number in range(3)))
    send(order("b", placed=placed, at=placed, coupon="B"))
    made = drafting.start(now=timezone.now(), by=None)
    Rate.objects.filter(agreement=made, category="home-decor").update(percent="4.00")
    Agreement.objects.filter(pk=made.pk).update(target_orders=4)
    return made


@pytest.fixture
def boss(client):
    user = make_staff(superuser=True)
    client.force_login(user)
    return client


def address(draft: Agreement, months: str = "") -> str:
    return reverse("compliance:rehearsal", args=[draft.pk]) + (f"?months={months}" if months else "")


@pytest.mark.parametrize("months", ["", "1", "3", "12"])
def test_says_what_was_and_what_would_have_been(boss, draft, months):
    page = boss.get(address(draft, months)).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for words in ("20.00 USD", "16.00 USD", "−4.00 USD", "Affiliate A", "home-decor"):
        assert words in page


def test_is_reached_from_the_draft(boss, draft):
    page = boss.get(reverse("admin:agreements_agreement_change", args=[draft.pk])).content.decode()
    button = reverse("admin:agreements_agreement_rehearse", args=[draft.pk])
    assert button in page
    assert boss.get(button).url == address(draft)


@pytest.mark.parametrize("months", ["2", "0", "x", "-1", "１２"])
def test_refuses_another_time(boss, draft, months):
    answer = boss.get(address(draft, months), follow=True)
    assert "over the last 1, 3 or 12 months" in answer.content.decode()


def test_of_a_draft_without_everything_else_says_what_to_mend(boss, draft):
    draft.rates.filter(everything_else=True).delete()
    assert "no rate for everything else" in boss.get(address(draft), follow=True).content.decode()


def test_says_that_there_is_nothing_to_compare(boss):
    begin()
    made = drafting.start(now=timezone.now(), by=None)
    assert "nothing to compare" in boss.get(address(made)).content.decode()


def test_takes_few_queries_for_any_number_of_affiliates(boss, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        boss.get(address(draft))


def test_shows_how_targets_stand_and_how_they_would(draft):
    # Both have been active for more than 180 days: A has three of three, B one of three; of four, neither has enough.
    found = backtest.rehearse(agreement=Agreement.objects.get(pk=draft.pk), now=timezone.now())
    assert found.now == Answers(met=1, at_risk=0, missed=1, not_asked=0)
    assert found.then == Answers(met=0, at_risk=0, missed=2, not_asked=0)


def test_of_a_draft_without_a_target_asks_nobody(draft):
    Agreement.objects.filter(pk=draft.pk).update(target_orders=0)
    found = backtest.rehearse(agreement=Agreement.objects.get(pk=draft.pk), now=timezone.now())
    assert found.then == Answers(met=0, at_risk=0, missed=0, not_asked=2)
