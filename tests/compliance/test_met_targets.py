"""Targets that one statement finds to be met, held against the evaluation of each affiliate."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements import acceptances, publishing, version_drafts
from agreements.models import AgreementVersion
from compliance.models import TargetCheck
from compliance.targets import checks, met_targets
from compliance.targets.arithmetic import TargetResult
from compliance.targets.backtest import backtest_targets
from compliance.targets.met_targets import list_uncertain_affiliates
from compliance.targets.pauses import declare_pause
from compliance.targets.target_evaluation import evaluate_targets, list_active_affiliates
from compliance.targets.target_forecast import forecast_targets
from tests.compliance import cases
from tests.compliance.cases import START, days, make_active_affiliate, send_order
from tests.factories import make_affiliate
from tracking.links import coupons

NOW = datetime(2025, 10, 1, 12, tzinfo=UTC)
# The second version has a detriment and a target of three orders in 180 days, as the first; the third is like it.
SECOND, THIRD = datetime(2025, 3, 2, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
ENOUGH = (10, 20, 30)


def publish_version(effective: datetime, **terms: int) -> AgreementVersion:
    newest = AgreementVersion.objects.published().latest("number")
    draft = version_drafts.start_draft(now=START, by=None, source=newest)
    AgreementVersion.objects.filter(pk=draft.pk).update(**terms)
    return publishing.publish_version(agreement=draft, effective_at=effective, now=START, by=None)


def accept(affiliate: Affiliate, version: AgreementVersion, at: datetime) -> None:
    acceptances.record_offline_acceptance(
        affiliate=affiliate, agreement=version, accepted_at=at, evidence="paper", now=at, by=None
    )


def suspend(affiliate: Affiliate, start: datetime, end: datetime) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=start, by=None)
    status_history.change_status(affiliate=affiliate, to=State.ACTIVE, now=end, by=None)


@pytest.fixture
def affiliates(agreement: AgreementVersion) -> dict[str, Affiliate]:
    """Create affiliates who differ in one thing each, by what that is. Those of `PLAIN` differ in nothing that matters."""
    second = publish_version(SECOND, validation_days=60)
    publish_version(THIRD)
    made: dict[str, Affiliate] = {}

    def make(name: str, *ages: float, start: datetime = START, accepts: datetime | None = SECOND) -> Affiliate:
        made[name] = affiliate = make_active_affiliate(start)
        if accepts:
            accept(affiliate, second, accepts)
        for age in ages:
            send_order(affiliate, NOW - days(age))
        return affiliate

    make("enough", *ENOUGH)
    make("more than enough", 1, 2, 3, 4, 170)
    make("accepted early", *ENOUGH, accepts=SECOND - days(3))
    make("accepted late", *ENOUGH, accepts=SECOND + days(3))
    make("never accepted", *ENOUGH, accepts=None)
    make("at risk", 170, 20, 10)
    make("missed", 190, 20, 10)
    make("no orders")
    suspend(make("suspended once", *ENOUGH), NOW - days(60), NOW - days(50))
    status_history.change_status(affiliate=make("suspended", *ENOUGH), to=State.SUSPENDED, now=NOW - days(1), by=None)
    send_order(make("refunded", 10, 20), NOW - days(5), amount="10.00", refunded="10.00")
    send_order(make("partly refunded", 10, 20), NOW - days(5), amount="10.00", refunded="9.99")
    send_order(make("cancelled", 10, 20), NOW - days(5), status="cancelled")
    send_order(make("one refunded of four", *ENOUGH), NOW - days(5), amount="10.00", refunded="10.00")
    cases.open_program()
    return made


@pytest.fixture
def new_affiliate(affiliates: dict[str, Affiliate]) -> Affiliate:
    """Return an affiliate whose first version is the newest and whose first period has not ended."""
    affiliate = make_affiliate(state=State.APPROVED, at=NOW - days(50))
    accept(affiliate, AgreementVersion.objects.published().latest("number"), NOW - days(50))
    affiliate.refresh_from_db()
    coupons.assign_coupon(
        affiliate=affiliate, code=affiliate.code, assigned_from=NOW - days(50), now=NOW - days(50), by=None
    )
    for age in ENOUGH:
        send_order(affiliate, NOW - days(age))
    affiliates["new"] = affiliate
    return affiliate


def find_met(*, now: datetime) -> set[UUID]:
    """Return the active affiliates whose target is certainly met."""
    return set(list_active_affiliates()) - set(list_uncertain_affiliates(now=now))


PLAIN = {"enough", "more than enough", "accepted early", "partly refunded", "one refunded of four"}


def name_all(affiliates: dict[str, Affiliate], keys) -> set[str]:
    names = {affiliate.pk: name for name, affiliate in affiliates.items()}
    return {names[pk] for pk in keys}


@pytest.mark.django_db
def test_those_found_are_met_by_the_evaluation_of_each(affiliates, new_affiliate):
    certain = find_met(now=NOW)
    assert name_all(affiliates, certain) == PLAIN
    exact = {one.affiliate_id: one for one in evaluate_targets(list_active_affiliates(), now=NOW)}
    assert {(exact[pk].result, exact[pk].is_checkable) for pk in certain} == {(TargetResult.MET, True)}


def run_check(now: datetime) -> tuple[Any, ...]:
    """Return what the check, the forecast and the backtest say at `now`, and the checks that would be stored."""
    newest = AgreementVersion.objects.latest("number")
    forecast, backtest = forecast_targets(now=now), backtest_targets(agreement=newest, now=now)
    with transaction.atomic():
        counts = checks.check_targets(now=now)
        fields = [field.attname for field in TargetCheck._meta.concrete_fields if field.attname != "id"]
        rows = sorted(TargetCheck.objects.values_list(*fields), key=str)
        transaction.set_rollback(True)
    return counts, rows, forecast, backtest


@pytest.mark.django_db
@pytest.mark.parametrize("pause", [None, (date(2025, 8, 1), date(2025, 8, 20)), (date(2025, 10, 1), date(2025, 12, 1))])
def test_checks_forecast_and_backtest_are_those_of_the_evaluation_of_each(
    affiliates, new_affiliate, monkeypatch, pause
):
    if pause:
        declare_pause(starts_on=pause[0], ends_on=pause[1], reason="Holidays", now=START, by=None)
    moments = [NOW + days(after) for after in (0, 100, 160)]
    fast = [run_check(moment) for moment in moments]
    assert "met" in {row[3] for row in fast[0][1]}
    monkeypatch.setattr(met_targets, "store_met_checks", lambda **_given: 0)
    for module in ("backtest", "target_forecast"):
        monkeypatch.setattr(
            f"compliance.targets.{module}.list_uncertain_affiliates", lambda **_given: list_active_affiliates()
        )
    assert fast == [run_check(moment) for moment in moments]


@pytest.mark.django_db
def test_running_notice_is_left_to_the_check_that_ends_it(affiliates):
    [affiliate] = [one for name, one in affiliates.items() if name == "missed"]
    assert checks.check_targets(now=NOW).notified >= 1
    for age in ENOUGH:
        send_order(affiliate, NOW + days(1) - days(age))
    later = NOW + days(1)
    assert affiliate.pk in find_met(now=later)
    assert checks.check_targets(now=later).met == 1
    assert affiliate.target_notices.get().state == "met"


@pytest.mark.django_db
def test_all_orders_are_read_once_a_day(affiliates, monkeypatch):
    read_at: list[datetime] = []
    store = met_targets.store_met_checks

    def record_and_store(*, day: date, now: datetime) -> int:
        read_at.append(now)
        return store(day=day, now=now)

    monkeypatch.setattr(met_targets, "store_met_checks", record_and_store)
    moments = [NOW, NOW + days(0.1), NOW + days(1), NOW + days(1.1)]
    for moment in moments:
        checks.check_targets(now=moment)
    assert read_at == [moments[0], moments[2]]


@pytest.mark.django_db
def test_version_that_takes_effect_later_today_leaves_those_who_have_not_accepted_it(affiliates):
    fourth = publish_version(NOW + days(0.25), validation_days=90)
    accept(affiliates["enough"], fourth, NOW - days(1))
    assert name_all(affiliates, find_met(now=NOW)) == {"enough"}


@pytest.mark.django_db
def test_no_target_and_no_version_find_nobody(db):
    assert find_met(now=NOW) == set()
    cases.seed_agreement()
    make_active_affiliate()
    publish_version(SECOND, target_orders=0)
    assert find_met(now=NOW) == set()
