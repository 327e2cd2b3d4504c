"""The agreement version stored with an order that is not credited."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agreements.applicable_version import PublishedVersion
from tests.tracking.test_attribution import ACTIVE, SUSPENDED
from tracking.clicks.click_ids import ClickToken
from tracking.models import Reason
from tracking.orders.attribution import AttributionData, CouponAssignment, attribute_order

ANN, LINK, OLD, NEW = (UUID(int=number) for number in range(1, 5))
PLACED = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
VERSIONS = [PublishedVersion(OLD, PLACED - 90 * DAY, False), PublishedVersion(NEW, PLACED - 5 * DAY, True)]


def attribute(*, history=ACTIVE, accepted=True, clicked=None):
    data = AttributionData(
        assignments={"ann": [CouponAssignment(ANN, PLACED - 90 * DAY, None)]},
        link_owners={LINK: ANN},
        histories={ANN: history},
        acceptances={ANN: {OLD: PLACED - 80 * DAY}} if accepted else {},
        versions=VERSIONS,
        attribution_days={OLD: 3, NEW: 7},
        program_ends_at=None,
    )
    click_token = ClickToken(LINK, clicked, LINK) if clicked else None
    return attribute_order(
        data,
        coupon="" if clicked else "ANN",
        click_id="c" if clicked else "",
        click_token=click_token,
        placed_at=PLACED,
    )


@pytest.mark.parametrize(
    ("facts", "reason", "version"),
    [
        ({"history": SUSPENDED}, Reason.NOT_ACTIVE, OLD),
        ({"history": SUSPENDED, "accepted": False}, Reason.NOT_ACTIVE, NEW),
        ({"accepted": False}, Reason.NO_AGREEMENT, NEW),
        ({"clicked": PLACED - 4 * DAY}, Reason.CLICK_EXPIRED, OLD),
        ({"clicked": PLACED - 8 * DAY, "accepted": False}, Reason.CLICK_EXPIRED, OLD),
        ({"clicked": PLACED + DAY}, Reason.CLICK_AFTER_ORDER, OLD),
        ({"clicked": PLACED + DAY, "accepted": False}, Reason.CLICK_AFTER_ORDER, NEW),
    ],
)
def test_denial_cites_applicable_version_or_else_version_in_force(facts, reason, version):
    result = attribute(**facts)
    assert (result.affiliate_id, result.reason, result.candidate_id) == (None, reason, ANN)
    assert result.agreement_id == version
