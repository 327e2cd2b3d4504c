"""Daily checks of sales targets and at-risk e-mails."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import Error, connection, transaction

from affiliates import status_history
from affiliates.models import State
from agreements import acceptances, publishing, version_drafts
from compliance.models import TargetCheck, TargetNotice, TargetPause
from compliance.targets import checks
from compliance.targets.pauses import declare_pause
from tests.compliance import cases
from tests.compliance.cases import START, TICK, days, list_mails, make_active_affiliate, make_order

# Active since 2025-01-01 12:00, so first checked 180 days later.
FIRST = datetime(2025, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def active_affiliate(affiliate):
    cases.open_program()
    return affiliate


def get_check() -> TargetCheck:
    return TargetCheck.objects.get()


def make_orders(affiliate, *ages: float, now=FIRST) -> None:
    """Make orders placed the given numbers of days before `now`."""
    for age in ages:
        make_order(affiliate, now - days(age))


def suspend_between(affiliate, start, end) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=start, by=None)
    status_history.change_status(affiliate=affiliate, to=State.ACTIVE, now=end, by=None)


def test_targets_are_not_checked_before_the_program_is_opened(affiliate):
    assert checks.check_targets(now=FIRST).checked == 0
    assert not TargetCheck.objects.exists()


def test_target_is_first_checked_180_days_after_activation(active_affiliate):
    assert checks.check_targets(now=FIRST - TICK).checked == 0
    assert checks.check_targets(now=FIRST).checked == 1
    check = get_check()
    assert (check.result, check.orders, check.target, check.window_from) == ("missed", 0, 3, START)
    assert check.clause == "7.1"


def test_target_is_checked_once_per_day(active_affiliate):
    midnight = datetime(2025, 7, 1, tzinfo=UTC)
    assert checks.check_targets(now=FIRST).checked == 1
    assert checks.check_targets(now=midnight - TICK).checked == 0
    assert checks.check_targets(now=midnight).checked == 1
    assert list(TargetCheck.objects.order_by("day").values_list("day", flat=True)) == [
        date(2025, 6, 30),
        date(2025, 7, 1),
    ]


@pytest.mark.parametrize("state", [State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_target_of_inactive_affiliate_is_not_checked(active_affiliate, state):
    status_history.change_status(affiliate=active_affiliate, to=state, now=FIRST - days(1), by=None)
    assert checks.check_targets(now=FIRST).checked == 0


def test_check_counts_orders_not_cancelled_or_wholly_refunded(active_affiliate):
    make_orders(active_affiliate, 1, 2, 3)
    make_order(active_affiliate, FIRST - days(4), status="cancelled")
    make_order(active_affiliate, FIRST - days(5), refunded="100.00")
    make_order(active_affiliate, FIRST - days(6), refunded="99.99")
    later = FIRST + days(10)
    make_order(active_affiliate, START + days(9), order_id="old")
    checks.check_targets(now=later)
    # The three, and the one with a cent left; "old" was placed a day before the window.
    assert (get_check().orders, get_check().result) == (4, "met")


def test_check_counts_orders_from_the_window_start_until_now(active_affiliate):
    now = FIRST + days(20)
    for placed_at in (now - days(180), now - days(180) - TICK, now, now + TICK):
        make_order(active_affiliate, placed_at)
    checks.check_targets(now=now)
    assert get_check().orders == 2


def test_check_counts_only_the_affiliates_own_orders(active_affiliate):
    other = make_active_affiliate()
    make_orders(other, 1, 2, 3)
    checks.check_targets(now=FIRST)
    assert dict(TargetCheck.objects.values_list("affiliate", "orders")) == {active_affiliate.pk: 0, other.pk: 3}
    assert not TargetNotice.objects.filter(affiliate=other).exists()


def test_suspended_days_extend_the_window(active_affiliate):
    # On 2, 3 and 4 March: three days, the first and the last in part.
    suspend_between(active_affiliate, datetime(2025, 3, 2, 18, tzinfo=UTC), datetime(2025, 3, 4, 6, tzinfo=UTC))
    assert checks.check_targets(now=FIRST + days(3) - TICK).checked == 0
    make_orders(active_affiliate, 182.9, now=FIRST + days(3))
    checks.check_targets(now=FIRST + days(3))
    check = get_check()
    assert (check.days_paused, check.window_from, check.orders) == (3, START, 1)


def test_days_paused_by_an_unaccepted_version_extend_the_window(active_affiliate, agreement):
    draft = version_drafts.start_draft(now=START, by=None, source=agreement)
    type(draft).objects.filter(pk=draft.pk).update(validation_days=60)
    effective = datetime(2025, 3, 2, tzinfo=UTC)
    second = publishing.publish_version(agreement=draft, effective_at=effective, now=START, by=None)
    acceptances.record_offline_acceptance(
        affiliate=active_affiliate,
        agreement=second,
        accepted_at=effective + days(5),
        evidence="paper",
        now=effective + days(5),
        by=None,
    )
    # Paused from 2 March 00:00 to 7 March 00:00: five days.
    checks.check_targets(now=FIRST + days(5))
    assert (get_check().days_paused, get_check().agreement) == (5, second)


def test_declared_pauses_extend_the_window(active_affiliate, reviewer):
    declare_pause(
        starts_on=date(2025, 4, 1), ends_on=date(2025, 4, 10), reason="Shop was down.", now=FIRST, by=reviewer
    )
    assert checks.check_targets(now=FIRST + days(10) - TICK).checked == 0
    checks.check_targets(now=FIRST + days(10))
    assert (get_check().days_paused, get_check().window_from) == (10, START)


def test_agreement_without_target_is_not_checked(db):
    from agreements import seeding

    draft = seeding.create_seed_draft(now=START)
    type(draft).objects.filter(pk=draft.pk).update(target_orders=0)
    publishing.publish_version(agreement=draft, effective_at=START - days(1), now=START - days(1), by=None)
    make_active_affiliate()
    cases.open_program()
    assert checks.check_targets(now=FIRST).checked == 0


def test_at_risk_email_is_sent_once_in_180_days(active_affiliate):
    make_orders(active_affiliate, 151, 20, 10)  # in 30 days, the oldest of three orders no longer counts
    assert checks.check_targets(now=FIRST).warned == 1
    assert get_check().result == "at_risk"
    (mail,) = list_mails(active_affiliate, "target_at_risk")
    # Placed 2025-01-30 12:00: counts up to 2025-07-29 12:00.
    assert mail.context["missed_at"] == "30 Jul 2025, 12:00 UTC"
    assert mail.context["clause"] == "7.4 of version 1"
    for day in range(1, 29):
        checks.check_targets(now=FIRST + days(day))
    assert len(list_mails(active_affiliate, "target_at_risk")) == 1


def test_next_at_risk_email_is_sent_180_days_after_the_last(active_affiliate):
    make_orders(active_affiliate, 151, 20, 10)
    checks.check_targets(now=FIRST)
    again = FIRST + days(180)
    make_orders(active_affiliate, 160, 20, 10, now=again)
    assert checks.check_targets(now=again - days(1)).warned == 0
    assert checks.check_targets(now=again).warned == 1


def test_target_met_for_30_days_sends_no_email(active_affiliate):
    make_orders(active_affiliate, 150, 20, 10)
    assert checks.check_targets(now=FIRST) == (1, 0, 0, 0, 0)
    assert get_check().result == "met"


def test_failed_check_does_not_stop_the_others_and_is_retried(active_affiliate, monkeypatch, caplog):
    from compliance import emails

    other = make_active_affiliate()
    real = emails.send_target_missed

    def fail_for_first(notice):
        if notice.affiliate_id == active_affiliate.pk:
            raise RuntimeError("broken")
        real(notice)

    monkeypatch.setattr(emails, "send_target_missed", fail_for_first)
    assert checks.check_targets(now=FIRST).notified == 1
    assert TargetCheck.objects.get().affiliate == other
    assert str(active_affiliate.pk) in caplog.text
    monkeypatch.setattr(emails, "send_target_missed", real)
    assert checks.check_targets(now=FIRST + days(0.1)).notified == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_checks_have_one_effect():
    cases.seed_agreement()
    affiliates = [make_active_affiliate() for _ in range(6)]
    cases.open_program()
    for affiliate in affiliates[:3]:
        make_orders(affiliate, 151, 20, 10)
    barrier = threading.Barrier(2)

    def check(results):
        try:
            barrier.wait()
            results.append(checks.check_targets(now=FIRST))
        finally:
            connection.close()

    results: list[checks.TargetCheckCounts] = []
    threads = [threading.Thread(target=check, args=(results,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert TargetCheck.objects.count() == 6
    assert TargetNotice.objects.count() == 3
    assert sum(len(list_mails(a, "target_at_risk")) for a in affiliates) == 3
    assert sum(len(list_mails(a, "target_missed")) for a in affiliates) == 3
    assert sum(r.warned for r in results) == sum(r.notified for r in results) == 3


def test_database_rejects_changes_to_checks(active_affiliate):
    checks.check_targets(now=FIRST)
    for change in (lambda: TargetCheck.objects.update(orders=9), lambda: TargetCheck.objects.all().delete()):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_pause_that_ends_before_it_starts_is_rejected(db, reviewer):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as error:
        declare_pause(starts_on=date(2025, 4, 2), ends_on=date(2025, 4, 1), reason="Oops.", now=FIRST, by=reviewer)
    assert "ends_on" in error.value.message_dict
    assert not TargetPause.objects.exists()
