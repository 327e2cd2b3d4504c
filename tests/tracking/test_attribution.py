"""Attribution of orders, case by case. Ann and Ben are affiliates; the attribution window is 3 days."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest

from affiliates.models import StatusChange
from agreements.applicable_version import PublishedVersion
from lib.text import fold_code
from tracking.clicks.click_ids import ClickToken
from tracking.models import Reason
from tracking.orders.attribution import AttributionData, CouponAssignment, attribute_order


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


ANN, BEN = UUID(int=1), UUID(int=2)
ANNS_LINK, BENS_LINK, NO_LINK = UUID(int=11), UUID(int=12), UUID(int=13)
V1, V2, V3 = UUID(int=21), UUID(int=22), UUID(int=23)
TICK = timedelta(microseconds=1)
WINDOW = timedelta(days=3)
PLACED = at("03-10T12:00")
ONE_VERSION = [PublishedVersion(V1, at("01-01"), False)]
BOTH_ACCEPTED = {ANN: {V1: at("01-02")}, BEN: {V1: at("01-02")}}


def history(*changes: tuple[str, str] | tuple[str, str, bool]) -> list[StatusChange]:
    return [StatusChange(at=at(when), after=state, breach=bool(breach)) for when, state, *breach in changes]


ACTIVE = history(("01-01", "applied"), ("01-02", "active"))


class Case(NamedTuple):
    """The facts of an order, and the expected affiliate and reason."""

    name: str
    owner: UUID | None
    reason: Reason
    coupon: str = ""
    click: tuple[UUID, datetime] | None = None
    forged: bool = False
    placed: datetime = PLACED
    assignments: tuple[CouponAssignment, ...] = (CouponAssignment(ANN, at("01-02"), None),)
    ann: list[StatusChange] = ACTIVE
    ben: list[StatusChange] = ACTIVE
    accepted: dict = BOTH_ACCEPTED
    versions: list[PublishedVersion] = ONE_VERSION
    ends: datetime | None = None


R = Reason
V2_DETRIMENT = [*ONE_VERSION, PublishedVersion(V2, at("03-01"), True)]
V2_NO_DETRIMENT = [*ONE_VERSION, PublishedVersion(V2, at("03-01"), False)]
SUSPENDED = history(("01-02", "active"), ("03-09T12:00", "suspended"))
REINSTATED = history(("01-02", "active"), ("03-05", "suspended"), ("03-09T12:00", "active"))
BREACHED = history(("01-02", "active"), ("03-09T12:00", "terminated", True))
TERMINATED = history(("01-02", "active"), ("03-09T12:00", "terminated"))
LEAVING = history(("01-02", "active"), ("03-09T12:00", "leaving"))
RESTORED = history(("01-02", "active"), ("03-05", "terminated", True), ("03-08", "active"))
BEFORE = at("03-09T11:59:59")  # a second before the status change at 03-09T12:00

CASES = [
    Case("no coupon and no click", None, R.NO_CLAIM),
    # coupons
    Case("an assigned coupon", ANN, R.COUPON, coupon="ANN10"),
    Case("a coupon in lower case", ANN, R.COUPON, coupon="ann10"),
    Case("an unknown coupon", None, R.COUPON_UNKNOWN, coupon="UNKNOWN"),
    Case("a coupon at the instant of its assignment", ANN, R.COUPON, coupon="ANN10",
         assignments=(CouponAssignment(ANN, PLACED, None),)),
    Case("a coupon before its assignment", None, R.COUPON_UNKNOWN, coupon="ANN10",
         assignments=(CouponAssignment(ANN, PLACED + TICK, None),)),
    Case("a coupon just before the end of its assignment", ANN, R.COUPON, coupon="ANN10",
         assignments=(CouponAssignment(ANN, at("01-02"), PLACED + TICK),)),
    Case("a coupon at the end of its assignment", None, R.COUPON_UNKNOWN, coupon="ANN10",
         assignments=(CouponAssignment(ANN, at("01-02"), PLACED),)),
    Case("a reassigned coupon", BEN, R.COUPON, coupon="ANN10",
         assignments=(CouponAssignment(ANN, at("01-02"), at("03-01")), CouponAssignment(BEN, at("03-01"), None))),
    Case("an undated coupon after the acceptance", ANN, R.COUPON, coupon="ANN10",
         assignments=(CouponAssignment(ANN, None, None),)),
    Case("an undated coupon before the acceptance", None, R.COUPON_UNKNOWN, coupon="ANN10",
         assignments=(CouponAssignment(ANN, None, None),), accepted={ANN: {V1: PLACED + TICK}}),
    Case("an undated coupon without an acceptance", None, R.COUPON_UNKNOWN, coupon="ANN10",
         assignments=(CouponAssignment(ANN, None, None),), accepted={}),
    Case("a coupon of a suspended affiliate", None, R.NOT_ACTIVE, coupon="ANN10", ann=SUSPENDED),
    Case("a coupon of an affiliate suspended later", ANN, R.COUPON, coupon="ANN10", ann=SUSPENDED, placed=BEFORE),
    Case("a coupon of a reinstated affiliate", ANN, R.COUPON, coupon="ANN10", ann=REINSTATED),
    Case("a coupon of a leaving affiliate", None, R.NOT_ACTIVE, coupon="ANN10", ann=LEAVING),
    Case("a coupon of an affiliate terminated without breach", None, R.COUPON_UNKNOWN, coupon="ANN10", ann=TERMINATED),
    Case("a coupon of an affiliate terminated for breach", None, R.COUPON_UNKNOWN, coupon="ANN10", ann=BREACHED),
    Case("a coupon of an applicant", None, R.NOT_ACTIVE, coupon="ANN10", ann=history(("01-01", "applied"))),
    # clicks
    Case("a click an hour before", BEN, R.CLICK, click=(BENS_LINK, PLACED - timedelta(hours=1))),
    Case("a click at the instant of the order", BEN, R.CLICK, click=(BENS_LINK, PLACED)),
    Case("a click after the order", None, R.CLICK_AFTER_ORDER, click=(BENS_LINK, PLACED + TICK)),
    Case("a click at the edge of the window", BEN, R.CLICK, click=(BENS_LINK, PLACED - WINDOW)),
    Case("a click beyond the window", None, R.CLICK_EXPIRED, click=(BENS_LINK, PLACED - WINDOW - TICK)),
    Case("a forged click token", None, R.CLICK_NOT_GENUINE, click=(BENS_LINK, PLACED), forged=True),
    Case("a click token for an unknown link", None, R.CLICK_NOT_GENUINE, click=(NO_LINK, PLACED)),
    Case("a click before a suspension, the order after it", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ben=SUSPENDED),
    Case("a click at the instant of the suspension", None, R.NOT_ACTIVE, click=(BENS_LINK, at("03-09T12:00")),
         ben=SUSPENDED),
    Case("a click while suspended, the order when reinstated", None, R.NOT_ACTIVE,
         click=(BENS_LINK, BEFORE), ben=REINSTATED),
    Case("a click before the notice of leaving", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ben=LEAVING),
    Case("a click before a termination without breach", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ben=TERMINATED),
    Case("a click before a termination for breach, the order after", None, R.BREACH, click=(BENS_LINK, BEFORE),
         ben=BREACHED),
    Case("a click and an order before a termination for breach", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ben=BREACHED,
         placed=BEFORE),
    Case("a click after a termination for breach was reversed", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ben=RESTORED),
    # coupon and click
    Case("a coupon of Ann and a click of Ben", ANN, R.COUPON, coupon="ANN10", click=(BENS_LINK, PLACED)),
    Case("an unknown coupon and a click of Ben", BEN, R.CLICK, coupon="UNKNOWN", click=(BENS_LINK, PLACED)),
    Case("a coupon of suspended Ann and a click of Ben", None, R.NOT_ACTIVE, coupon="ANN10", click=(BENS_LINK, PLACED),
         ann=SUSPENDED),
    Case("an unknown coupon and an old click", None, R.CLICK_EXPIRED, coupon="UNKNOWN",
         click=(BENS_LINK, PLACED - timedelta(days=9))),
    # versions of the agreement
    Case("a click without an acceptance", None, R.NO_AGREEMENT, click=(BENS_LINK, PLACED), accepted={}),
    Case("a coupon under a version without detriment", ANN, R.COUPON, coupon="ANN10", versions=V2_NO_DETRIMENT),
    Case("a coupon under a detriment not accepted", None, R.NOT_ACCEPTED, coupon="ANN10", versions=V2_DETRIMENT),
    Case("a coupon under a detriment accepted", ANN, R.COUPON, coupon="ANN10", versions=V2_DETRIMENT,
         accepted={ANN: {V1: at("01-02"), V2: at("02-20")}}),
    Case("a coupon placed before the detriment took effect", ANN, R.COUPON, coupon="ANN10", versions=V2_DETRIMENT,
         placed=at("02-28T23:59:59")),
    Case("a click before the detriment took effect", BEN, R.CLICK, click=(BENS_LINK, at("02-28T23:59:59")),
         placed=at("03-01T12:00"), versions=V2_DETRIMENT),
    Case("a click at the instant the detriment took effect", None, R.NOT_ACCEPTED, click=(BENS_LINK, at("03-01")),
         placed=at("03-01T12:00"), versions=V2_DETRIMENT),
    Case("a click while paused, the order after accepting late", None, R.NOT_ACCEPTED, click=(BENS_LINK, at("03-09")),
         versions=V2_DETRIMENT, accepted={BEN: {V1: at("01-02"), V2: at("03-10")}}),
    # the end of the program
    Case("a click before the end, the order after", BEN, R.CLICK, click=(BENS_LINK, BEFORE), ends=at("03-09T12:00")),
    Case("a click at the end", None, R.PROGRAM_ENDED, click=(BENS_LINK, at("03-09T12:00")), ends=at("03-09T12:00")),
    Case("a coupon at the end", None, R.PROGRAM_ENDED, coupon="ANN10", ends=PLACED),
    Case("a coupon before the end", ANN, R.COUPON, coupon="ANN10", ends=PLACED + TICK),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_order_is_attributed(case: Case):
    data = AttributionData(
        assignments={fold_code("ANN10"): case.assignments},
        link_owners={ANNS_LINK: ANN, BENS_LINK: BEN},
        histories={ANN: case.ann, BEN: case.ben},
        acceptances=case.accepted,
        versions=case.versions,
        attribution_days=dict.fromkeys((V1, V2, V3), 3),
        program_ends_at=case.ends,
    )
    click_token = ClickToken(case.click[0], case.click[1], UUID(int=99)) if case.click and not case.forged else None
    result = attribute_order(
        data,
        coupon=case.coupon,
        click_id="given" if case.click else "",
        click_token=click_token,
        placed_at=case.placed,
    )
    assert (result.affiliate_id, result.reason) == (case.owner, case.reason)
    assert result.agreement_id or not case.accepted, "every attribution needs a version to cite its clause"


def test_denied_order_keeps_candidate():
    data = AttributionData({}, {BENS_LINK: BEN}, {BEN: SUSPENDED}, BOTH_ACCEPTED, ONE_VERSION, {V1: 3}, None)
    click_token = ClickToken(BENS_LINK, PLACED, UUID(int=99))
    result = attribute_order(data, coupon="", click_id="given", click_token=click_token, placed_at=PLACED)
    assert (result.affiliate_id, result.candidate_id, result.link_id) == (None, BEN, BENS_LINK)
