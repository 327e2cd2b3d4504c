"""Promotions: the admin form, validation and notices."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from affiliates.models import State
from agreements import promotions, publishing, version_drafts
from agreements.models import Promotion
from audit.models import AuditRecord
from mail.models import Message
from tests.agreements.acceptance_data import NOW
from tests.agreements.page_data import build_admin_url
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def build_promotion_data(**changes: str) -> dict[str, str]:
    return {
        "confirmed": "1",
        "name": "Summer",
        "percent": "8.00",
        "categories": "home-decor",
        "affiliates": "",
        "starts_at_0": f"{NOW + DAY:%Y-%m-%d}",
        "starts_at_1": "00:00",
        "ends_at_0": f"{NOW + 10 * DAY:%Y-%m-%d}",
        "ends_at_1": "00:00",
    } | changes


def test_promotion_is_announced_to_selected_affiliates(staff, first):
    selected = make_affiliate(state=State.ACTIVE)
    make_affiliate(state=State.ACTIVE)
    staff.post(build_admin_url("promotion_announce"), build_promotion_data(affiliates=selected.code))
    promotion = Promotion.objects.get()
    assert (str(promotion.percent), promotion.categories, list(promotion.affiliates.all())) == (
        "8.00",
        ["home-decor"],
        [selected],
    )
    assert [message.to for message in Message.objects.filter(kind="promotion")] == [selected.email]
    assert AuditRecord.objects.filter(action="promotion added").count() == 1


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"percent": "8.51"}, "Version 1 allows rates from 2.60 % to 8.50 %."),
        ({"percent": "2.59"}, "Version 1 allows rates from 2.60 % to 8.50 %."),
        ({"ends_at_0": f"{NOW + DAY:%Y-%m-%d}"}, "The promotion must end after it starts."),
        ({"starts_at_0": "2026-01-02"}, "A promotion can&#x27;t start in the past"),
        ({"affiliates": "unknown"}, "unknown: No affiliate has this code, name or e-mail address."),
    ],
)
def test_invalid_promotion_shows_error_beside_field(staff, first, changes, cause):
    page = staff.post(build_admin_url("promotion_announce"), build_promotion_data(**changes)).content.decode()
    assert cause in page
    assert not Promotion.objects.exists()


def test_only_the_end_of_a_promotion_can_be_changed(staff, first):
    staff.post(build_admin_url("promotion_announce"), build_promotion_data())
    promotion = Promotion.objects.get()
    posted = {"confirmed": "1", "ends_at_0": f"{NOW + 5 * DAY:%Y-%m-%d}", "ends_at_1": "00:00"}
    staff.post(build_admin_url("promotion_move_end", promotion.pk), posted)
    promotion.refresh_from_db()
    assert promotion.ends_at.date() == (NOW + 5 * DAY).date()
    assert staff.post(build_admin_url("promotion_change", promotion.pk), {"percent": "2.60"}).status_code == 403


def test_form_offers_categories_with_their_rates(staff, first):
    page = staff.get(build_admin_url("promotion_announce")).content.decode()
    assert 'value="home-decor"' in page
    assert "Home decor (5.00 %)" in page
    assert 'value="everything-else"' not in page


def test_form_shows_rates_of_scheduled_versions(staff, first):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    publishing.publish_version(agreement=draft, effective_at=NOW + 3 * DAY, now=NOW, by=None)
    assert "Home decor (5.00 % / 6.00 %)" in staff.get(build_admin_url("promotion_announce")).content.decode()


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
            "On the rate card already, so select it in the list above: home-decor.",
        ),
        (
            {"unnamed": "everything-else", "names_confirmed": "on"},
            "On the rate card already, so select it in the list above: everything-else.",
        ),
        (
            {"percent": "5.00"},
            "Enter a rate above 5.00 %: the rate card already gives at least that for each of the categories.",
        ),
        ({"percent": "2.60", "categories": []}, "Enter a rate above 2.60 %: the rate card already gives at least"),
    ],
)
def test_promotion_without_effect_is_rejected(staff, first, changes, cause):
    page = staff.post(build_admin_url("promotion_announce"), build_promotion_data(**changes)).content.decode()
    assert cause in page
    assert not Promotion.objects.exists()


def test_confirmed_category_outside_rate_card_is_accepted(staff, first):
    staff.post(
        build_admin_url("promotion_announce"), build_promotion_data(unnamed="garden-furniture", names_confirmed="on")
    )
    assert Promotion.objects.get().categories == ["home-decor", "garden-furniture"]


def test_category_of_a_promotion_is_read_in_any_spelling(staff, first):
    staff.post(
        build_admin_url("promotion_announce"),
        build_promotion_data(unnamed=" Garden-Furniture\u200b", names_confirmed="on"),
    )
    assert Promotion.objects.get().categories == ["home-decor", "garden-furniture"]


def test_create_promotion_rejects_unknown_category(first):
    with pytest.raises(ValidationError) as caught:
        promotions.create_promotion(
            name="Summer", rate=Decimal("8.00"), categories=["home_decor"], affiliates=[],
            starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, now=NOW, by=None,
        )  # fmt: skip
    assert caught.value.message_dict == {"categories": ["Not on the rate card: home_decor."]}


def test_change_of_end_notifies_selected_affiliates(staff, first):
    selected, other = make_affiliate(state=State.ACTIVE), make_affiliate(state=State.ACTIVE)
    staff.post(build_admin_url("promotion_announce"), build_promotion_data(affiliates=selected.code))
    promotion = Promotion.objects.get()
    for days in (5, 20):
        posted = {"confirmed": "1", "ends_at_0": f"{NOW + days * DAY:%Y-%m-%d}", "ends_at_1": "00:00"}
        staff.post(build_admin_url("promotion_move_end", promotion.pk), posted)
    messages = Message.objects.filter(kind="promotion_end_changed")
    assert [message.to for message in messages] == [selected.email] * 2
    assert list(promotions.list_promotions(selected, at=NOW)) == [promotion]
    assert list(promotions.list_promotions(other, at=NOW)) == []
    assert list(promotions.list_promotions(selected, at=NOW + 21 * DAY)) == []
