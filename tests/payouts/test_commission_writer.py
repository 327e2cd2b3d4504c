"""Commissions written again: by which terms, with which e-mail, and after a forfeiture was undone."""

from datetime import timedelta
from decimal import Decimal

import pytest

from affiliates.models import Affiliate
from agreements import publishing, version_drafts
from agreements.models import AgreementVersion, Program
from mail.models import Message
from payouts.closing.open_program import open_program
from payouts.commissions import forfeiture, writer
from payouts.models import Commission
from tests.payouts.conftest import record_acceptance
from tests.scenarios import NOW, build_order, close_months, create_program, import_affiliates, parse_utc, send_orders
from tracking.clicks import click_ids
from tracking.links import tracking_links
from tracking.models import Order

pytestmark = pytest.mark.django_db
PUBLISHED, SECOND = parse_utc("2026-01-10"), parse_utc("2026-02-10")  # version 2: when it takes effect


@pytest.fixture
def first() -> AgreementVersion:
    return create_program("2026-01-01")


@pytest.fixture
def affiliates(first, tmp_path) -> dict[str, Affiliate]:
    return import_affiliates(["ANN", "BEN"], tmp_path)


@pytest.fixture
def second(first) -> AgreementVersion:
    """Publish a version that cuts the rate of home decor from 5.00 % to 4.50 %."""
    draft = version_drafts.start_draft(now=PUBLISHED, by=None)
    assert draft.rates.filter(category="home-decor").update(percent=Decimal("4.50")) == 1
    return publishing.publish_version(agreement=draft, effective_at=SECOND, now=PUBLISHED, by=None)


def test_order_that_passes_to_another_affiliate_is_priced_by_their_version(affiliates, first, second):
    """Ann has not accepted version 2, but earns for a click from before it; Ben has accepted it."""
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    record_acceptance(affiliates["BEN"], second, PUBLISHED)
    link = tracking_links.create_link(affiliate=affiliates["ANN"], target="https://shop.example/", now=SECOND, by=None)
    click = click_ids.sign_click_id(link.pk, SECOND - timedelta(hours=1))
    sold = {"placed": "2026-02-10T08:00:00Z", "click": click}
    send_orders(build_order("A1", at="2026-02-10T09:00:00Z", **sold))
    assert read_commission() == ("ANN", first.pk, "5.00", "5.00", "4.1")
    send_orders(build_order("A1", at="2026-02-10T10:00:00Z", coupon="BEN", **sold))
    assert read_commission() == ("BEN", second.pk, "4.50", "4.50", "4.1")


def read_commission() -> tuple[object, ...]:
    row = Commission.objects.select_related("affiliate").get()
    return row.affiliate.code, row.agreement_id, str(row.rate), str(row.amount), row.clause


def test_first_commission_email_waits_for_an_amount(affiliates):
    open_program(now=NOW, by=None)
    messages = Message.objects.filter(kind="first_commission").order_by("to").values_list("to", flat=True)
    send_orders(build_order("refunded", ("home-decor", "10.00", "10.00"), coupon="ANN"))
    assert list(messages.all()) == []
    # One batch: 5 % of 0.09 is rounded to 0.00, of 10.00 it is 0.50.
    send_orders(
        build_order("cents", ("home-decor", "0.09"), coupon="ANN"),
        build_order("earned", ("home-decor", "10.00"), coupon="BEN"),
    )
    assert list(messages.all()) == ["ben@example.com"]
    send_orders(build_order("earned-by-ann", ("home-decor", "10.00"), coupon="ANN"))
    assert list(messages.all()) == ["ann@example.com", "ben@example.com"]


def test_first_commission_email_takes_the_whole_batch_for_first(affiliates):
    sold = build_order("known", coupon="ANN")
    send_orders(sold)
    open_program(now=NOW, by=None)
    send_orders(sold | {"updated_at": "2026-01-11T12:00:00Z"}, build_order("new", coupon="ANN"))
    assert Message.objects.filter(kind="first_commission").count() == 1


def test_undone_forfeiture_restores_the_amount_of_the_newest_snapshot(affiliates):
    send_orders(build_order("A1", ("home-decor", "100.00"), coupon="ANN"))
    rows = Commission.objects.all()
    assert forfeiture.forfeit(commissions=rows, reason="clause 6.2", now=NOW, by=None) == 1
    # 40.00 of 100.00 is refunded meanwhile.
    send_orders(build_order("A1", ("home-decor", "100.00", "40.00"), at="2026-01-11T12:00:00Z", coupon="ANN"))
    assert str(rows.get().amount) == "0.00"
    assert forfeiture.restore(commissions=rows, now=NOW, by=None) == 1
    restored = rows.get()
    # 5 % of 60.00
    assert (str(restored.base), str(restored.amount)) == ("60.00", "3.00")
    assert (restored.forfeited_at, restored.forfeit_reason) == (None, "")
    assert forfeiture.restore(commissions=rows, now=NOW, by=None) == 0
    assert str(rows.get().amount) == "3.00"


@pytest.mark.usefixtures("affiliates")
def test_only_the_settled_among_the_given_orders_are_found():
    completed = {"at": "2026-01-11T12:00:00Z", "completed": "2026-01-11T12:00:00Z", "coupon": "ANN"}
    send_orders(build_order("A1", **completed), build_order("A2", **completed), build_order("open", coupon="ANN"))
    close_months("2026-01", "2026-02", now=NOW)
    pks = dict(Order.objects.values_list("order_id", "pk"))
    assert writer.find_settled_orders([pks["A1"], pks["open"]]) == {pks["A1"]}
    assert writer.find_settled_orders([pks["open"]]) == set()
