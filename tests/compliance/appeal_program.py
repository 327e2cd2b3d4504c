"""A program for the tests of granted appeals: Ann and Ben, 5 % commission that is validated after 5 days.

The review of Ann is opened on 1 March 2026 at 12:00, decided on 2 March at 12:00 and appealed on 3 March at 12:00.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import Program
from compliance.models import Review
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.closing import replay
from payouts.closing.close import close_month
from payouts.models import Close, Commission
from tests.compliance.cases import START, TICK, make_active_affiliate
from tests.factories import make_staff
from tests.scenarios import build_order, parse_utc, send_orders
from tests.table_copies import publish_seed_agreement_once
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Order

OPENED = parse_utc("2026-03-01T12:00:00")
DECIDED, APPEALED = OPENED + timedelta(days=1), OPENED + timedelta(days=2)
GRANTED = parse_utc("2026-03-20T12:00:00")
# 30 days after the appeal.
GRANTED_BY_DEADLINE = parse_utc("2026-04-02T12:00:00")


def march(text: str) -> datetime:
    """Parse "04" or "04T12:00" as a time in March 2026."""
    return parse_utc(f"2026-03-{text}")


class AppealProgram:
    def __init__(self) -> None:
        publish_seed_agreement_once(START - timedelta(days=1), {"validation_days": 5})
        Program.current()
        Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
        self.ann, self.ben = make_active_affiliate(), make_active_affiliate()
        self.reviewer, self.second = make_staff("compliance reviewers"), make_staff("compliance reviewers")
        self.links = {
            person.pk: tracking_links.create_link(affiliate=person, target="https://shop.example/", now=START, by=None)
            for person in (self.ann, self.ben)
        }

    # --- The shop

    def sell(
        self,
        order_id: str,
        placed: datetime,
        amount: str = "100.00",
        *,
        coupon: Affiliate | None = None,
        coupons: Sequence[str] = (),
        click: tuple[Affiliate, datetime] | None = None,
        reported: datetime | None = None,
    ) -> str:
        """Send an order that is completed at once; return how it is attributed, as `describe` does.

        `reported` is the time of a later report of it.
        """
        sent = reported or placed
        click_id = click_ids.sign_click_id(self.links[click[0].pk].pk, click[1]) if click else None
        order = build_order(
            order_id,
            ("home-decor", amount),
            at=sent.isoformat(),
            placed=placed.isoformat(),
            completed=placed.isoformat(),
            coupon=coupon.code if coupon else None,
            click=click_id,
        )
        if coupons:
            order["coupons"] = list(coupons)
        [result] = send_orders(order, now=sent)
        assert result.outcome == ("updated" if reported else "created"), result
        return self.describe(order_id)

    def describe(self, order_id: str) -> str:
        """Return "ann coupon 5.00": the affiliate, the reason and the sum of the commissions of an order."""
        order = Order.objects.get(order_id=order_id)
        names = {self.ann.pk: "ann", self.ben.pk: "ben", None: "nobody"}
        amounts = Commission.objects.filter(order=order).values_list("amount", flat=True)
        return f"{names[order.affiliate_id]} {order.reason} {sum(amounts, Decimal('0.00'))}"

    def reassign_coupon(self, when: datetime) -> None:
        """Assign Ann's code to Ben."""
        coupons.assign_coupon(affiliate=self.ben, code=self.ann.code, assigned_from=when, now=when, by=None)

    # --- Reviews of Ann

    def decide(self, decision: str, *, by: User | None = None, at: datetime = DECIDED, **facts: Any) -> Review:
        values: dict[str, Any] = {"activity": "fraud", "summary": "Fake orders.", "now": at - timedelta(days=1)}
        review = open_review(affiliate=self.ann, by=self.reviewer, **values | facts)
        replies.reply(review=review, text="No.", now=at - timedelta(days=1) + TICK, by=self.ann.user)
        decisions.decide(review=review, decision=decision, reason="As the logs show.", now=at, by=by or self.reviewer)
        self.ann.refresh_from_db()
        return review

    def appeal(self, review: Review, at: datetime = APPEALED) -> None:
        appeals.appeal(review=review, text="It was not me.", now=at, by=self.ann.user)

    def grant(self, review: Review, at: datetime = GRANTED, outcome: str = "granted") -> str:
        """Decide the appeal; return Ann's state."""
        appeals.decide_appeal(review=review, outcome=outcome, reason="Sorry.", now=at, by=self.second)
        self.ann.refresh_from_db()
        return self.ann.state

    # --- Closes

    def close(self, month: str, now: datetime) -> Close:
        return close_month(month=date.fromisoformat(f"{month}-01"), now=now, by=None)

    def settled(self, close: Close, affiliate: Affiliate) -> str:
        """Return what the close settled for the affiliate, and the carry-over or payout: "5.00 0.00"."""
        statement = close.statements.filter(affiliate=affiliate).first()
        return f"{statement.settled} {statement.closing}" if statement else "no statement"

    def list_replay_differences(self) -> list[str]:
        return [str(found) for close in Close.objects.order_by("period") for found in replay.replay(close)]
