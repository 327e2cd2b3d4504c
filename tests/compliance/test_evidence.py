"""The evidence of signals as staff read it: sentences, and what was seen beside its limit."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agreements.models import ProhibitedActivity
from compliance.admin.forms import ACTIVITY_BY_SIGNAL
from compliance.models import Signal
from compliance.signals.evidence import Evidence, describe_evidence, get_limits
from tests.compliance.cases import days, make_order
from tests.factories import NOW, make_affiliate

EXAMPLES: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "same_payout_details": ({"account": "a••@example.com", "affiliates": ["A", "B", "C"]}, ("Affiliates", "2", "3")),
    "self_purchase": ({"orders": 3, "examples": ["T1", "T2", "T3"]}, ("Orders", "1", "3")),
    "click_flooding": (
        {"network": "203.0.113.0", "day": "2026-02-28", "clicks": 1234},
        ("Clicks on that day", "500", "1,234"),
    ),
    "quick_orders": ({"orders": 4, "within_seconds": 30, "examples": ["T1"]}, ("Orders", "3", "4")),
    "conversion": ({"clicks": 80, "orders": 60}, ("Conversion rate", "40 %", "75.0 %")),
    "undeclared_sites": ({"clicks_by_site": {"spam.example": 36}}, ("Clicks from spam.example", "25", "36")),
}


def describe(**values: Any) -> Evidence:
    evidence = describe_evidence(Signal(**values))
    assert evidence is not None
    return evidence


@pytest.mark.django_db
def test_affiliates_with_the_same_payout_details_are_named():
    one = make_affiliate(name="Ann Archer")
    evidence = describe(kind="same_payout_details", evidence={"account": "a••", "affiliates": [one.code, "GONE"]})
    assert f"Ann Archer ({one.code}), GONE." in evidence.sentence


@pytest.mark.django_db
@pytest.mark.parametrize("kind", EXAMPLES)
def test_evidence_is_a_sentence_and_measures_with_their_limits(kind):
    seen, measure = EXAMPLES[kind]
    evidence = describe(kind=kind, evidence=seen | {"limits": get_limits(Signal.Kind(kind))})
    assert evidence.sentence.endswith(".")
    assert [tuple(each) for each in evidence.measures] == [measure]


def test_limit_of_the_time_of_the_signal_is_shown(settings):
    evidence = {"clicks_by_site": {"spam.example": 36}, "limits": {"clicks": 25}}
    settings.SIGNAL_UNDECLARED_CLICKS = 1000
    assert describe(kind="undeclared_sites", evidence=evidence).measures[0].limit == "25"


def test_clicks_without_an_order_have_their_own_limit():
    evidence = describe(kind="conversion", evidence={"clicks": 12_000, "orders": 0})
    assert [tuple(each) for each in evidence.measures] == [("Clicks without an order", "10,000", "12,000")]


@pytest.mark.parametrize("kind", Signal.Kind.values)
def test_erased_and_odd_evidence_is_shown_without_an_error(kind):
    assert describe_evidence(Signal(kind=kind, evidence={})) is None
    for odd in ({"with": ["x"], "x": 1}, {"orders": "[erased]", "examples": "[erased]"}, {"clicks": 0, "orders": 1}):
        describe_evidence(Signal(kind=kind, evidence=odd))


@pytest.fixture
def staff(client, reviewer):
    client.force_login(reviewer)
    return client


def raise_signal(affiliate, kind, **evidence):
    return Signal.objects.create(affiliate=affiliate, kind=kind, raised_at=NOW, evidence=evidence)


def test_page_of_a_signal_shows_evidence_and_links_its_orders(staff, affiliate):
    order = make_order(affiliate, timezone.now() - days(3), order_id="OWN1").order
    signal = raise_signal(affiliate, "self_purchase", orders=1, examples=["OWN1"])
    page = staff.get(reverse("admin:compliance_signal_change", args=[signal.pk])).content.decode()
    assert "The customer of these orders has the affiliate&#x27;s own e-mail address or code." in page
    assert f'<a href="{reverse("admin:tracking_order_change", args=[order.pk])}">OWN1</a>' in page
    assert "{" not in page[page.index("The customer of these") : page.index("OWN1")]


def test_review_is_opened_with_the_clause_and_orders_of_the_signal(staff, affiliate):
    make_order(affiliate, timezone.now() - days(3), order_id="OWN1", amount="100.00")
    make_order(affiliate, timezone.now() - days(2), order_id="OTHER")
    signal = raise_signal(affiliate, "self_purchase", orders=1, examples=["OWN1"])
    url = reverse("admin:compliance_review_open_review") + f"?affiliate={affiliate.code}&signal={signal.pk}"
    page = " ".join(staff.get(url).content.decode().split())
    assert '<option value="activity:self-purchase" selected>' in page
    assert '<optgroup label="Prohibited activities">' in page
    assert 'value="OWN1" data-amount="5.00" checked' in page
    assert 'value="OTHER" data-amount="5.00">' in page
    assert "<span data-total>5.00</span> USD" in page
    assert f"Coupon {affiliate.code}" in page


def test_order_of_the_evidence_is_offered_however_old_it_is(staff, affiliate, monkeypatch):
    monkeypatch.setattr("compliance.admin.order_table.ORDERS_OFFERED", 1)
    for number in range(3):
        make_order(affiliate, timezone.now() - days(9 - number), order_id=f"NR{number}")
    signal = raise_signal(affiliate, "quick_orders", orders=1, within_seconds=30, examples=["NR0"])
    url = reverse("admin:compliance_review_open_review") + f"?affiliate={affiliate.code}&signal={signal.pk}"
    page = staff.get(url).content.decode()
    assert ('value="NR0"' in page, 'value="NR1"' in page, 'value="NR2"' in page) == (True, False, True)


def test_every_kind_of_signal_points_to_an_activity_of_the_agreement_that_ships(agreement):
    codes = set(ProhibitedActivity.objects.filter(agreement=agreement).values_list("code", flat=True))
    assert set(ACTIVITY_BY_SIGNAL.values()) <= codes
    assert set(ACTIVITY_BY_SIGNAL) == set(Signal.Kind) - {Signal.Kind.ABUSE_REPORT}
