"""Declined versions and leaving, with the money: worked examples, each sum done by hand (specification 2 and 8).

An order is 100.00 of home-decor: 5.00 by version 1, 4.00 by version 2. Version 2 takes effect on 1 April 2026 and is to
the affiliate's detriment. The attribution window is 3 days, the notice period 30 days, the payout threshold 16.00. An order
is completed when it is placed, so its commission is validated 30 days later.
"""

from decimal import Decimal

import pytest

from affiliates.models import Affiliate
from agreements import publishing
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Decline
from audit.models import AuditRecord
from compliance.offboarding import termination
from lib.errors import NotAllowed
from mail.models import Message
from payouts.closing.replay.comparison import replay
from payouts.models import Close, Commission
from payouts.payout_details import details
from tests.scenarios import close_months, get_statement_figures
from tests.stories.attribution_program import ScriptedProgram, parse_2026, sign_click
from tracking.models import Order

pytestmark = pytest.mark.django_db

CARRIED = "below_minimum"
DECLINED, EFFECT = "03-10", "04-01"


@pytest.fixture
def program() -> ScriptedProgram:
    """Return the program after version 2 was published, with payout details of Ben."""
    program = ScriptedProgram()
    program.publish_lower_rate(EFFECT)
    ben = program.affiliates["BEN"]
    entry = details.DetailsEntry(ben, "paypal", "ben@example.com", "Ben", parse_2026("01-02"))
    details.import_details(entries=[entry], now=parse_2026("01-02"), by=None)
    return program


@pytest.fixture
def declined(program: ScriptedProgram) -> ScriptedProgram:
    """Return the program after Ben has declined version 2."""
    program.decline("BEN", "2", DECLINED)
    return program


def sell(program: ScriptedProgram, placed: str, *, clicked: str = "") -> str:
    """Sell with Ben's coupon, or by his click at `clicked`; return what Ben earns, or why he earns nothing."""
    click = sign_click("BEN", clicked)(program) if clicked else None
    order_id = f"{placed}-{clicked}".replace(":", ".")
    at = parse_2026(placed)
    program.sell(order_id, at, coupon=None if clicked else "BEN", click=click, completed=at.isoformat())
    order = Order.objects.get(order_id=order_id)
    if order.affiliate_id is None:
        return f"{order.reason} {order.clause}"
    [commission] = Commission.objects.filter(order=order)
    return f"{commission.amount} by version {commission.agreement.name}"


def close_month(month: str, when: str) -> None:
    close_months(f"2026-{month}", now=parse_2026(when))


def list_mail(*kinds: str) -> list[str]:
    rows = Message.objects.filter(to="ben@example.com", kind__in=kinds).order_by("created_at", "id")
    return list(rows.values_list("kind", flat=True))


def get_decline() -> Decline:
    return Decline.objects.get(affiliate__code="BEN")


def read_notice_end() -> object:
    return Affiliate.objects.get(code="BEN").notice_ends_at


# --- Declines


def test_declining_affiliate_earns_by_the_old_version_until_the_effective_date(declined):
    assert declined.get_state("BEN") == "active"
    assert sell(declined, "03-31T23:59:59.999999") == "5.00 by version 1"
    assert declined.follow("BEN", "03-31T23:59") is not None
    declined.run_tasks("03-31T23:59:59.999999")
    assert declined.get_state("BEN") == "active"


def test_declining_affiliate_leaves_on_the_effective_date(declined):
    declined.run_tasks("04-01")
    assert declined.get_state("BEN") == "leaving"
    assert read_notice_end() == parse_2026("05-01")
    assert sell(declined, "04-01") == "not_active 3.6"
    assert declined.follow("BEN", "04-01T00:01") is None
    assert get_decline().state == "in_effect"
    assert list_mail("agreement_declined", "leaving_confirmed") == ["agreement_declined", "leaving_confirmed"]


def test_late_task_lets_a_decline_take_effect_on_the_effective_date(declined):
    declined.run_tasks("04-20T10:00")
    ben = Affiliate.objects.get(code="BEN")
    assert (ben.state_since, ben.notice_ends_at) == (parse_2026("04-01"), parse_2026("05-01"))
    last = ben.status_changes.order_by("at").last()
    assert last is not None
    assert (last.recorded_at, last.clause) == (parse_2026("04-20T10:00"), "9.5 of version 2")


def test_order_before_the_late_task_is_not_credited_either(declined):
    assert sell(declined, "04-01T00:00") == "not_accepted 9.4"


def test_click_before_a_decline_takes_effect_earns_within_the_cookie_window(declined):
    declined.run_tasks("04-01")
    assert sell(declined, "04-03T23:00", clicked="03-31T23:00") == "5.00 by version 1"
    assert sell(declined, "04-03T23:00:01", clicked="03-31T23:00") == "click_expired 3.2"


def test_decline_taken_back_before_the_effective_date_does_not_end_anything(declined):
    declined.take_back_decline("BEN", "03-31T23:59:59.999999")
    declined.run_tasks("04-01")
    assert (declined.get_state("BEN"), get_decline().state) == ("active", "taken_back")
    assert sell(declined, "04-01T08:00") == "not_accepted 9.4"
    declined.accept_online("BEN", "2", "04-01T09:00")
    assert sell(declined, "04-01T09:00") == "4.00 by version 2"
    assert list_mail("agreement_decline_taken_back") == ["agreement_decline_taken_back"]


def test_decline_cannot_be_taken_back_from_the_effective_date_on(declined):
    with pytest.raises(Rejected, match="took effect on 1 Apr 2026, 00:00 UTC"):
        declined.take_back_decline("BEN", "04-01")
    assert get_decline().state == "pending"


def test_decline_can_be_repeated_after_it_was_taken_back(declined):
    with pytest.raises(Rejected, match="already declined version 2"):
        declined.decline("BEN", "2", "03-11")
    declined.take_back_decline("BEN", "03-12")
    declined.decline("BEN", "2", "03-13")
    declined.run_tasks("04-01")
    assert declined.get_state("BEN") == "leaving"


def test_withdrawal_of_the_version_lets_a_decline_lapse(declined):
    second = AgreementVersion.objects.get(name="2")
    publishing.withdraw_version(agreement=second, now=parse_2026("03-20"), by=None, reason="A mistake.")
    declined.run_tasks("04-01")
    assert (declined.get_state("BEN"), get_decline().state) == ("active", "lapsed")
    assert sell(declined, "04-02") == "5.00 by version 1"
    assert Message.objects.get(kind="agreement_withdrawn", to="ben@example.com").context["declined"] is True


def test_acceptance_lets_a_decline_lapse(declined):
    declined.accept_online("BEN", "2", "03-20")
    declined.run_tasks("04-01")
    assert (declined.get_state("BEN"), get_decline().state) == ("active", "lapsed")
    assert sell(declined, "03-31") == "5.00 by version 1"
    assert sell(declined, "04-01") == "4.00 by version 2"


def test_decline_of_a_version_in_effect_takes_effect_at_once(program):
    assert sell(program, "04-05T09:00") == "not_accepted 9.4"
    program.decline("BEN", "2", "04-05T10:00")
    assert program.get_state("BEN") == "leaving"
    assert read_notice_end() == parse_2026("05-05T10:00")
    assert list_mail("agreement_declined", "leaving_confirmed") == ["leaving_confirmed"]


def test_suspended_affiliate_who_declined_leaves_on_the_effective_date(declined):
    declined.suspend("BEN", "03-20")
    declined.run_tasks("04-01")
    assert declined.get_state("BEN") == "leaving"


def test_decline_lapses_if_the_affiliate_has_gone_before(declined):
    declined.terminate("BEN", "03-20")
    declined.run_tasks("04-01")
    assert (declined.get_state("BEN"), get_decline().state) == ("terminated", "lapsed")


def test_approved_affiliate_who_declines_an_upcoming_version_goes_with_it(program):
    program.decline("CAT", "2", "03-20")
    assert program.get_state("CAT") == "approved"
    program.run_tasks("04-01")
    assert program.get_state("CAT") == "terminated"


def test_each_step_of_a_decline_is_audited(declined):
    declined.take_back_decline("BEN", "03-12")
    actions = AuditRecord.objects.filter(action__contains="decline").order_by("at").values_list("action", flat=True)
    assert list(actions) == ["version declined", "decline taken back"]


def test_declining_affiliate_is_paid_at_the_final_close_below_the_minimum(declined):
    """10 and 31 March: 5.00 + 5.00. The close of April runs before the notice ends, that of May after it."""
    assert sell(declined, "03-10T12:00") == sell(declined, "03-31T12:00") == "5.00 by version 1"
    declined.run_tasks("04-01")
    close_month("03", "04-03")  # nothing is validated before 9 April
    close_month("04", "05-01T00:00")  # the notice ends at this instant: both are validated by 30 April, 12:00
    assert get_statement_figures("BEN", "2026-04") == ["0.00", "10.00", "0.00", "0.00", "10.00", "0.00", ""]


def test_close_within_the_notice_of_a_decline_keeps_the_minimum(declined):
    """Both commissions are validated in April. The close of April runs a day before the notice ends."""
    declined.take_back_decline("BEN", "03-20")
    assert sell(declined, "03-10T12:00") == sell(declined, "03-31T12:00") == "5.00 by version 1"
    declined.decline("BEN", "2", "04-02")  # at once; the notice runs to 2 May
    close_month("03", "04-03")
    close_month("04", "05-01T06:00")
    assert get_statement_figures("BEN", "2026-04") == ["0.00", "10.00", "0.00", "0.00", "0.00", "10.00", CARRIED]
    close_month("05", "06-03")
    assert get_statement_figures("BEN", "2026-05") == ["10.00", "0.00", "0.00", "0.00", "10.00", "0.00", ""]


# --- Leaving


def test_leaving_stops_links_and_coupons_at_once(program):
    program.leave("BEN", "03-10T12:00")
    assert program.get_state("BEN") == "leaving"
    assert sell(program, "03-10T12:00") == "not_active 3.6"
    assert sell(program, "03-10T13:00", clicked="03-10T12:00:00.001") == "not_active 3.6"
    assert program.follow("BEN", "03-10T12:01") is None


def test_click_before_leaving_earns_within_the_cookie_window(program):
    program.leave("BEN", "03-10T12:00")
    assert sell(program, "03-13T11:59:59.999", clicked="03-10T11:59:59.999") == "5.00 by version 1"
    assert sell(program, "03-13T12:00", clicked="03-10T11:59:59.999") == "click_expired 3.2"


def test_click_before_leaving_earns_even_after_the_notice_has_ended(program):
    program.publish("04-02", attribution_days=60, home_decor="4.00")
    program.accept("BEN", "3", "03-20")
    program.leave("BEN", "04-03")
    program.run_tasks("05-03")
    assert program.get_state("BEN") == "terminated"
    assert sell(program, "05-20", clicked="04-02T12:00") == "4.00 by version 3"


def test_leaving_taken_back_earns_again_but_not_for_the_time_between(program):
    program.leave("BEN", "03-10T12:00")
    program.take_back_leaving("BEN", "03-11T12:00")
    assert program.get_state("BEN") == "active"
    assert read_notice_end() is None
    assert sell(program, "03-11T12:00") == "5.00 by version 1"
    assert sell(program, "03-11T13:00", clicked="03-11T12:00") == "5.00 by version 1"
    assert sell(program, "03-11T14:00", clicked="03-11T11:59:59.999") == "not_active 3.6"
    assert sell(program, "03-11T11:59:59.999") == "not_active 3.6"
    assert sell(program, "03-11T15:00", clicked="03-10T11:00") == "5.00 by version 1"
    assert list_mail("leaving_confirmed", "leaving_taken_back") == ["leaving_confirmed", "leaving_taken_back"]


def test_leaving_can_be_taken_back_until_the_notice_ends(program):
    program.leave("BEN", "03-01T12:00")
    with pytest.raises(NotAllowed, match="until 31 Mar 2026, 12:00 UTC"):
        program.take_back_leaving("BEN", "03-31T12:00")
    program.take_back_leaving("BEN", "03-31T11:59:59.999999")
    program.run_tasks("03-31T12:00")
    assert program.get_state("BEN") == "active"


@pytest.mark.parametrize("state", ["active", "suspended", "terminated"])
def test_only_a_leaving_affiliate_can_take_it_back(program, state):
    if state == "suspended":
        program.suspend("BEN", "03-01")
    elif state == "terminated":
        program.terminate("BEN", "03-01")
    with pytest.raises(NotAllowed, match="nothing to take back"):
        program.take_back_leaving("BEN", "03-02")


def test_affiliate_who_was_suspended_is_suspended_again(program):
    program.suspend("BEN", "03-01")
    program.leave("BEN", "03-02")
    program.take_back_leaving("BEN", "03-03")
    assert program.get_state("BEN") == "suspended"
    assert sell(program, "03-04") == "not_active 3.6"


def test_affiliate_who_takes_it_back_must_accept_the_version_in_effect(program):
    program.leave("BEN", "03-25")
    program.take_back_leaving("BEN", "04-10")
    assert program.get_state("BEN") == "active"
    assert sell(program, "04-10T12:00") == "not_accepted 9.4"
    assert Message.objects.get(kind="leaving_taken_back").context["is_paused"] is True
    program.accept_online("BEN", "2", "04-11")
    assert sell(program, "04-11") == "4.00 by version 2"


def test_leaving_after_a_decline_can_be_taken_back_too(declined):
    declined.run_tasks("04-01")
    declined.take_back_leaving("BEN", "04-30T23:59:59.999999")
    assert declined.get_state("BEN") == "active"
    assert sell(declined, "05-01") == "not_accepted 9.4"


def test_final_close_after_leaving_ignores_the_minimum(program):
    """1 March: 5.00, validated on 31 March. The notice ends on 4 April: the close of 3 April carries over."""
    assert sell(program, "03-01") == "5.00 by version 1"
    program.leave("BEN", "03-05")
    close_month("03", "04-03")
    assert get_statement_figures("BEN", "2026-03") == ["0.00", "5.00", "0.00", "0.00", "0.00", "5.00", CARRIED]
    program.run_tasks("04-04")
    assert program.get_state("BEN") == "terminated"
    close_month("04", "05-03")
    assert get_statement_figures("BEN", "2026-04") == ["5.00", "0.00", "0.00", "0.00", "5.00", "0.00", ""]


def test_close_after_leaving_was_taken_back_keeps_the_minimum(program):
    assert sell(program, "03-01") == "5.00 by version 1"
    program.leave("BEN", "03-02")
    program.take_back_leaving("BEN", "03-31")  # the notice would have ended on 1 April
    close_month("03", "04-03")
    assert get_statement_figures("BEN", "2026-03") == ["0.00", "5.00", "0.00", "0.00", "0.00", "5.00", CARRIED]
    assert not replay(Close.objects.get())


def test_replay_of_a_close_between_the_end_of_the_notice_and_the_late_task_is_clean(program):
    """The notice ends on 2 April, the close of 3 April pays 5.00, and the task runs only on 10 April."""
    assert sell(program, "03-01") == "5.00 by version 1"
    program.leave("BEN", "03-03")
    close_month("03", "04-03")
    assert get_statement_figures("BEN", "2026-03")[4] == "5.00"
    program.run_tasks("04-10")
    assert not replay(Close.objects.get())


def test_balance_stays_after_leaving_is_taken_back(program):
    """4 x 5.00 = 20.00 is at least 16.00 and is paid whole."""
    for hour in range(4):
        assert sell(program, f"03-01T{hour:02}:00") == "5.00 by version 1"
    program.leave("BEN", "03-05")
    program.take_back_leaving("BEN", "03-06")
    close_month("03", "04-03")
    assert get_statement_figures("BEN", "2026-03") == ["0.00", "20.00", "0.00", "0.00", "20.00", "0.00", ""]
    assert sum(Commission.objects.values_list("amount", flat=True)) == Decimal("20.00")


def test_running_termination_notice_ends_an_affiliate_who_took_back_leaving(program):
    ben = program.affiliates["BEN"]
    termination.give_notice(affiliate=ben, ground="choice", reason="So.", now=parse_2026("03-01"), by=None)
    program.leave("BEN", "03-02")
    program.take_back_leaving("BEN", "03-03")
    assert read_notice_end() == parse_2026("03-31")
    program.run_tasks("03-31")
    assert program.get_state("BEN") == "terminated"
