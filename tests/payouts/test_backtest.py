"""Backtests of drafts over past orders."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from affiliates.models import Affiliate
from agreements import promotions, publishing, seeding, version_drafts
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Program, Rate
from mail.models import Message
from payouts.commissions import backtest, forfeiture
from payouts.commissions.term_impact import build_impact_reader
from payouts.models import Commission, LedgerEntry, StatementLine
from tests.scenarios import (
    build_order,
    close_months,
    create_program,
    import_affiliates,
    parse_utc,
    roll_back,
    send_orders,
)
from tracking.clicks import click_ids
from tracking.links import tracking_links

pytestmark = pytest.mark.django_db

SINCE, UNTIL = parse_utc("2026-01-01"), parse_utc("2026-04-01")
NOW = parse_utc("2026-11-22T12:00:00")


@pytest.fixture
def affiliates(tmp_path) -> dict[str, Affiliate]:
    create_program()
    return import_affiliates(["A", "B"], tmp_path)


def create_draft(*, rates: dict[str, str] | None = None, **terms: Any) -> AgreementVersion:
    """Create a draft that differs in these rates and terms."""
    version = version_drafts.start_draft(now=NOW, by=None)
    AgreementVersion.objects.filter(pk=version.pk).update(**terms)
    for category, percent in (rates or {}).items():
        assert Rate.objects.filter(agreement=version, category=category).update(percent=percent) == 1
    return AgreementVersion.objects.get(pk=version.pk)


def run_backtest(version: AgreementVersion) -> tuple[str, str]:
    result = backtest.run_backtest(agreement=version, since=SINCE, until=UNTIL)
    return str(result.actual), str(result.projected)


def sign_click(code: str, at: str) -> str:
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example.com"]})
    affiliate = Affiliate.objects.get(code=code)
    link = affiliate.links.first() or tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example.com/", now=parse_utc("2026-01-03"), by=None
    )
    return click_ids.sign_click_id(link.pk, parse_utc(at))


def test_backtest_applies_rates_and_reports_gains_and_losses(affiliates):
    # A: 100.00 x 5.00 % = 5.00 and 50.00 x 7.00 % = 3.50; B: (80.00 - 20.00) x 5.00 % = 3.00.
    send_orders(build_order("1", ("home-decor", "100.00"), ("toys-hobbies", "50.00"), coupon="A"))
    send_orders(
        build_order("2", ("home-decor", "80.00", "20.00"), coupon="B"), build_order("3", ("home-decor", "9.00"))
    )
    # Under the draft, A: 100.00 x 4.00 % = 4.00 and 50.00 x 8.50 % = 4.25; B: 60.00 x 4.00 % = 2.40.
    result = backtest.run_backtest(
        agreement=create_draft(rates={"home-decor": "4.00", "toys-hobbies": "8.50"}), since=SINCE, until=UNTIL
    )
    assert (result.lines, result.actual, result.projected) == (3, Decimal("11.50"), Decimal("10.65"))
    assert (result.affiliates, result.gainers, result.losers, result.unchanged) == (2, 0, 2, 0)
    assert (result.gained, result.lost, result.difference) == (Decimal("0.00"), Decimal("0.85"), Decimal("-0.85"))
    assert [(row.affiliate.code, str(row.actual), str(row.projected)) for row in result.most_affected] == [
        ("B", "3.00", "2.40"),
        ("A", "8.50", "8.25"),
    ]
    assert [(row.category, row.lines, str(row.difference)) for row in result.categories] == [
        ("home-decor", 2, "-1.60"),
        ("toys-hobbies", 1, "0.75"),
    ]


def test_removed_category_earns_rate_for_everything_else(affiliates):
    send_orders(build_order("1", ("home-decor", "100.00"), ("umbrellas", "100.00"), coupon="A"))
    fewer = create_draft(rates={"everything-else": "3.50"})
    fewer.rates.filter(category="home-decor").delete()
    assert run_backtest(fewer) == ("8.00", "7.00")


def test_cap_is_filled_in_order_of_lines(affiliates):
    send_orders(
        build_order("1", ("home-decor", "100.00"), ("home-decor", "60.00"), ("home-decor", "40.00"), coupon="A")
    )
    # 5.00, then 3.00 of which 1.50 is left, then nothing.
    result = backtest.run_backtest(
        agreement=create_draft(order_commission_cap=Decimal("6.50")), since=SINCE, until=UNTIL
    )
    assert (result.actual, result.projected) == (Decimal("10.00"), Decimal("6.50"))
    assert run_backtest(create_draft(order_commission_cap=Decimal("10.01"))) == ("10.00", "10.00")


def test_shorter_attribution_window_loses_orders(affiliates):
    send_orders(
        build_order("1", click=sign_click("A", "2026-01-08T12:00:00")),
        build_order("2", click=sign_click("A", "2026-01-09T12:00:00")),
    )
    send_orders(build_order("3", coupon="B"))
    assert run_backtest(create_draft(attribution_days=2)) == ("15.00", "15.00")  # exactly 48 hours is in time
    assert run_backtest(create_draft(attribution_days=1)) == ("15.00", "10.00")


def test_longer_attribution_window_gains_orders(affiliates):
    send_orders(
        build_order("1", click=sign_click("A", "2026-01-05T12:00:00")),
        build_order("2", click=sign_click("B", "2026-01-04T11:59:59")),
    )
    assert run_backtest(create_draft(attribution_days=5)) == ("0.00", "5.00")
    assert run_backtest(create_draft(attribution_days=7)) == ("0.00", "10.00")


def test_promotions_apply_within_rate_ceiling(affiliates):
    promotions.create_promotion(
        name="Spring", rate=Decimal("8.00"), categories=["home-decor"], affiliates=[affiliates["A"]],
        starts_at=parse_utc("2026-01-05"), ends_at=parse_utc("2026-01-20"), now=parse_utc("2026-01-04"), by=None,
    )  # fmt: skip
    send_orders(
        build_order("1", coupon="A"),
        build_order("2", coupon="B"),
        build_order("3", ("toys-hobbies", "100.00"), coupon="A"),
    )
    assert run_backtest(create_draft(rates={"home-decor": "6.00"})) == ("20.00", "21.00")
    assert run_backtest(create_draft(rate_ceiling=Decimal("7.00"))) == ("20.00", "19.00")


def test_forfeited_and_out_of_period_orders_are_left_out(affiliates):
    send_orders(
        build_order("1", coupon="A"),
        build_order("2", placed="2026-04-01T00:00:00Z", at="2026-04-01T00:00:00Z", coupon="A"),
    )
    send_orders(build_order("3", coupon="B"))
    forfeiture.forfeit(
        commissions=Commission.objects.filter(order__order_id="3"),
        reason="fraud", now=NOW, by=None,
    )  # fmt: skip
    assert run_backtest(create_draft(rates={"home-decor": "4.00"})) == ("5.00", "4.00")


def test_backtest_without_orders_is_empty(affiliates):
    result = backtest.run_backtest(agreement=create_draft(), since=SINCE, until=UNTIL)
    assert (result.lines, result.actual, result.projected, result.affiliates) == (0, Decimal(0), Decimal(0), 0)
    assert (result.most_affected, result.categories) == ([], [])


def test_backtest_without_rate_for_everything_else_is_rejected(affiliates):
    draft = create_draft()
    draft.rates.filter(everything_else=True).delete()
    with pytest.raises(Rejected, match="no rate for everything else"):
        backtest.run_backtest(agreement=draft, since=SINCE, until=UNTIL)


def test_backtest_with_duplicate_category_is_rejected(affiliates):
    draft = create_draft()
    draft.rates.create(category="home-decor", percent="4.00")
    with pytest.raises(Rejected, match="two rates for one category"):
        backtest.run_backtest(agreement=draft, since=SINCE, until=UNTIL)


def test_backtest_query_is_read_only(affiliates):
    with (
        backtest._open_query(create_draft(), SINCE, UNTIL) as (cursor, _sql, _values),
        pytest.raises(DatabaseError, match="read-only"),
        transaction.atomic(),
    ):
        cursor.execute("DELETE FROM payouts_commission")
    with connection.cursor() as cursor:  # the transaction can write again afterwards
        cursor.execute("UPDATE payouts_commission SET clause = clause")


def test_change_notice_states_monthly_impact_per_affiliate(affiliates):
    at = "2026-11-01T12:00:00Z"
    send_orders(*(build_order(str(n), placed=at, at=at, coupon="A") for n in range(27)), now=NOW)
    draft = create_draft(rates={"home-decor": "4.00"})
    publishing.publish_version(
        agreement=draft, effective_at=NOW + timedelta(days=15), now=NOW, by=None, read_impact=build_impact_reader(NOW)
    )
    # 27 x 5.00 = 135.00 in three months is 45.00 a month; 27 x 4.00 = 108.00 is 36.00.
    contexts = {message.context["code"]: message.context for message in Message.objects.filter(kind="agreement_change")}
    assert (contexts["A"]["actual"], contexts["A"]["projected"]) == ("45.00 USD", "36.00 USD")
    assert "actual" not in contexts["B"]
    impact = build_impact_reader(NOW)(draft, [affiliates["A"].pk]).get(affiliates["A"].pk)
    assert impact == (Decimal("45.00"), Decimal("36.00"))


# --- Comparison with a close of the same orders --------------------------------------------------------------------

RATES = {"home-decor": "6.50", "toys-hobbies": "2.75", "beauty-health": "8.50", "everything-else": "3.33"}
TERMS: dict[str, Any] = {
    "order_commission_cap": Decimal("9.00"),
    "attribution_days": 5,
    "rate_ceiling": Decimal("8.50"),
}
CODES = [f"R{number}" for number in range(12)]


def generate_orders(links: dict[str, UUID], seed: int) -> list[dict[str, Any]]:
    """Generate orders with coupons, clicks in time and late, refunds, cancellations and unknown categories."""
    dice = random.Random(seed)
    orders = []
    for number in range(250):
        placed = SINCE + timedelta(days=5, minutes=dice.randrange(80 * 24 * 60))
        rows = []
        for _line in range(dice.randint(1, 4)):
            cents = dice.randint(1, 20_000)
            refunded = dice.choice([0, 0, 0, cents, dice.randint(0, cents)])
            category = dice.choice([*RATES, "umbrellas", "kitchen-dining"])
            rows.append((category, f"{cents / 100:.2f}", f"{refunded / 100:.2f}"))
        claim = dice.choice(["coupon", "click", "click", "none"])
        code = dice.choice(CODES)
        clicked = placed - timedelta(minutes=dice.randrange(8 * 24 * 60))
        orders.append(
            build_order(
                f"S{number}",
                *rows,
                at=parse_utc("2026-04-20").isoformat(),
                placed=placed.isoformat(),
                completed=(placed + timedelta(days=1)).isoformat(),
                status=dice.choice(["completed", "completed", "completed", "cancelled"]),
                coupon=code if claim == "coupon" else None,
                click=click_ids.sign_click_id(links[code], clicked) if claim == "click" else None,
            )
        )
    return orders


def create_changed_program(folder, change: Callable[[AgreementVersion], None]) -> dict[str, UUID]:
    """Create a program from January on with the seed agreement and `change`; return {affiliate code: link id}."""
    first = seeding.start_draft(now=parse_utc("2025-12-01"), by=None)
    change(first)
    publishing.publish_version(agreement=first, effective_at=SINCE, now=parse_utc("2025-12-01"), by=None)
    affiliates = import_affiliates(CODES, folder)
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example.com"]})
    promotions.create_promotion(
        name="Spring", rate=Decimal("8.00"), categories=["home-decor", "kitchen-dining"],
        affiliates=[affiliates["R1"], affiliates["R2"]],
        starts_at=parse_utc("2026-02-01"), ends_at=parse_utc("2026-03-01"),
        now=parse_utc("2026-01-04"), by=None,
    )  # fmt: skip
    return {
        code: tracking_links.create_link(
            affiliate=affiliates[code], target="https://shop.example.com/", now=parse_utc("2026-01-03"), by=None
        ).pk
        for code in CODES
    }


def apply_draft_terms(version: AgreementVersion) -> None:
    AgreementVersion.objects.filter(pk=version.pk).update(**TERMS)
    for category, percent in RATES.items():
        Rate.objects.filter(agreement=version, category=category).update(percent=percent)


@pytest.mark.parametrize("seed", range(3))
def test_backtest_equals_close_of_same_orders_under_draft(seed, tmp_path):
    with roll_back():
        send_orders(*generate_orders(create_changed_program(tmp_path, lambda _draft: None), seed), now=NOW)
        draft = create_draft(rates=RATES, **TERMS)
        result = backtest.run_backtest(agreement=draft, since=SINCE, until=UNTIL)
        by_affiliate = backtest.backtest_by_affiliate(agreement=draft, since=SINCE, until=UNTIL)
        codes = dict(Affiliate.objects.values_list("pk", "code"))
        assert result.actual == Commission.objects.aggregate(Sum("amount"))["amount__sum"]
    with roll_back():
        send_orders(*generate_orders(create_changed_program(tmp_path, apply_draft_terms), seed), now=NOW)
        close_first_months(NOW)
        posted = StatementLine.objects.values_list("statement__affiliate__code").order_by().annotate(Sum("amount"))
        assert result.projected == sum(amount for _code, amount in posted) > 0
        assert {codes[pk]: projected for pk, (_actual, projected) in by_affiliate.items() if projected} == dict(posted)
        assert LedgerEntry.objects.exists()


def close_first_months(now: datetime) -> None:
    close_months("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", now=now)
