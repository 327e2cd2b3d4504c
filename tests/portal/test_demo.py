"""The demo program, made from nothing"""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from affiliates.models import Affiliate, Channel, State
from agreements import acceptance_requests
from agreements.models import AgreementVersion, Program, Promotion
from compliance.models import Review, ReviewEvent, Signal, TargetCheck, TargetNotice, TerminationNotice
from lib.errors import NotAllowed
from mail.models import Message
from payouts.closing import close, verification
from payouts.ledger import booking
from payouts.models import (
    Adjustment,
    Close,
    Commission,
    CommissionHold,
    Payout,
    PayoutBatch,
    PayoutDetails,
    PayoutHold,
    Statement,
    StatementLine,
)
from portal.demo import clicks, logins, sales, scenario
from portal.demo.planning import Days
from shops.models import Reject
from tests.scenarios import list_rollup_differences, roll_back
from tracking.models import Click, Order, Reason, Rollup

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
# Marked for the database too, else a run of this file alone is given that of the checkout.
pytestmark = [pytest.mark.slow, pytest.mark.django_db]

Figures = list[list[tuple]]


@pytest.fixture(scope="module")
def figures(django_db_setup, django_db_blocker) -> Iterator[tuple[Figures, Figures]]:
    """What it came to, made twice; the second one stays for all the tests of this file."""
    with django_db_blocker.unblock():
        with roll_back():
            first = made()
        with roll_back():
            yield first, made()


@pytest.fixture
def demo(figures) -> None:
    """The demo in the database."""


def made() -> Figures:
    scenario.build_demo(now=NOW)
    statements = Statement.objects.order_by("affiliate__user__email", "number")
    amounts = ("opening", "lines", "settled", "adjustments", "returned", "payout", "closing", "reasons")
    orders = Order.objects.order_by("order_id")
    payouts = Payout.objects.order_by("affiliate__user__email", "created_at", "amount")
    return [
        list(statements.values_list("affiliate__user__email", "close__period", *amounts)),
        list(orders.values_list("order_id", "placed_at", "status", "reason", "affiliate__user__email")),
        list(payouts.values_list("affiliate__user__email", "amount", "state", "failure")),
        list(Message.objects.order_by("to", "kind", "sent_at").values_list("to", "kind", "sent_at")),
    ]


def affiliate(key: str) -> Affiliate:
    return Affiliate.objects.get(user__email=f"{key}@demo.example")


def test_comes_to_the_same_figures_each_time(figures):
    first, second = figures
    assert len(first[0]) > 300
    assert first == second


def test_is_planned_alike_for_one_moment_and_otherwise_for_another():
    days, later = Days(NOW), Days(NOW + timedelta(days=1))
    assert sales.plan_sales(days) == sales.plan_sales(days) != sales.plan_sales(later)
    assert clicks.plan_clicks(days) == clicks.plan_clicks(days)


def test_has_affiliates_in_every_state(demo):
    states = Counter(Affiliate.objects.values_list("state", flat=True))
    assert set(states) == set(State.values)
    assert sum(states.values()) >= 60
    assert set(Channel.objects.values_list("state", flat=True)) == set(Channel.State.values)


def test_has_orders_for_each_reason_that_is_common(demo):
    reasons = set(Order.objects.values_list("reason", flat=True))
    told = {Reason.COUPON, Reason.CLICK, Reason.NO_CLAIM, Reason.COUPON_UNKNOWN, Reason.CLICK_NOT_GENUINE}
    assert reasons >= told | {Reason.CLICK_EXPIRED, Reason.NOT_ACTIVE, Reason.BREACH}
    assert 2_500 < Order.objects.count() < 4_500
    assert Click.objects.count() > 15_000
    assert set(Reject.objects.values_list("state", flat=True)) == {Reject.State.OPEN, Reject.State.DISMISSED}


def test_breaks_no_invariant_of_the_money(demo):
    assert [finding for finding in verification.check_invariants() if finding.violations] == []


def test_is_replayed_without_a_difference_until_a_cent_is_changed(demo, capsys):
    call_command("replay", "--all")
    said = capsys.readouterr().out.splitlines()
    assert said == [f"{one} differences=0" for one in Close.objects.order_by("period")]

    alone = StatementLine.objects.alias(of_it=Count("commission__statement_lines")).filter(of_it=1)
    line = alone.filter(close=Close.objects.first()).earliest("pk")
    a_cent_more = line.amount + Decimal("0.01")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payouts_statementline SET amount = %s WHERE id = %s", [a_cent_more, line.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(CommandError, match="1 differences"):
        call_command("replay", "--all")
    whose, order_line = line.statement.affiliate.code, line.commission.line
    named = f"{whose}: line {order_line.line_id} of order {order_line.order.order_id}"
    told = capsys.readouterr().err
    assert f"{line.close}: {named} was posted as {a_cent_more}, recomputed it is {line.amount}" in told
    with pytest.raises(CommandError, match=f"{whose}: the statement of {line.close} settles"):
        call_command("verify_ledger")
    found = [finding.first for finding in verification.check_invariants() if finding.violations]
    assert f"{named} is settled as {a_cent_more} up to {line.close}, it should be {line.amount}" in found


def test_has_roll_ups_that_equal_the_rows(demo):
    assert list_rollup_differences() == []
    assert Rollup.objects.filter(dimension="device", commission__gt=0).exists()


def test_has_acceptances_that_prove_themselves(demo, capsys):
    call_command("verify_acceptances")
    assert f"{len(Affiliate.objects.filter(acceptances__isnull=False))} acceptances" in "".join(capsys.readouterr())


def test_has_every_month_closed_that_is_due(demo):
    assert close.list_due_months(NOW) == []
    assert Close.objects.count() == 13
    reasons = {reason for row in Statement.objects.values_list("reasons", flat=True) for reason in row}
    assert reasons >= {"below_minimum", "negative_balance", "no_payout_details", "payouts_held", "suspended"}
    assert StatementLine.objects.filter(amount__lt=0).exists()


def test_leaves_one_batch_to_approve_and_one_to_submit(demo):
    states = Counter(PayoutBatch.objects.values_list("state", flat=True))
    assert (states["draft"], states["submitted"], states["approved"]) == (1, 1, 0)
    assert PayoutBatch.objects.get(state="submitted").close == Close.objects.first()
    assert Payout.objects.filter(state="failed").count() == 3
    assert Payout.objects.filter(replaces__isnull=False).count() == 2
    assert Statement.objects.filter(returned__gt=0).exists()


def test_has_balances_for_every_kind_of_trouble(demo):
    assert booking.get_balance(affiliate("oakandivy")) < 0
    assert not PayoutDetails.objects.filter(affiliate=affiliate("vera")).exists()
    assert PayoutDetails.objects.filter(affiliate=affiliate("kate"), usable_from__gt=NOW).exists()
    assert PayoutHold.objects.get(released_at=None).affiliate == affiliate("marta")
    assert set(Adjustment.objects.values_list("kind", "state")) == {
        ("bonus", "approved"), ("correction", "approved"), ("clawback", "proposed"),
    }  # fmt: skip
    assert Statement.objects.filter(adjustments=Decimal("75.00"), affiliate=affiliate("anna")).exists()


def test_has_a_review_in_every_stage(demo):
    stages = {
        review.affiliate.email: (review.state, review.decision)
        for review in Review.objects.select_related("affiliate__user")
    }
    assert stages == {
        "ben@demo.example": ("open", ""),
        "luca@demo.example": ("appealed", "forfeiture"),
        "emile@demo.example": ("closed", "dismissed"),
        "couponcave@demo.example": ("closed", "suspension"),
        "dealhawk@demo.example": ("closed", "termination"),
    }
    opened = Review.objects.get(state="open")
    assert opened.reply_by > NOW
    assert CommissionHold.objects.filter(source=f"review:{opened.pk}", released_at=None).count() == 4
    assert ReviewEvent.objects.filter(review__decision="termination", kind="forfeited").exists()


def test_has_signals_for_staff_to_look_at(demo):
    found = set(Signal.objects.values_list("affiliate__user__email", "kind", "state"))
    assert found == {
        ("carlos@demo.example", "undeclared_sites", "open"),
        ("carlos@demo.example", "abuse_report", "open"),
        ("idris@demo.example", "self_purchase", "open"),
        ("matteo@demo.example", "same_payout_details", "open"),
        ("selin@demo.example", "same_payout_details", "open"),
        ("emile@demo.example", "abuse_report", "dismissed"),
        ("ben@demo.example", "abuse_report", "reviewed"),
    }


def test_pays_more_while_a_promotion_runs(demo):
    raised = Commission.objects.filter(category="sports-garden", rate=Decimal("7.50"))
    assert raised.exists()
    assert {one.steps[1]["rule"] for one in raised} == {"promotions"}
    assert Promotion.objects.filter(starts_at__lt=NOW, ends_at__gt=NOW).exists()


def test_tells_whose_target_is_missed_and_whose_may_be(demo):
    assert [notice.affiliate for notice in TargetNotice.objects.all()] == [affiliate("dmitri")]
    assert [check.affiliate for check in TargetCheck.objects.filter(result="at_risk")] == [affiliate("fern")]


def test_has_notices_of_termination_that_run_and_that_ran_off(demo):
    notices = set(TerminationNotice.objects.values_list("affiliate__user__email", "state"))
    assert notices == {("bram@demo.example", "running"), ("gus@demo.example", "carried_out")}
    assert affiliate("aoife").state == State.LEAVING
    assert affiliate("ruben").state == State.TERMINATED


def test_ends_with_an_open_program_and_no_mail_to_send(demo):
    assert Program.current().opened_at == NOW
    assert AgreementVersion.objects.published().filter(effective_at__lte=NOW).count() == 2
    assert not Message.objects.exclude(state=Message.State.SENT).exists()
    assert not Message.objects.filter(subject="").exists()


def test_signs_everybody_in_whose_login_is_printed(demo, capsys):
    call_command("demo", "--logins")
    printed = capsys.readouterr()
    assert printed.err == ""
    for login in logins.ALL_LOGINS:
        assert f"{login.email} " in printed.out
        client = Client()
        assert client.login(email=login.email, password=logins.PASSWORD)
        page = reverse("portal:home") if login in logins.AFFILIATES else reverse("admin:index")
        assert client.get(page).status_code == 200


def test_has_somebody_who_must_accept(demo):
    assert acceptance_requests.list_requested_versions(affiliate("clara"), at=NOW) == [
        AgreementVersion.objects.get_in_force(NOW)
    ]


def test_is_not_made_a_second_time(demo):
    before = Order.objects.count(), Affiliate.objects.count()
    errors, out = io.StringIO(), io.StringIO()
    call_command("demo", "--if-empty", stdout=out, stderr=errors)
    assert "There is a program already" in errors.getvalue()
    assert out.getvalue() == ""
    with pytest.raises(CommandError, match="empty database"):
        call_command("demo")
    with pytest.raises(NotAllowed):
        scenario.build_demo(now=NOW)
    assert (Order.objects.count(), Affiliate.objects.count()) == before


MOST_QUERIES = 30


@pytest.fixture
def in_the_admin(demo) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=logins.OWNER.email))
    return client


def queries_of(client: Client, address: str) -> list[str]:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address, follow=True).status_code == 200
    return [query["sql"][:200] for query in asked.captured_queries]


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_is_listed_in_the_admin_with_as_many_queries_for_thirty_rows_as_for_three(in_the_admin, model, monkeypatch):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    asked = {}
    for rows in (3, 30):
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", rows)
        asked[rows] = queries_of(in_the_admin, address)
    assert len(asked[30]) <= len(asked[3]) <= MOST_QUERIES, "\n".join(asked[30])


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_is_shown_in_the_admin_with_few_queries_a_page(in_the_admin, model):
    rows = model._default_manager.order_by("pk")
    for row in {rows.first(), rows.last()} - {None}:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        asked = queries_of(in_the_admin, address)
        assert len(asked) <= MOST_QUERIES, "\n".join(asked)
