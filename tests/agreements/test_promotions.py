"""A promotion ..."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from affiliates.models import State
from agreements import promotions, publishing, version_drafts
from agreements.models import Promotion
from audit.models import AuditRecord
from mail.models import Message
from tests.agreements.draft_forms import build_admin_url
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)


def promotion(**changes: str) -> dict[str, str]:
    return {
        "confirmed": "1",
        "name": "Summer",
        "percent": "8.00",
        "categories": "home-decor",
        "codes": "",
        "starts_at_0": f"{NOW + DAY:%Y-%m-%d}",
        "starts_at_1": "00:00",
        "ends_at_0": f"{NOW + 10 * DAY:%Y-%m-%d}",
        "ends_at_1": "00:00",
    } | changes


def test_announces_a_promotion_to_those_whom_it_concerns(staff, first):
    concerned = make_affiliate(state=State.ACTIVE)
    make_affiliate(state=State.ACTIVE)
    staff.post(build_admin_url("promotion_announce"), promotion(codes=concerned.code))
    made = Promotion.objects.get()
    assert (str(made.percent), made.categories, list(made.affiliates.all())) == ("8.00", ["home-decor"], [concerned])
    assert [message.to for message in Message.objects.filter(kind="promotion")] == [concerned.email]
    assert AuditRecord.objects.filter(action="promotion added").count() == 1


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"percent": "8.51"}, "Version 1 allows rates from 2.60 % to 8.50 %."),
        ({"percent": "2.59"}, "Version 1 allows rates from 2.60 % to 8.50 %."),
        ({"ends_at_0": f"{NOW + DAY:%Y-%m-%d}"}, "The promotion must end after it starts."),
        ({"starts_at_0": "2026-01-02"}, "A promotion can&#x27;t start in the past"),
        ({"codes": "nobody"}, "No affiliate has the code nobody."),
    ],
)
def test_refuses_a_promotion_with_the_cause_beside_the_field(staff, first, changes, cause):
    page = staff.post(build_admin_url("promotion_announce"), promotion(**changes)).content.decode()
    assert cause in page
    assert not Promotion.objects.exists()


def test_moves_the_end_of_a_promotion_and_nothing_else(staff, first):
    staff.post(build_admin_url("promotion_announce"), promotion())
    made = Promotion.objects.get()
    posted = {"confirmed": "1", "ends_at_0": f"{NOW + 5 * DAY:%Y-%m-%d}", "ends_at_1": "00:00"}
    staff.post(build_admin_url("promotion_move_end", made.pk), posted)
    made.refresh_from_db()
    assert made.ends_at.date() == (NOW + 5 * DAY).date()
    assert staff.post(build_admin_url("promotion_change", made.pk), {"percent": "2.60"}).status_code == 403


def test_offers_the_categories_of_the_rate_card_with_what_they_earn(staff, first):
    page = staff.get(build_admin_url("promotion_announce")).content.decode()
    assert 'value="home-decor"' in page
    assert "home-decor (5.00 %)" in page
    assert 'value="everything-else"' not in page


def test_names_the_rates_of_every_version_that_will_apply(staff, first):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    publishing.publish_version(agreement=draft, effective_at=NOW + 3 * DAY, now=NOW, by=None)
    assert "home-decor (5.00 % / 6.00 %)" in staff.get(build_admin_url("promotion_announce")).content.decode()


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"categories": "Home Decor"}, "Home Decor is not one of the available choices."),
        ({"categories": [], "unnamed": "garden-furniture"}, "Check an order, then confirm."),
        (
            {"categories": [], "unnamed": "Home Decor", "names_confirmed": "on"},
            "Use only lowercase letters, digits and single hyphens.",
        ),
        (
            {"categories": [], "unnamed": "home-decor", "names_confirmed": "on"},
            "On the rate card; select it above: home-decor.",
        ),
        (
            {"unnamed": "everything-else", "names_confirmed": "on"},
            "On the rate card; select it above: everything-else.",
        ),
        ({"percent": "5.00"}, "This rate raises nothing: the rate card gives 5.00 % or more for each of the categories."),
        ({"percent": "2.60", "categories": []}, "This rate raises nothing: the rate card gives 2.60 % or more"),
    ],
)
def test_that_would_silently_raise_nothing_is_refused_beside_the_field(staff, first, changes, cause):
    page = staff.post(build_admin_url("promotion_announce"), promotion(**changes)).content.decode()
    assert cause in page
    assert not Promotion.objects.exists()


def test_may_name_a_category_beside_the_rate_card_once_staff_say_that_they_mean_it(staff, first):
    staff.post(build_admin_url("promotion_announce"), promotion(unnamed="garden-furniture", names_confirmed="on"))
    assert Promotion.objects.get().categories == ["home-decor", "garden-furniture"]


def test_is_refused_by_the_domain_too_for_a_category_that_nobody_confirmed(first):
    with pytest.raises(ValidationError) as refusal:
        promotions.create_promotion(
            name="Summer", rate=Decimal("8.00"), categories=["home_decor"], affiliates=[],
            starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, now=NOW, by=None,
        )  # fmt: skip
    assert refusal.value.message_dict == {
        "categories": ["Not on the rate card: home_decor. Category names must match the orders exactly."]
    }


def test_whose_end_is_moved_is_told_to_those_whom_it_concerns(staff, first):
    concerned, other = make_affiliate(state=State.ACTIVE), make_affiliate(state=State.ACTIVE)
    staff.post(build_admin_url("promotion_announce"), promotion(codes=concerned.code))
    made = Promotion.objects.get()
    for days in (5, 20):
        posted = {"confirmed": "1", "ends_at_0": f"{NOW + days * DAY:%Y-%m-%d}", "ends_at_1": "00:00"}
        staff.post(build_admin_url("promotion_move_end", made.pk), posted)
    told = Message.objects.filter(kind="promotion_end_changed")
    assert [message.to for message in told] == [concerned.email] * 2
    assert list(promotions.list_promotions(concerned, at=NOW)) == [made]
    assert list(promotions.list_promotions(other, at=NOW)) == []
    assert list(promotions.list_promotions(concerned, at=NOW + 21 * DAY)) == []
