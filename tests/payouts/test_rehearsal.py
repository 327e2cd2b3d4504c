"""Rehearsing a draft ..."""

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
def people(tmp_path) -> dict[str, Affiliate]:
    create_program()
    return import_affiliates(["A", "B"], tmp_path)


def draft(*, rates: dict[str, str] | None = None, **terms: Any) -> AgreementVersion:
    """A draft that differs in these rates and terms."""
    made = version_drafts.start_draft(now=NOW, by=None)
    AgreementVersion.objects.filter(pk=made.pk).update(**terms)
    for category, percent in (rates or {}).items():
        assert Rate.objects.filter(agreement=made, category=category).update(percent=percent) == 1
    return AgreementVersion.objects.get(pk=made.pk)


def rehearsed(agreement: AgreementVersion) -> tuple[str, str]:
    found = backtest.run_backtest(agreement=agreement, since=SINCE, until=UNTIL)
    return str(found.actual), str(found.projected)


def click(code: str, at: str) -> str:
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example.com"]})
    owner = Affiliate.objects.get(code=code)
    link = owner.links.first() or tracking_links.create_link(
        affiliate=owner, target="https://shop.example.com/", now=parse_utc("2026-01-03"), by=None
    )
    return click_ids.sign_click_id(link.pk, parse_utc(at))


def test_takes_its_rates_and_says_who_gains_and_who_loses(people):
    # A: 100.00 x 5.00 % = 5.00 and 50.00 x 7.00 % = 3.50; B: 80.00 x 5.00 % = 4.00, of which 20.00 came back: 3.00.
    send_orders(build_order("1", ("home-decor", "100.00"), ("toys-hobbies", "50.00"), coupon="A"))
    send_orders(
        build_order("2", ("home-decor", "80.00", "20.00"), coupon="B"), build_order("3", ("home-decor", "9.00"))
    )
    # Now A: 100.00 x 4.00 % = 4.00 and 50.00 x 8.50 % = 4.25; B: 60.00 x 4.00 % = 2.40.
    found = backtest.run_backtest(
        agreement=draft(rates={"home-decor": "4.00", "toys-hobbies": "8.50"}), since=SINCE, until=UNTIL
    )
    assert (found.lines, found.actual, found.projected) == (3, Decimal("11.50"), Decimal("10.65"))
    assert (found.affiliates, found.gainers, found.losers, found.unchanged) == (2, 0, 2, 0)
    assert (found.gained, found.lost, found.difference) == (Decimal("0.00"), Decimal("0.85"), Decimal("-0.85"))
    assert [(row.affiliate.code, str(row.actual), str(row.projected)) for row in found.most_affected] == [
        ("B", "3.00", "2.40"),
        ("A", "8.50", "8.25"),
    ]
    assert [(row.category, row.lines, str(row.difference)) for row in found.categories] == [
        ("home-decor", 2, "-1.60"),
        ("toys-hobbies", 1, "0.75"),
    ]


def test_takes_everything_else_for_a_category_that_it_no_longer_names(people):
    send_orders(build_order("1", ("home-decor", "100.00"), ("umbrellas", "100.00"), coupon="A"))
    fewer = draft(rates={"everything-else": "3.50"})
    fewer.rates.filter(category="home-decor").delete()
    assert rehearsed(fewer) == ("8.00", "7.00")


def test_fills_lines_in_the_order_sent_until_its_cap_is_used_up(people):
    send_orders(
        build_order("1", ("home-decor", "100.00"), ("home-decor", "60.00"), ("home-decor", "40.00"), coupon="A")
    )
    # 5.00, then 3.00 of which 1.50 is left, then nothing.
    found = backtest.run_backtest(agreement=draft(order_commission_cap=Decimal("6.50")), since=SINCE, until=UNTIL)
    assert (found.actual, found.projected) == (Decimal("10.00"), Decimal("6.50"))
    assert rehearsed(draft(order_commission_cap=Decimal("10.01"))) == ("10.00", "10.00")


def test_takes_from_an_affiliate_what_its_shorter_window_would_not_have_given(people):
    send_orders(
        build_order("1", click=click("A", "2026-01-08T12:00:00")),
        build_order("2", click=click("A", "2026-01-09T12:00:00")),
    )
    send_orders(build_order("3", coupon="B"))
    assert rehearsed(draft(attribution_days=2)) == ("15.00", "15.00")  # to the instant 48 hours is in time
    assert rehearsed(draft(attribution_days=1)) == ("15.00", "10.00")


def test_gives_an_affiliate_what_its_longer_window_would_have_given(people):
    send_orders(
        build_order("1", click=click("A", "2026-01-05T12:00:00")),
        build_order("2", click=click("B", "2026-01-04T11:59:59")),
    )
    assert rehearsed(draft(attribution_days=5)) == ("0.00", "5.00")
    assert rehearsed(draft(attribution_days=7)) == ("0.00", "10.00")


def test_leaves_promotions_as_they_ran_within_its_own_ceiling(people):
    promotions.create_promotion(
        name="Spring", rate=Decimal("8.00"), categories=["home-decor"], affiliates=[people["A"]],
        starts_at=parse_utc("2026-01-05"), ends_at=parse_utc("2026-01-20"), now=parse_utc("2026-01-04"), by=None,
    )  # fmt: skip
    send_orders(
        build_order("1", coupon="A"),
        build_order("2", coupon="B"),
        build_order("3", ("toys-hobbies", "100.00"), coupon="A"),
    )
    assert rehearsed(draft(rates={"home-decor": "6.00"})) == ("20.00", "21.00")
    assert rehearsed(draft(rate_ceiling=Decimal("7.00"))) == ("20.00", "19.00")


def test_leaves_out_what_was_forfeited_and_what_was_placed_at_other_times(people):
    send_orders(
        build_order("1", coupon="A"),
        build_order("2", placed="2026-04-01T00:00:00Z", at="2026-04-01T00:00:00Z", coupon="A"),
    )
    send_orders(build_order("3", coupon="B"))
    forfeiture.forfeit(
        commissions=Commission.objects.filter(order__order_id="3"),
        reason="fraud", now=NOW, by=None,
    )  # fmt: skip
    assert rehearsed(draft(rates={"home-decor": "4.00"})) == ("5.00", "4.00")


def test_of_a_time_without_orders_is_nothing(people):
    found = backtest.run_backtest(agreement=draft(), since=SINCE, until=UNTIL)
    assert (found.lines, found.actual, found.projected, found.affiliates) == (0, Decimal(0), Decimal(0), 0)
    assert (found.most_affected, found.categories) == ([], [])


def test_is_refused_without_a_rate_for_everything_else(people):
    made = draft()
    made.rates.filter(everything_else=True).delete()
    with pytest.raises(Rejected, match="no rate for everything else"):
        backtest.run_backtest(agreement=made, since=SINCE, until=UNTIL)


def test_is_refused_with_two_rates_for_one_category(people):
    made = draft()
    made.rates.create(category="home-decor", percent="4.00")
    with pytest.raises(Rejected, match="two rates for one category"):
        backtest.run_backtest(agreement=made, since=SINCE, until=UNTIL)


def test_cannot_write(people):
    with (
        backtest._open_query(draft(), SINCE, UNTIL) as (cursor, _question, _values),
        pytest.raises(DatabaseError, match="read-only"),
        transaction.atomic(),
    ):
        cursor.execute("DELETE FROM payouts_commission")
    with connection.cursor() as cursor:  # and who comes after it in the same transaction can
        cursor.execute("UPDATE payouts_commission SET clause = clause")


def test_tells_each_affiliate_what_it_means_for_them_a_month(people):
    at = "2026-11-01T12:00:00Z"
    send_orders(*(build_order(str(n), placed=at, at=at, coupon="A") for n in range(27)), now=NOW)
    made = draft(rates={"home-decor": "4.00"})
    publishing.publish_version(
        agreement=made, effective_at=NOW + timedelta(days=15), now=NOW, by=None, read_impact=build_impact_reader(NOW)
    )
    # 27 x 5.00 = 135.00 in three months is 45.00 a month; 27 x 4.00 = 108.00 is 36.00.
    told = {mail.context["code"]: mail.context for mail in Message.objects.filter(kind="agreement_change")}
    assert (told["A"]["actual"], told["A"]["projected"]) == ("45.00 USD", "36.00 USD")
    assert "actual" not in told["B"]
    means = build_impact_reader(NOW)(made, [people["A"].pk]).get(people["A"].pk)
    assert means == (Decimal("45.00"), Decimal("36.00"))


# --- Against the ordinary path -------------------------------------------------------------------------------------

RATES = {"home-decor": "6.50", "toys-hobbies": "2.75", "beauty-health": "8.50", "everything-else": "3.33"}
TERMS: dict[str, Any] = {
    "order_commission_cap": Decimal("9.00"),
    "attribution_days": 5,
    "rate_ceiling": Decimal("8.50"),
}
CODES = [f"R{number}" for number in range(12)]


def sample(links_of: dict[str, UUID], seed: int) -> list[dict[str, Any]]:
    """Completed orders of all kinds: coupons, clicks in time and late, refunds, cancellations, unknown categories."""
    dice = random.Random(seed)
    found = []
    for number in range(250):
        placed = SINCE + timedelta(days=5, minutes=dice.randrange(80 * 24 * 60))
        rows = []
        for _line in range(dice.randint(1, 4)):
            cents = dice.randint(1, 20_000)
            back = dice.choice([0, 0, 0, cents, dice.randint(0, cents)])
            category = dice.choice([*RATES, "umbrellas", "kitchen-dining"])
            rows.append((category, f"{cents / 100:.2f}", f"{back / 100:.2f}"))
        claim = dice.choice(["coupon", "click", "click", "nobody"])
        code = dice.choice(CODES)
        clicked = placed - timedelta(minutes=dice.randrange(8 * 24 * 60))
        found.append(
            build_order(
                f"S{number}",
                *rows,
                at=parse_utc("2026-04-20").isoformat(),
                placed=placed.isoformat(),
                completed=(placed + timedelta(days=1)).isoformat(),
                status=dice.choice(["completed", "completed", "completed", "cancelled"]),
                coupon=code if claim == "coupon" else None,
                click=click_ids.sign_click_id(links_of[code], clicked) if claim == "click" else None,
            )
        )
    return found


def program(folder, change: Callable[[AgreementVersion], None]) -> dict[str, UUID]:
    """A program from January on whose first version is the seed agreement with `change`; returns a link of each affiliate."""
    first = seeding.start_draft(now=parse_utc("2025-12-01"), by=None)
    change(first)
    publishing.publish_version(agreement=first, effective_at=SINCE, now=parse_utc("2025-12-01"), by=None)
    people = import_affiliates(CODES, folder)
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example.com"]})
    promotions.create_promotion(
        name="Spring", rate=Decimal("8.00"), categories=["home-decor", "kitchen-dining"],
        affiliates=[people["R1"], people["R2"]], starts_at=parse_utc("2026-02-01"), ends_at=parse_utc("2026-03-01"),
        now=parse_utc("2026-01-04"), by=None,
    )  # fmt: skip
    return {
        code: tracking_links.create_link(
            affiliate=people[code], target="https://shop.example.com/", now=parse_utc("2026-01-03"), by=None
        ).pk
        for code in CODES
    }


def as_the_draft(agreement: AgreementVersion) -> None:
    AgreementVersion.objects.filter(pk=agreement.pk).update(**TERMS)
    for category, percent in RATES.items():
        Rate.objects.filter(agreement=agreement, category=category).update(percent=percent)


@pytest.mark.parametrize("seed", range(3))
def test_comes_to_what_a_close_of_the_same_orders_under_it_would_have_posted(seed, tmp_path):
    with roll_back():
        send_orders(*sample(program(tmp_path, lambda _draft: None), seed), now=NOW)
        made = draft(rates=RATES, **TERMS)
        found = backtest.run_backtest(agreement=made, since=SINCE, until=UNTIL)
        each = backtest.backtest_by_affiliate(agreement=made, since=SINCE, until=UNTIL)
        codes = dict(Affiliate.objects.values_list("pk", "code"))
        assert found.actual == Commission.objects.aggregate(Sum("amount"))["amount__sum"]
    with roll_back():
        send_orders(*sample(program(tmp_path, as_the_draft), seed), now=NOW)
        months(NOW)
        posted = StatementLine.objects.values_list("statement__affiliate__code").order_by().annotate(Sum("amount"))
        assert found.projected == sum(amount for _code, amount in posted) > 0
        assert {codes[pk]: becomes for pk, (_was, becomes) in each.items() if becomes} == dict(posted)
        assert LedgerEntry.objects.exists()


def months(now: datetime) -> None:
    close_months("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", now=now)
