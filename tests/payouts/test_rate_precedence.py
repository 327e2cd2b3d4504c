"""Which rate an order line earns, as documented in docs/rates.md."""

from decimal import Decimal

import pytest

from agreements import promotions, publishing, seeding
from agreements.models import AgreementVersion
from payouts.models import Commission
from shops import intake
from tests.scenarios import build_order, import_affiliates, parse_utc
from tests.table_copies import publish_seed_agreement_once

pytestmark = pytest.mark.django_db
BEGIN = parse_utc("2026-01-01")


@pytest.fixture
def commissions(tmp_path):
    """Return the commissions of the example order in docs/rates.md, by line."""
    version = seeding.start_draft(now=BEGIN, by=None)
    AgreementVersion.objects.filter(pk=version.pk).update(order_commission_cap=Decimal("20.00"))
    publishing.publish_version(agreement=version, effective_at=BEGIN, now=BEGIN, by=None)
    anna = import_affiliates(["A"], tmp_path)["A"]
    for name, rate, categories in (("Summer", "7.00", []), ("Autumn", "8.00", ["home-decor"])):
        promotions.create_promotion(
            name=name, rate=Decimal(rate), categories=categories, affiliates=[anna],
            starts_at=parse_utc("2026-01-10"), ends_at=parse_utc("2026-02-10"), now=parse_utc("2026-01-05"), by=None,
        )  # fmt: skip
    lines = [("home-decor", "100.00", "10.00"), ("beauty-health", "100.00", "0.00"), ("Home Decor", "100.00", "0.00")]
    sent = build_order("1", placed="2026-01-10T00:00:00Z", coupon="A")
    sent["lines"] = [
        sent["lines"][0] | {"line_id": str(number), "category": category, "amount": amount, "refunded": refunded}
        for number, (category, amount, refunded) in enumerate(lines, 1)
    ]
    intake.ingest_orders(snapshots=[sent], source="a test", now=parse_utc("2026-01-11"))
    return list(Commission.objects.order_by("line__line_id"))


def test_commissions_match_documented_table(commissions):
    values = [(str(commission.base), str(commission.rate), str(commission.amount)) for commission in commissions]
    assert values == [("90.00", "8.00", "7.20"), ("100.00", "8.00", "8.00"), ("100.00", "7.00", "4.80")]


def test_steps_explain_rates_in_documented_order(commissions):
    assert [[(step["rule"], step["clause"]) for step in one.steps] for one in commissions] == [
        [("rate_card", "4.1"), ("promotions", "4.2"), ("refunds", "4.3"), ("rounding", "4.4")],
        [("rate_card", "4.1"), ("rounding", "4.4")],
        [("rate_card", "4.1"), ("promotions", "4.2"), ("rounding", "4.4"), ("order_commission_cap", "4.5")],
    ]
    assert [step["text"] for step in commissions[2].steps] == [
        "Rate card of version 1: home decor is not listed, so everything else, 3.00 %.",
        "Raised to 7.00 % by the promotion Summer.",
        "100.00 x 7.00 % = 7.00, rounded once to the cent.",
        "Commission per order is capped at 20.00; 4.80 is left for this line.",
    ]
    assert commissions[0].steps[1]["text"] == "Raised to 8.00 % by the promotion Autumn."


def test_promotion_is_limited_by_rate_ceiling(tmp_path):
    publish_seed_agreement_once(BEGIN)
    promotions.create_promotion(
        name="Winter", rate=Decimal("8.00"), categories=[], affiliates=[],
        starts_at=parse_utc("2026-01-10"), ends_at=parse_utc("2026-03-01"), now=parse_utc("2026-01-05"), by=None,
    )  # fmt: skip
    lower = seeding.start_draft(now=parse_utc("2026-01-12"), by=None)
    AgreementVersion.objects.filter(pk=lower.pk).update(rate_ceiling=Decimal("7.50"))
    lower.rates.filter(percent__gt="7.50").update(percent="7.50")
    publishing.publish_version(
        agreement=lower, effective_at=parse_utc("2026-02-01"), now=parse_utc("2026-01-12"), by=None
    )
    import_affiliates(["B"], tmp_path, accepted="2026-02-02")
    intake.ingest_orders(
        snapshots=[build_order("2", placed="2026-02-09T00:00:00Z", coupon="B")],
        source="a test",
        now=parse_utc("2026-02-11"),
    )
    commission = Commission.objects.get()
    assert (str(commission.rate), commission.steps[1]["text"]) == (
        "7.50",
        "Raised to 7.50 % by the promotion Winter (8.00 %, limited to the maximum rate).",
    )


def test_batch_uses_rate_of_each_order_day(tmp_path):
    publish_seed_agreement_once(BEGIN)
    for name, starts, ends in (("Early", "2026-01-10", "2026-01-12"), ("Late", "2026-01-20", "2026-01-22")):
        promotions.create_promotion(
            name=name, rate=Decimal("8.00"), categories=["home-decor"], affiliates=[],
            starts_at=parse_utc(starts), ends_at=parse_utc(ends), now=parse_utc("2026-01-05"), by=None,
        )  # fmt: skip
    import_affiliates(["C"], tmp_path)
    days = ("10", "12", "20", "22")
    sent = [build_order(day, placed=f"2026-01-{day}T00:00:00Z", at="2026-01-23T00:00:00Z", coupon="C") for day in days]
    intake.ingest_orders(snapshots=sent, source="a test", now=parse_utc("2026-01-24"))
    rates = dict(Commission.objects.values_list("order__order_id", "rate"))
    assert [str(rates[day]) for day in days] == ["8.00", "5.00", "8.00", "5.00"]


def test_promotion_applies_to_selected_affiliates(tmp_path):
    publish_seed_agreement_once(BEGIN)
    affiliates = import_affiliates(["D", "E"], tmp_path)
    for name, rate, selected in (("Selected", "8.00", [affiliates["D"]]), ("All", "7.00", [])):
        promotions.create_promotion(
            name=name, rate=Decimal(rate), categories=[], affiliates=selected,
            starts_at=parse_utc("2026-01-10"), ends_at=parse_utc("2026-01-12"), now=parse_utc("2026-01-05"), by=None,
        )  # fmt: skip
    sent = [build_order(code, placed="2026-01-10T00:00:00Z", coupon=code) for code in affiliates]
    intake.ingest_orders(snapshots=sent, source="a test", now=parse_utc("2026-01-13"))
    assert dict(Commission.objects.values_list("affiliate__code", "rate")) == {"D": Decimal(8), "E": Decimal(7)}


def test_latest_start_wins_between_equal_promotions(tmp_path):
    publish_seed_agreement_once(BEGIN)
    import_affiliates(["F"], tmp_path)
    for name, starts in (("Later", "2026-01-11"), ("Earlier", "2026-01-10")):
        promotions.create_promotion(
            name=name, rate=Decimal("8.00"), categories=[], affiliates=[],
            starts_at=parse_utc(starts), ends_at=parse_utc("2026-01-20"), now=parse_utc("2026-01-05"), by=None,
        )  # fmt: skip
    sent = build_order("3", placed="2026-01-12T00:00:00Z", at="2026-01-12T00:00:00Z", coupon="F")
    intake.ingest_orders(snapshots=[sent], source="a test", now=parse_utc("2026-01-13"))
    assert Commission.objects.get().steps[1]["text"] == "Raised to 8.00 % by the promotion Later."
