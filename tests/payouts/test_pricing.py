"""Pricing of order lines: rates, promotions, caps, refunds and the steps of the explanation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from agreements import promotions, publishing, version_drafts
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from agreements.seeding import publish_seed_agreement
from payouts.commissions import pricing
from payouts.commissions.rates import Offer, RateCard, find_best_offer, get_rate_card, list_offers
from tracking.orders.snapshots import Line, Snapshot

ANN, BEN = UUID(int=1), UUID(int=2)
PLACED = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CARD = RateCard(
    agreement_id=UUID(int=3),
    name="7",
    rates={"home": Decimal("5.00"), "jewels": Decimal("8.00"), "rest": Decimal("3.00")},
    names={"home": "Home decor", "jewels": "Jewelry", "rest": "Everything else"},
    everything_else=Decimal("3.00"),
    ceiling=Decimal("8.50"),
    order_commission_cap=None,
    validation_days=30,
    # Clause numbers contain the name of the rule.
    clauses={rule.value: f"3.{rule.value}" for rule in Rule},
)
CAPPED = replace(CARD, order_commission_cap=Decimal("6.00"))


def build_offer(percent, *, name="Spring", categories=(), affiliates=(), starts=PLACED, ends=PLACED + TICK):
    return Offer(name, Decimal(percent), frozenset(categories), frozenset(affiliates), starts, ends)


def build_snapshot(*lines, status="completed", completed_at=PLACED):
    rows = tuple(
        Line(str(place), "", "", category, 1, Decimal(amount), Decimal(refunded))
        for place, (category, amount, refunded) in enumerate(lines)
    )
    return Snapshot("A1", PLACED, status, PLACED, completed_at, "USD", "", (), "", "", rows)


def price(*lines, card=CARD, offers=(), status="completed"):
    order = build_snapshot(*lines, status=status)
    return pricing.price_lines(order, order.lines, affiliate_id=ANN, card=card, offers=offers)


def test_removed_line_earns_nothing():
    before, now = (
        build_snapshot(("home", "100.00", "0.00"), ("rest", "50.00", "0.00")),
        build_snapshot(("home", "100.00", "0.00")),
    )
    gone = before.lines[1]._replace(amount=Decimal("0.00"))
    kept, removed = pricing.price_lines(now, [now.lines[0], gone], affiliate_id=ANN, card=CARD, offers=())
    assert [step["text"] for step in removed.steps] == [
        "Rate card of version 7: Everything else, 3.00 %.",
        "The shop no longer lists this line, so it counts as 0.00.",
        "0.00 x 3.00 % = 0.00, rounded once to the cent.",
    ]
    assert removed.steps[1]["clause"] == f"3.{Rule.REFUNDS.value}"
    assert not any("no longer lists" in step["text"] for step in kept.steps)


def test_line_earns_its_rate_of_amount_less_refunds():
    [one] = price(("home", "100.00", "30.10"))
    assert (one.category, one.base, one.rate, one.amount) == (
        "home",
        Decimal("69.90"),
        Decimal("5.00"),
        Decimal("3.50"),
    )
    assert one.clause == f"3.{Rule.RATE_CARD.value}"
    assert one.steps == [
        {
            "rule": Rule.RATE_CARD.value,
            "clause": f"3.{Rule.RATE_CARD.value}",
            "text": "Rate card of version 7: Home decor, 5.00 %.",
        },
        {
            "rule": Rule.REFUNDS.value,
            "clause": f"3.{Rule.REFUNDS.value}",
            "text": "100.00 paid less 30.10 refunded is 69.90.",
        },
        {
            "rule": Rule.ROUNDING.value,
            "clause": f"3.{Rule.ROUNDING.value}",
            "text": "69.90 x 5.00 % = 3.50, rounded once to the cent.",
        },
    ]


def test_cancelled_order_earns_nothing():
    [one] = price(("home", "100.00", "30.00"), status="cancelled")
    assert (one.base, one.amount) == (0, 0)
    assert [step["rule"] for step in one.steps] == [Rule.RATE_CARD, Rule.REFUNDS, Rule.ROUNDING]
    assert one.steps[1]["text"] == "The order was cancelled, so it earns nothing."


def test_unlisted_category_earns_rate_for_everything_else():
    [named, other] = price(("rest", "10.00", "0.00"), ("toys", "20.00", "0.00"))
    assert (named.amount, other.amount) == (Decimal("0.30"), Decimal("0.60"))
    assert named.steps[0]["text"] == "Rate card of version 7: Everything else, 3.00 %."
    assert other.steps[0]["text"] == "Rate card of version 7: toys is not listed, so everything else, 3.00 %."


def test_cap_per_order_is_used_up_in_the_order_of_lines():
    rows = [("home", "100.00", "0.00"), ("home", "20.00", "0.00"), ("home", "20.00", "0.00")]
    assert [one.amount for one in price(*rows)] == [Decimal(5), Decimal(1), Decimal(1)]
    capped = price(*rows, card=CAPPED)
    assert [one.amount for one in capped] == [Decimal(5), Decimal(1), Decimal(0)]
    assert [len(one.steps) for one in capped] == [2, 2, 3]
    limited = capped[2].steps[-1]
    assert limited["rule"] == Rule.ORDER_COMMISSION_CAP
    assert limited["text"] == "Commission per order is capped at 6.00; 0.00 is left for this line."
    assert [one.amount for one in price(*reversed(rows), card=CAPPED)] == [Decimal(1), Decimal(1), Decimal(4)]


def test_promotion_raises_rate_up_to_ceiling_with_explanation():
    [one] = price(("home", "100.00", "0.00"), offers=[build_offer("6.00")])
    assert (one.rate, one.amount, one.clause) == (Decimal("6.00"), Decimal("6.00"), f"3.{Rule.PROMOTIONS.value}")
    assert one.steps[1]["text"] == "Raised to 6.00 % by the promotion Spring."
    [one] = price(("home", "100.00", "0.00"), offers=[build_offer("9.00")])
    assert (one.rate, one.amount) == (Decimal("8.50"), Decimal("8.50"))
    assert one.steps[1]["text"] == ("Raised to 8.50 % by the promotion Spring (9.00 %, limited to the maximum rate).")


@pytest.mark.parametrize(
    ("offers", "rate", "by"),
    [
        ([build_offer("5.00")], "5.00", None),
        ([build_offer("4.00")], "5.00", None),
        ([build_offer("6.00", name="a"), build_offer("7.00", name="b"), build_offer("6.50", name="c")], "7.00", "b"),
        ([build_offer("6.00", name="first"), build_offer("6.00", name="second")], "6.00", "first"),
        ([build_offer("9.00", name="first"), build_offer("9.50", name="second")], "8.50", "first"),
        ([build_offer("6.00", categories=["home"])], "6.00", "Spring"),
        ([build_offer("6.00", categories=["jewels"])], "5.00", None),
        ([build_offer("6.00", affiliates=[ANN])], "6.00", "Spring"),
        ([build_offer("6.00", affiliates=[BEN])], "5.00", None),
        ([build_offer("6.00", categories=["jewels"], affiliates=[ANN])], "5.00", None),
        ([build_offer("6.00", categories=["home"], affiliates=[BEN])], "5.00", None),
        ([build_offer("6.00", starts=PLACED + TICK, ends=PLACED + 2 * TICK)], "5.00", None),
        ([build_offer("6.00", starts=PLACED - TICK, ends=PLACED)], "5.00", None),
        ([build_offer("6.00", starts=PLACED - TICK, ends=PLACED + TICK)], "6.00", "Spring"),
    ],
)
def test_best_applicable_offer_is_chosen(offers, rate, by):
    percent, best = find_best_offer(offers, CARD, affiliate_id=ANN, category="home", placed_at=PLACED)
    assert (str(percent), best.name if best else None) == (rate, by)


def test_validation_time_is_completion_plus_validation_days():
    assert pricing.get_validation_time(build_snapshot(), CARD) == PLACED + timedelta(days=30)
    assert pricing.get_validation_time(build_snapshot(), replace(CARD, validation_days=0)) == PLACED
    assert pricing.get_validation_time(build_snapshot(status="paid", completed_at=None), CARD) is None
    assert pricing.get_validation_time(build_snapshot(status="cancelled"), CARD) is None
    assert pricing.get_validation_time(build_snapshot(completed_at=None), CARD) is None


@pytest.mark.django_db
def test_rate_card_belongs_to_published_version():
    first = publish_seed_agreement(effective_at=PLACED, now=PLACED, by=None)
    draft = version_drafts.start_draft(now=PLACED, by=None)
    draft.validation_days, draft.rate_ceiling, draft.order_commission_cap = 14, Decimal("9.00"), None
    draft.save()
    draft.rates.filter(category="home-decor").update(percent="7.00")
    draft.rates.filter(everything_else=True).update(percent="3.33")
    with pytest.raises(AgreementVersion.DoesNotExist):
        get_rate_card(draft.pk)
    publishing.publish_version(agreement=draft, effective_at=PLACED + timedelta(days=1), now=PLACED, by=None)
    old, new = get_rate_card(first.pk), get_rate_card(draft.pk)
    assert [old.get_rate("home-decor"), new.get_rate("home-decor")] == [Decimal("5.00"), Decimal("7.00")]
    assert [old.get_rate("?"), new.get_rate("?")] == [Decimal("3.00"), Decimal("3.33")]
    assert (old.validation_days, new.validation_days, old.ceiling, new.ceiling) == (
        30,
        14,
        Decimal("8.50"),
        Decimal("9.00"),
    )
    assert (old.name, old.agreement_id, old.order_commission_cap) == (first.name, first.pk, None)
    assert old.get_clause(Rule.RATE_CARD) == get_clause_number(first.pk, Rule.RATE_CARD) != ""


@pytest.mark.django_db
def test_offers_are_listed_for_the_time_of_orders():
    publish_seed_agreement(effective_at=PLACED, now=PLACED, by=None)
    ends = PLACED + timedelta(days=3)
    values: dict[str, Any] = {
        "rate": Decimal("8.00"),
        "affiliates": [],
        "starts_at": PLACED,
        "ends_at": ends,
        "now": PLACED,
        "by": None,
    }
    promotions.create_promotion(name="Spring", categories=["home-decor"], **values)
    for since, until, is_listed in (
        (PLACED, PLACED, True),
        (ends - TICK, ends + TICK, True),
        (ends, ends, False),
        (PLACED - TICK, PLACED - TICK, False),
    ):
        assert bool(list_offers(since, until)) is is_listed
    [one] = list_offers(PLACED, PLACED)
    assert one == Offer("Spring", Decimal("8.00"), frozenset(["home-decor"]), frozenset(), PLACED, ends)
