"""Orders sent by a shop are attributed with the right reason and clause (specification 4).

Orders are placed on 10 March 2026 at 12:00 UTC unless a case says otherwise. The attribution window is 3 days, so a
click at 12:00 on 7 March is the oldest that counts. Click ids keep milliseconds, orders microseconds.
"""

from datetime import timedelta

import pytest
from django.conf import settings

from tests.stories.attribution_program import (
    TICK,
    Case,
    ScriptedProgram,
    alter_click_id,
    follow_link,
    parse_2026,
    sign_click,
    sign_unknown_link,
    sign_with_key,
)
from tracking.models import Order

pytestmark = pytest.mark.django_db

NOON = parse_2026("03-10T12:00")
HOUR = timedelta(hours=1)
# Noon on the day before the order: the time of status changes.
CHANGE, JUST_BEFORE = "03-09T12:00", "03-09T11:59:59.999"

WINDOW = [
    Case("a click an hour before the order", "BEN", "click", "3.2", click=sign_click("BEN", "03-10T11:00")),
    Case("a click id from the redirect", "BEN", "click", "3.2", click=follow_link("BEN", "03-10T11:00")),
    Case("a click at the instant of the order", "BEN", "click", "3.2", click=sign_click("BEN", "03-10T12:00")),
    Case("a click a millisecond after the order", None, "click_after_order", "3.3",
         click=sign_click("BEN", "03-10T12:00:00.001")),
    Case("an order a microsecond before its click", None, "click_after_order", "3.3",
         click=sign_click("BEN", "03-10T12:00"), placed=NOON - TICK),
    Case("a click exactly 3 days before", "BEN", "click", "3.2", click=sign_click("BEN", "03-07T12:00")),
    Case("a click 3 days and a microsecond before", None, "click_expired", "3.2",
         click=sign_click("BEN", "03-07T12:00"), placed=NOON + TICK),
    Case("a click a microsecond less than 3 days before", "BEN", "click", "3.2",
         click=sign_click("BEN", "03-07T12:00"), placed=NOON - TICK),
    Case("a click 4 days 2 hours before", None, "click_expired", "3.2", click=sign_click("BEN", "03-06T10:00")),
    Case("a window of 72 hours across a month's end", "BEN", "click", "3.2",
         click=sign_click("BEN", "02-26T12:00"), placed=parse_2026("03-01T12:00")),
    Case("neither coupon nor click", None, "no_claim", "3.5"),
]  # fmt: skip

VERSIONS = [
    Case("a click under version 2, 5 days before", "BEN", "click", "3.2 of version 2",
         click=sign_click("BEN", "03-05T12:00"), before=(lambda p: p.publish("03-05", attribution_days=5),)),
    Case("a click under version 2, 5 days and a microsecond before", None, "click_expired", "3.2 of version 2",
         click=sign_click("BEN", "03-05T12:00"), placed=NOON + TICK,
         before=(lambda p: p.publish("03-05", attribution_days=5),)),
    Case("a click at the instant of version 2, 5 days before", "BEN", "click", "3.2 of version 2",
         click=sign_click("BEN", "03-05T12:00"), before=(lambda p: p.publish("03-05T12:00", attribution_days=5),)),
    Case("a click a millisecond before version 2, 5 days before", None, "click_expired", "3.2",
         click=sign_click("BEN", "03-05T11:59:59.999"), placed=NOON - TICK * 1000,
         before=(lambda p: p.publish("03-05T12:00", attribution_days=5),)),
    Case("a click under version 1, the order under version 2 with a longer window", None, "click_expired", "3.2",
         click=sign_click("BEN", "03-05T12:00"), before=(lambda p: p.publish("03-08", attribution_days=5),)),
    Case("a click under version 1, the order under accepted version 2 with a window of 1 day", "BEN", "click", "3.2",
         click=sign_click("BEN", "03-08T12:00"),
         before=(lambda p: p.publish("03-09", attribution_days=1), lambda p: p.accept("BEN", "2", "03-01"))),
    Case("a click under accepted version 2 with a window of 1 day", None, "click_expired", "3.2 of version 2",
         click=sign_click("BEN", "03-09T11:00"),
         before=(lambda p: p.publish("03-09", attribution_days=1), lambda p: p.accept("BEN", "2", "03-01"))),
    Case("a window cut to 1 day, not accepted, clicked before it took effect", "BEN", "click", "3.2",
         click=sign_click("BEN", "03-08T23:59:59.999"), before=(lambda p: p.publish("03-09", attribution_days=1),)),
    Case("a click at the instant when a detriment takes effect, not accepted", None, "not_accepted", "9.4",
         click=sign_click("BEN", "03-09"), before=(lambda p: p.publish_lower_rate("03-09"),)),
    Case("a click a millisecond before a detriment takes effect", "BEN", "click", "3.2",
         click=sign_click("BEN", "03-08T23:59:59.999"), before=(lambda p: p.publish_lower_rate("03-09"),)),
    Case("a coupon after a detriment, not accepted", None, "not_accepted", "9.4", coupon="ANN",
         before=(lambda p: p.publish_lower_rate("03-09"),)),
    Case("a coupon a microsecond before the detriment", "ANN", "coupon", "3.5", coupon="ANN",
         placed=parse_2026("03-09") - TICK, before=(lambda p: p.publish_lower_rate("03-09"),)),
    Case("a coupon after a detriment that was accepted", "ANN", "coupon", "3.5 of version 2", coupon="ANN",
         before=(lambda p: p.publish_lower_rate("03-09"), lambda p: p.accept("ANN", "2", "03-01"))),
    Case("a click while paused, the order after a late acceptance", None, "not_accepted", "9.4 of version 2",
         click=sign_click("BEN", "03-09T06:00"),
         before=(lambda p: p.publish_lower_rate("03-09"), lambda p: p.accept("BEN", "2", "03-10"))),
    Case("a click after a late acceptance", "BEN", "click", "3.2 of version 2", click=sign_click("BEN", "03-10T01:00"),
         before=(lambda p: p.publish_lower_rate("03-09"), lambda p: p.accept("BEN", "2", "03-10"))),
    Case("a version without detriment that needs no acceptance", "ANN", "coupon", "3.5 of version 2", coupon="ANN",
         before=(lambda p: p.publish("03-09", home_decor="6.00"),)),
    Case("only a future version accepted", None, "no_agreement", "9.3", coupon="CAT",
         before=(lambda p: p.publish_lower_rate("03-20"), lambda p: p.accept("CAT", "2", "03-01"))),
]  # fmt: skip

STATES = [
    Case("a click a millisecond before a suspension", "BEN", "click", "3.2", click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.suspend("BEN", CHANGE),)),
    Case("a click at the instant of a suspension", None, "not_active", "3.6", click=sign_click("BEN", CHANGE),
         before=(lambda p: p.suspend("BEN", CHANGE),)),
    Case("suspended and reinstated between click and order", "BEN", "click", "3.2",
         click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.suspend("BEN", CHANGE), lambda p: p.reinstate("BEN", "03-10"))),
    Case("a click while suspended, the order after reinstatement", None, "not_active", "3.6",
         click=sign_click("BEN", "03-09T13:00"),
         before=(lambda p: p.suspend("BEN", CHANGE), lambda p: p.reinstate("BEN", "03-10"))),
    Case("a click at the instant of reinstatement", "BEN", "click", "3.2", click=sign_click("BEN", "03-10"),
         before=(lambda p: p.suspend("BEN", CHANGE), lambda p: p.reinstate("BEN", "03-10"))),
    Case("a coupon while suspended", None, "not_active", "3.6", coupon="ANN",
         before=(lambda p: p.suspend("ANN", CHANGE),)),
    Case("a coupon a microsecond before a suspension", "ANN", "coupon", "3.5", coupon="ANN",
         placed=parse_2026(CHANGE) - TICK,
         before=(lambda p: p.suspend("ANN", CHANGE),)),
    Case("a coupon before a suspension, the order reported long after", "ANN", "coupon", "3.5", coupon="ANN",
         placed=parse_2026("03-01"), before=(lambda p: p.suspend("ANN", CHANGE),)),
    Case("a click before the notice of leaving", "BEN", "click", "3.2", click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.leave("BEN", CHANGE),)),
    Case("a click after the notice of leaving", None, "not_active", "3.6", click=sign_click("BEN", "03-09T12:01"),
         before=(lambda p: p.leave("BEN", CHANGE),)),
    Case("a coupon of a leaving affiliate", None, "not_active", "3.6", coupon="ANN",
         before=(lambda p: p.leave("ANN", CHANGE),)),
    Case("a click before termination without breach", "BEN", "click", "3.2", click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.terminate("BEN", CHANGE),)),
    Case("a coupon after termination without breach", None, "coupon_unknown", "3.4", coupon="ANN",
         before=(lambda p: p.terminate("ANN", CHANGE),)),
    Case("a click before termination for breach, the order after it", None, "breach", "10.3",
         click=sign_click("BEN", JUST_BEFORE), before=(lambda p: p.terminate("BEN", CHANGE, breach=True),)),
    Case("click and order before termination for breach", "BEN", "click", "3.2", click=sign_click("BEN", "03-09T11:00"),
         placed=parse_2026(CHANGE) - TICK, before=(lambda p: p.terminate("BEN", CHANGE, breach=True),)),
    Case("an order at the instant of termination for breach", None, "breach", "10.3",
         click=sign_click("BEN", "03-09T11:00"),
         placed=parse_2026(CHANGE), before=(lambda p: p.terminate("BEN", CHANGE, breach=True),)),
    Case("a coupon after termination for breach", None, "coupon_unknown", "3.4", coupon="ANN",
         before=(lambda p: p.terminate("ANN", CHANGE, breach=True),)),
    Case("termination for breach reversed on appeal before the order", "BEN", "click", "3.2",
         click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.terminate("BEN", CHANGE, breach=True), lambda p: p.restore("BEN", "03-10"))),
    Case("a coupon of an approved affiliate", None, "not_active", "3.6", coupon="CAT"),
    Case("a coupon at the instant of the acceptance", "CAT", "coupon", "3.5", coupon="CAT",
         before=(lambda p: p.accept("CAT", "1", "03-10T12:00"),)),
    Case("a coupon a microsecond before the acceptance", None, "not_active", "3.6", coupon="CAT", placed=NOON - TICK,
         before=(lambda p: p.accept("CAT", "1", "03-10T12:00"),)),
]  # fmt: skip

CLICK_IDS = [
    Case("a click id with a changed link", None, "click_not_genuine", "3.3",
         click=alter_click_id("BEN", "03-10T11:00", 10)),
    Case("a click id with a changed time", None, "click_not_genuine", "3.3",
         click=alter_click_id("BEN", "03-10T11:00", 28)),
    Case("a click id with a changed last character", None, "click_not_genuine", "3.3",
         click=alter_click_id("BEN", "03-10T11:00", 75)),
    Case("another text as click id", None, "click_not_genuine", "3.3", click=lambda _program: "gclid.EAIaIQobChMI"),
    Case("a click id of another installation", None, "click_not_genuine", "3.3",
         click=sign_with_key("the key of another program", "BEN", "03-10T11:00")),
    Case("a click id for an unknown link", None, "click_not_genuine", "3.3", click=sign_unknown_link("03-10T11:00")),
    Case("a click id from the future", None, "click_after_order", "3.3", click=sign_click("BEN", "12-24T12:00")),
    Case("a click id from before the program started", None, "click_expired", "3.2", click=sign_click("BEN", "01-01")),
    Case("a click id for a link whose target has changed", "BEN", "click", "3.2",
         click=sign_click("BEN", "03-10T11:00"),
         before=(lambda p: p.retarget("BEN", "03-10T11:30"),)),
    Case("a paused link, which gives no click id", None, "no_claim", "3.5",
         click=follow_link("BEN", "03-10T11:00"), before=(lambda p: p.pause("BEN", "03-10T10:00"),)),
    Case("a click id from before the link was paused", "BEN", "click", "3.2", click=sign_click("BEN", "03-10T09:00"),
         before=(lambda p: p.pause("BEN", "03-10T10:00"),)),
]  # fmt: skip

COUPONS = [
    Case("a coupon", "ANN", "coupon", "3.5", coupon="ANN"),
    Case("a coupon in lower case", "ANN", "coupon", "3.5", coupon="ann"),
    Case("an unknown coupon", None, "coupon_unknown", "3.4", coupon="UNKNOWN"),
    Case("a coupon at the instant of its assignment", "ANN", "coupon", "3.5", coupon="SPRING",
         before=(lambda p: p.assign("ANN", "SPRING", "03-10T12:00"),)),
    Case("a coupon a microsecond before its assignment", None, "coupon_unknown", "3.4", coupon="SPRING",
         placed=NOON - TICK, before=(lambda p: p.assign("ANN", "SPRING", "03-10T12:00"),)),
    Case("a coupon a microsecond before its assignment ends", "ANN", "coupon", "3.5", coupon="ANN", placed=NOON - TICK,
         before=(lambda p: p.unassign("ANN", "03-10T12:00"),)),
    Case("a coupon at the instant when its assignment ends", None, "coupon_unknown", "3.4", coupon="ANN",
         before=(lambda p: p.unassign("ANN", "03-10T12:00"),)),
    Case("a reassigned coupon before the change", "ANN", "coupon", "3.5", coupon="ANN",
         placed=parse_2026("03-01") - TICK,
         before=(lambda p: p.unassign("ANN", "03-01"), lambda p: p.assign("BEN", "ANN", "03-01", when="03-01"))),
    Case("a reassigned coupon from the change on", "BEN", "coupon", "3.5", coupon="ANN", placed=parse_2026("03-01"),
         before=(lambda p: p.unassign("ANN", "03-01"), lambda p: p.assign("BEN", "ANN", "03-01", when="03-01"))),
    Case("a coupon between two assignments", None, "coupon_unknown", "3.4", coupon="ANN", placed=parse_2026("02-28"),
         before=(lambda p: p.unassign("ANN", "02-20"), lambda p: p.assign("BEN", "ANN", "03-01", when="02-20"))),
    Case("an undated coupon after the acceptance", "ANN", "coupon", "3.5", coupon="SPRING",
         before=(lambda p: p.assign("ANN", "SPRING", None),)),
    Case("an undated coupon before the acceptance", None, "coupon_unknown", "3.4", coupon="SPRING",
         placed=parse_2026("01-02") - TICK, before=(lambda p: p.assign("ANN", "SPRING", None),)),
    Case("a coupon of Ann and a click of Ben", "ANN", "coupon", "3.5", coupon="ANN",
         click=sign_click("BEN", "03-10T11:59")),
    Case("an unknown coupon and a click of Ben", "BEN", "click", "3.2", coupon="UNKNOWN",
         click=sign_click("BEN", "03-10T11:00")),
    Case("a coupon of suspended Ann and a click of Ben", None, "not_active", "3.6", coupon="ANN",
         click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.suspend("ANN", CHANGE),)),
    Case("a coupon of Ann and a forged click", "ANN", "coupon", "3.5", coupon="ANN",
         click=alter_click_id("BEN", "03-10T11:00", 75)),
    Case("a coupon of terminated Ann and a click of Ben", "BEN", "click", "3.2", coupon="ANN",
         click=sign_click("BEN", "03-10T11:00"), before=(lambda p: p.terminate("ANN", CHANGE),)),
    Case("a coupon of terminated Ann that is Ben's now", "BEN", "coupon", "3.5", coupon="ANN",
         before=(lambda p: p.terminate("ANN", CHANGE), lambda p: p.assign("BEN", "ANN", CHANGE, when=CHANGE))),
    Case("an unknown coupon and an old click", None, "click_expired", "3.2", coupon="UNKNOWN",
         click=sign_click("BEN", "03-01")),
    Case("an unknown coupon and a forged click", None, "click_not_genuine", "3.3", coupon="UNKNOWN",
         click=alter_click_id("BEN", "03-10T11:00", 75)),
]  # fmt: skip

END = [
    Case("a click a millisecond before the program's end", "BEN", "click", "3.2", click=sign_click("BEN", JUST_BEFORE),
         before=(lambda p: p.end_program(CHANGE),)),
    Case("a click at the instant of the program's end", None, "program_ended", "11.1", click=sign_click("BEN", CHANGE),
         before=(lambda p: p.end_program(CHANGE),)),
    Case("a coupon a microsecond before the program's end", "ANN", "coupon", "3.5", coupon="ANN",
         placed=parse_2026(CHANGE) - TICK,
         before=(lambda p: p.end_program(CHANGE),)),
    Case("a coupon at the instant of the program's end", None, "program_ended", "11.1", coupon="ANN",
         placed=parse_2026(CHANGE),
         before=(lambda p: p.end_program(CHANGE),)),
]  # fmt: skip

CASES = [*WINDOW, *VERSIONS, *STATES, *CLICK_IDS, *COUPONS, *END]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_order_is_attributed(case: Case, program: ScriptedProgram) -> None:
    for event in case.before:
        event(program)
    result = program.sell("A1", case.placed, coupon=case.coupon, click=case.click(program) if case.click else None)
    stored = Order.objects.select_related("affiliate", "agreement").get()
    assert (result.affiliate, result.reason) == (case.owner, case.reason)
    assert (stored.affiliate.code if stored.affiliate else None, stored.reason) == (case.owner, case.reason)
    clause = case.clause if "of version" in case.clause else f"{case.clause} of version 1"
    assert f"{stored.clause} of version {stored.agreement.name if stored.agreement else '-'}" == clause
    assert stored.commissions.count() == (1 if case.owner else 0)


def test_click_signed_with_previous_key_counts_until_key_is_withdrawn(program: ScriptedProgram, monkeypatch) -> None:
    old = sign_click("BEN", "03-10T11:00")(program)
    monkeypatch.setattr(settings, "CLICK_ID_KEYS", ["a new key", *settings.CLICK_ID_KEYS])
    assert program.sell("A1", NOON, click=old).reason == "click"
    monkeypatch.setattr(settings, "CLICK_ID_KEYS", settings.CLICK_ID_KEYS[:1])
    assert program.sell("A2", NOON, click=old).reason == "click_not_genuine"


def test_cases_cover_every_reason() -> None:
    assert len(CASES) >= 40
    assert len({case.title for case in CASES}) == len(CASES)
    reasons = {case.reason for case in CASES}
    assert reasons == {
        "coupon", "click", "no_claim", "coupon_unknown", "click_not_genuine", "click_expired", "click_after_order",
        "not_active", "no_agreement", "not_accepted", "breach", "program_ended",
    }  # fmt: skip
