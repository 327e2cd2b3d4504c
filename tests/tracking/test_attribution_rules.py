"""Worked examples of the attribution window at the click, and of coupons that end with a termination.

Version 1 has been in force since 1 January with a window of 3 days. Version 2 takes effect on 8 March at 00:00.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest

from affiliates.models import StatusChange
from agreements.applicable_version import PublishedVersion
from tests.tracking.test_attribution import (
    ACTIVE,
    ANN,
    ANNS_LINK,
    BEN,
    BENS_LINK,
    BOTH_ACCEPTED,
    ONE_VERSION,
    PLACED,
    TICK,
    V1,
    V2,
    at,
    history,
)
from tracking.clicks.click_ids import ClickToken
from tracking.models import Reason
from tracking.orders.attribution import AttributionData, CouponAssignment, attribute_order

R = Reason
DAY = timedelta(days=1)
SECOND = at("03-08")  # when version 2 takes effect
BETTER = [*ONE_VERSION, PublishedVersion(V2, SECOND, False)]
WORSE = [*ONE_VERSION, PublishedVersion(V2, SECOND, True)]
BOTH_VERSIONS = {BEN: {V1: at("01-02"), V2: at("03-01")}}
LATE = {BEN: {V1: at("01-02"), V2: at("03-09")}}


class Window(NamedTuple):
    """A click on Ben's link and an order; `version` explains the result, `rates` price the order."""

    name: str
    clicked: datetime
    placed: datetime
    owner: UUID | None
    reason: Reason
    version: UUID
    rates: UUID | None
    days: int = 5  # the window of version 2
    versions: list[PublishedVersion] = BETTER
    accepted: dict = BOTH_ACCEPTED


WINDOWS = [
    Window("clicked a microsecond before version 2, 3 days before the order", SECOND - TICK, SECOND - TICK + 3 * DAY,
           BEN, R.CLICK, V1, V2),
    Window("clicked a microsecond before version 2, a microsecond too early", SECOND - TICK, SECOND + 3 * DAY,
           None, R.CLICK_EXPIRED, V1, None),
    Window("clicked as version 2 takes effect, 5 days before the order", SECOND, SECOND + 5 * DAY,
           BEN, R.CLICK, V2, V2),
    Window("clicked as version 2 takes effect, a microsecond too early", SECOND, SECOND + 5 * DAY + TICK,
           None, R.CLICK_EXPIRED, V2, None),
    Window("a window cut to 1 day and accepted, clicked before", SECOND - TICK, SECOND - TICK + 3 * DAY,
           BEN, R.CLICK, V1, V2, 1, WORSE, BOTH_VERSIONS),
    Window("a window cut to 1 day and accepted, clicked after", SECOND, SECOND + DAY,
           BEN, R.CLICK, V2, V2, 1, WORSE, BOTH_VERSIONS),
    Window("a window cut to 1 day and accepted, a microsecond too early", SECOND, SECOND + DAY + TICK,
           None, R.CLICK_EXPIRED, V2, None, 1, WORSE, BOTH_VERSIONS),
    Window("a window cut to 1 day and not accepted, clicked before", SECOND - TICK, SECOND - TICK + 3 * DAY,
           BEN, R.CLICK, V1, V1, 1, WORSE),
    Window("a window cut to 1 day, accepted between click and order", SECOND - TICK, SECOND - TICK + 3 * DAY,
           BEN, R.CLICK, V1, V2, 1, WORSE, LATE),
    Window("a wider window, not accepted, does not apply", SECOND - TICK, SECOND + 4 * DAY,
           None, R.CLICK_EXPIRED, V1, None, 9, WORSE),
    Window("no version accepted: the one in force at the click", SECOND - TICK, SECOND + 4 * DAY,
           None, R.CLICK_EXPIRED, V1, None, 5, BETTER, {}),
    Window("clicked a microsecond after the order", SECOND, SECOND - TICK,
           None, R.CLICK_AFTER_ORDER, V1, None),
]  # fmt: skip


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: case.name)
def test_window_is_that_of_the_version_at_the_click(case: Window):
    data = AttributionData({}, {BENS_LINK: BEN}, {BEN: ACTIVE}, case.accepted, case.versions,
                           {V1: 3, V2: case.days}, None)  # fmt: skip
    token = ClickToken(BENS_LINK, case.clicked, UUID(int=99))
    result = attribute_order(data, coupon="", click_id="given", click_token=token, placed_at=case.placed)
    assert (result.affiliate_id, result.reason) == (case.owner, case.reason)
    assert (result.agreement_id, result.rates_agreement_id) == (case.version, case.rates)


ENDED = at("03-09T12:00")
TERMINATED = history(("01-02", "active"), ("03-09T12:00", "terminated"))
BREACHED = history(("01-02", "active"), ("03-09T12:00", "terminated", True))
LEFT = history(("01-02", "active"), ("03-01", "leaving"), ("03-09T12:00", "terminated"))
LEAVING = history(("01-02", "active"), ("03-09T12:00", "leaving"))
TAKEN_BACK = history(("01-02", "active"), ("03-09T12:00", "leaving"), ("03-10T11:00", "active"))
SUSPENDED = history(("01-02", "active"), ("03-09T12:00", "suspended"))
BENS_CLICK = (BENS_LINK, PLACED - timedelta(hours=1))
MINE = (CouponAssignment(ANN, at("01-02"), None),)
HANDED_ON = (CouponAssignment(ANN, at("01-02"), at("03-10")), CouponAssignment(BEN, at("03-10"), None))


class Coupon(NamedTuple):
    """An order with Ann's coupon, and perhaps a click."""

    name: str
    owner: UUID | None
    reason: Reason
    ann: list[StatusChange]
    click: tuple[UUID, datetime] | None = None
    placed: datetime = PLACED
    assignments: tuple[CouponAssignment, ...] = MINE
    ends: datetime | None = None


COUPONS = [
    Coupon("a microsecond before the termination", ANN, R.COUPON, TERMINATED, placed=ENDED - TICK),
    Coupon("at the instant of the termination", None, R.COUPON_UNKNOWN, TERMINATED, placed=ENDED),
    Coupon("after a termination for breach", None, R.COUPON_UNKNOWN, BREACHED),
    Coupon("after the notice of a leaving affiliate", None, R.COUPON_UNKNOWN, LEFT),
    Coupon("while leaving", None, R.NOT_ACTIVE, LEAVING),
    Coupon("after a leave that was taken back", ANN, R.COUPON, TAKEN_BACK),
    Coupon("during a leave that was taken back later", None, R.NOT_ACTIVE, TAKEN_BACK, placed=at("03-10T10:00")),
    Coupon("before the termination, with Ben's click", ANN, R.COUPON, TERMINATED, (BENS_LINK, ENDED - DAY),
           ENDED - TICK),
    Coupon("after the termination, with Ben's click", BEN, R.CLICK, TERMINATED, BENS_CLICK),
    Coupon("after a termination for breach, with Ben's click", BEN, R.CLICK, BREACHED, BENS_CLICK),
    Coupon("after the notice of a leaving affiliate, with Ben's click", BEN, R.CLICK, LEFT, BENS_CLICK),
    Coupon("while leaving, with Ben's click", None, R.NOT_ACTIVE, LEAVING, BENS_CLICK),
    Coupon("while suspended, with Ben's click", None, R.NOT_ACTIVE, SUSPENDED, BENS_CLICK),
    Coupon("after the termination, with Ben's old click", None, R.CLICK_EXPIRED, TERMINATED,
           (BENS_LINK, PLACED - 3 * DAY - TICK)),
    Coupon("after a termination for breach, with Ann's click before it", None, R.BREACH, BREACHED,
           (ANNS_LINK, ENDED - TICK)),
    Coupon("after a termination, with Ann's click before it", ANN, R.CLICK, TERMINATED, (ANNS_LINK, ENDED - TICK)),
    Coupon("after the termination, before the next assignment", None, R.COUPON_UNKNOWN, TERMINATED,
           placed=at("03-10") - TICK, assignments=HANDED_ON),
    Coupon("after the termination, from the next assignment on", BEN, R.COUPON, TERMINATED, placed=at("03-10"),
           assignments=HANDED_ON),
    Coupon("if the termination never was, before the next assignment", ANN, R.COUPON, ACTIVE,
           placed=at("03-10") - TICK, assignments=HANDED_ON),
    Coupon("when the program ends", None, R.PROGRAM_ENDED, ACTIVE, placed=ENDED, ends=ENDED),
    Coupon("when the program ends and that is recorded", None, R.PROGRAM_ENDED, TERMINATED, placed=ENDED, ends=ENDED),
    Coupon("when the program ends, with Ben's click before it", BEN, R.CLICK, ACTIVE, (BENS_LINK, ENDED - TICK),
           ends=ENDED),
    Coupon("as the program ends, with Ben's click before it", BEN, R.CLICK, ACTIVE, (BENS_LINK, ENDED - TICK), ENDED,
           ends=ENDED),
    Coupon("when the program ends, assigned in its last microsecond", None, R.PROGRAM_ENDED, ACTIVE, ends=ENDED,
           assignments=(CouponAssignment(ANN, ENDED - TICK, None),)),
    Coupon("when the program ends, assigned as it ends", None, R.COUPON_UNKNOWN, ACTIVE, ends=ENDED,
           assignments=(CouponAssignment(ANN, ENDED, None),)),
    Coupon("when the program ends, with Ben's click after it", None, R.PROGRAM_ENDED, ACTIVE, (BENS_LINK, ENDED),
           ends=ENDED),
]  # fmt: skip


@pytest.mark.parametrize("case", COUPONS, ids=lambda case: case.name)
def test_coupon_wins_until_its_affiliate_is_terminated(case: Coupon):
    data = AttributionData({"ann10": case.assignments}, {ANNS_LINK: ANN, BENS_LINK: BEN}, {ANN: case.ann, BEN: ACTIVE},
                           BOTH_ACCEPTED, ONE_VERSION, {V1: 3}, case.ends)  # fmt: skip
    token = ClickToken(*case.click, UUID(int=99)) if case.click else None
    result = attribute_order(
        data, coupon="ann10", click_id="given" if case.click else "", click_token=token, placed_at=case.placed
    )
    assert (result.affiliate_id, result.reason) == (case.owner, case.reason)
    assert (result.agreement_id, result.rates_agreement_id) == (V1, V1 if case.owner else None)
