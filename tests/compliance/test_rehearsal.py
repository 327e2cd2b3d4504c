"""The rehearsal of a draft, as a page, ..."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agreements import version_drafts
from agreements.models import AgreementVersion, Rate
from compliance.targets import backtest
from compliance.targets.backtest import ResultCounts
from tests.factories import make_staff
from tests.scenarios import build_order, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(tmp_path) -> AgreementVersion:
    """A lower rate and a higher target, over two affiliates: A with three orders, B with one."""
    create_program()
    import_affiliates(["A", "B"], tmp_path)
    placed = (timezone.now() - timedelta(days=10)).isoformat()
    send_orders(*(build_order(str(number), placed=placed, at=placed, coupon="A") for number in range(3)))
    send_orders(build_order("b", placed=placed, at=placed, coupon="B"))
    made = version_drafts.start_draft(now=timezone.now(), by=None)
    Rate.objects.filter(agreement=made, category="home-decor").update(percent="4.00")
    AgreementVersion.objects.filter(pk=made.pk).update(target_orders=4)
    return made


@pytest.fixture
def boss(client):
    user = make_staff(superuser=True)
    client.force_login(user)
    return client


def address(draft: AgreementVersion, months: str = "") -> str:
    return reverse("compliance:backtest", args=[draft.pk]) + (f"?months={months}" if months else "")


@pytest.mark.parametrize("months", ["", "1", "3", "12"])
def test_says_what_was_and_what_would_have_been(boss, draft, months):
    page = boss.get(address(draft, months)).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for words in ("20.00 USD", "16.00 USD", "−4.00 USD", "Affiliate A", "home-decor"):
        assert words in page


def test_is_reached_from_the_draft(boss, draft):
    page = boss.get(reverse("admin:agreements_agreementversion_change", args=[draft.pk])).content.decode()
    button = reverse("admin:agreements_agreementversion_backtest", args=[draft.pk])
    assert button in page
    assert boss.get(button).url == address(draft)


@pytest.mark.parametrize("months", ["2", "0", "x", "-1", "１２"])
def test_refuses_another_time(boss, draft, months):
    answer = boss.get(address(draft, months), follow=True)
    assert "Choose the last 1, 3 or 12 months" in answer.content.decode()


def test_of_a_draft_without_everything_else_says_what_to_mend(boss, draft):
    draft.rates.filter(everything_else=True).delete()
    assert "no rate for everything else" in boss.get(address(draft), follow=True).content.decode()


def test_says_that_there_is_nothing_to_compare(boss):
    create_program()
    made = version_drafts.start_draft(now=timezone.now(), by=None)
    assert "nothing to compare" in boss.get(address(made)).content.decode()


def test_takes_few_queries_for_any_number_of_affiliates(boss, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        boss.get(address(draft))


def test_shows_how_targets_stand_and_how_they_would(draft):
    # Both have been active for more than 180 days: A has three of three, B one of three; of four, neither has enough.
    found = backtest.backtest_targets(agreement=AgreementVersion.objects.get(pk=draft.pk), now=timezone.now())
    assert found.current == ResultCounts(met=1, at_risk=0, missed=1, not_checked=0)
    assert found.proposed == ResultCounts(met=0, at_risk=0, missed=2, not_checked=0)


def test_of_a_draft_without_a_target_asks_nobody(draft):
    AgreementVersion.objects.filter(pk=draft.pk).update(target_orders=0)
    found = backtest.backtest_targets(agreement=AgreementVersion.objects.get(pk=draft.pk), now=timezone.now())
    assert found.proposed == ResultCounts(met=0, at_risk=0, missed=0, not_checked=2)
