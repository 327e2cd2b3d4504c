"""The demo program: reproducible, complete, consistent, and fast to browse in the admin."""

import hashlib
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
from creatives.models import Creative, CreativeLink
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
from tests.mail_examples import find_unlike_examples
from tests.scenarios import check_constraints, list_rollup_differences, roll_back
from tracking.models import Click, Order, Reason, Rollup

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
# Marked with django_db too, so that running this file alone does not use the development database.
pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Of the demo at NOW: the number of rows and the start of a digest of their values. They differ from run to run if the
# demo depends on anything but the time. A change of the demo changes them.
DIGESTS = {
    "statements": (376, "40190384bad8f4e9"),
    "orders": (3995, "38eb1328e5f5b85c"),
    "payouts": (262, "bc8363fff29c3d38"),
    "messages": (1010, "c21e0828ece1c3f5"),
}


@pytest.fixture(scope="module")
def figures(django_db_setup, django_db_blocker) -> Iterator[dict[str, list[tuple]]]:
    """Build the demo and yield its figures. It stays for all tests of this file."""
    with django_db_blocker.unblock(), roll_back():
        scenario.build_demo(now=NOW)
        check_constraints()
        yield read_figures()


@pytest.fixture
def demo(figures) -> None:
    """Have the demo in the database."""


def test_agreement_of_the_demo_is_not_a_text_to_be_replaced(demo):
    text = Client().get("/agreement/", follow=True).content.decode()
    assert "to be replaced" not in text
    assert "Juniper &amp; Pine is a fictional shop" in text


def test_notifications_have_the_dates_of_what_they_report(demo):
    sent = dict(Payout.objects.exclude(sent_at=None).values_list("reference", "sent_at"))
    notified = Message.objects.filter(kind="payout_sent").values_list("context__reference", "created_at")
    assert sorted(notified) == sorted(sent.items())
    opened = Review.objects.order_by("opened_at").values_list("opened_at", flat=True)
    notices = Message.objects.filter(kind="review_opened").order_by("created_at")
    assert list(notices.values_list("created_at", flat=True)) == list(opened)


def read_figures() -> dict[str, list[tuple]]:
    statements = Statement.objects.order_by("affiliate__user__email", "number")
    amounts = ("opening", "lines", "settled", "adjustments", "returned", "payout", "closing", "reasons")
    orders = Order.objects.order_by("order_id")
    payouts = Payout.objects.order_by("affiliate__user__email", "created_at", "amount")
    messages = Message.objects.order_by("to", "kind", "sent_at")
    return {
        "statements": list(statements.values_list("affiliate__user__email", "close__period", *amounts)),
        "orders": list(orders.values_list("order_id", "placed_at", "status", "reason", "affiliate__user__email")),
        "payouts": list(payouts.values_list("affiliate__user__email", "amount", "state", "failure")),
        "messages": list(messages.values_list("to", "kind", "sent_at")),
    }


def digest(rows: list[tuple]) -> tuple[int, str]:
    # Sorted here, because the order of text in the database depends on its collation.
    text = "\n".join(sorted("|".join(str(value) for value in row) for row in rows))
    return len(rows), hashlib.sha256(text.encode()).hexdigest()[:16]


def affiliate(key: str) -> Affiliate:
    return Affiliate.objects.get(user__email=f"{key}@demo.example")


def test_demo_has_the_same_figures_each_time(figures):
    assert len(figures["statements"]) > 300
    assert {name: digest(rows) for name, rows in figures.items()} == DIGESTS


def test_plan_depends_only_on_the_time():
    days, later = Days(NOW), Days(NOW + timedelta(days=1))
    assert sales.plan_sales(days) == sales.plan_sales(days) != sales.plan_sales(later)
    assert clicks.plan_clicks(days) == clicks.plan_clicks(days)


def test_demo_has_affiliates_in_every_state(demo):
    states = Counter(Affiliate.objects.values_list("state", flat=True))
    assert set(states) == set(State.values)
    assert sum(states.values()) >= 60
    assert set(Channel.objects.values_list("state", flat=True)) == set(Channel.State.values)


def test_demo_has_orders_for_every_common_reason(demo):
    reasons = set(Order.objects.values_list("reason", flat=True))
    common_reasons = {Reason.COUPON, Reason.CLICK, Reason.NO_CLAIM, Reason.COUPON_UNKNOWN, Reason.CLICK_NOT_GENUINE}
    assert reasons >= common_reasons | {Reason.CLICK_EXPIRED, Reason.NOT_ACTIVE, Reason.BREACH}
    assert 2_500 < Order.objects.count() < 4_500
    assert Click.objects.count() > 15_000
    assert set(Reject.objects.values_list("state", flat=True)) == {Reject.State.OPEN, Reject.State.DISMISSED}


def test_demo_has_banners_and_a_text_that_affiliates_have_copied(demo):
    kinds = Counter(Creative.objects.values_list("kind", flat=True))
    assert kinds == {"banner": 2, "text": 1}
    assert CreativeLink.objects.count() == 2


def test_demo_violates_no_ledger_invariant(demo):
    assert [finding for finding in verification.check_invariants() if finding.violations] == []


def test_replay_finds_a_difference_only_after_a_cent_is_changed(demo, capsys):
    call_command("replay", "--all")
    output = capsys.readouterr().out.splitlines()
    assert output == [f"{closed} differences=0" for closed in Close.objects.order_by("period")]

    settled_once = StatementLine.objects.alias(line_count=Count("commission__statement_lines")).filter(line_count=1)
    line = settled_once.filter(close=Close.objects.first()).earliest("pk")
    changed_amount = line.amount + Decimal("0.01")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payouts_statementline SET amount = %s WHERE id = %s", [changed_amount, line.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(CommandError, match="1 differences"):
        call_command("replay", "--all")
    code, order_line = line.statement.affiliate.code, line.commission.line
    line_name = f"{code}: line {order_line.line_id} of order {order_line.order.order_id}"
    errors = capsys.readouterr().err
    assert f"{line.close}: {line_name} was posted as {changed_amount}, but recomputes to {line.amount}" in errors
    with pytest.raises(CommandError, match=f"{code}: the statement of {line.close} settles"):
        call_command("verify_ledger")
    violations = [finding.first for finding in verification.check_invariants() if finding.violations]
    assert f"{line_name} is settled as {changed_amount} up to {line.close}, it should be {line.amount}" in violations


def test_daily_totals_match_the_rows(demo):
    assert list_rollup_differences() == []
    assert Rollup.objects.filter(dimension="device", commission__gt=0).exists()


def test_acceptance_chain_is_valid(demo, capsys):
    call_command("verify_acceptances")
    assert f"{len(Affiliate.objects.filter(acceptances__isnull=False))} acceptances" in "".join(capsys.readouterr())


def test_every_due_month_is_closed(demo):
    assert close.list_due_months(NOW) == []
    assert Close.objects.count() == 13
    reasons = {reason for row in Statement.objects.values_list("reasons", flat=True) for reason in row}
    assert reasons >= {"below_minimum", "negative_balance", "no_payout_details", "payouts_held", "suspended"}
    assert StatementLine.objects.filter(amount__lt=0).exists()


def test_one_batch_is_left_to_approve_and_one_to_submit(demo):
    states = Counter(PayoutBatch.objects.values_list("state", flat=True))
    assert (states["draft"], states["submitted"], states["approved"]) == (1, 1, 0)
    assert PayoutBatch.objects.get(state="submitted").close == Close.objects.first()
    assert Payout.objects.filter(state="failed").count() == 3
    assert Payout.objects.filter(replaces__isnull=False).count() == 2
    assert Statement.objects.filter(returned__gt=0).exists()


def test_demo_has_every_reason_for_an_unpaid_balance(demo):
    assert booking.get_balance(affiliate("oakandivy")) < 0
    assert not PayoutDetails.objects.filter(affiliate=affiliate("vera")).exists()
    assert PayoutDetails.objects.filter(affiliate=affiliate("kate"), usable_from__gt=NOW).exists()
    assert PayoutHold.objects.get(released_at=None).affiliate == affiliate("marta")
    assert set(Adjustment.objects.values_list("kind", "state")) == {
        ("bonus", "approved"), ("correction", "approved"), ("clawback", "proposed"),
    }  # fmt: skip
    assert Statement.objects.filter(adjustments=Decimal("75.00"), affiliate=affiliate("anna")).exists()


def test_demo_has_a_review_in_every_stage(demo):
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
    open_review = Review.objects.get(state="open")
    assert open_review.reply_by > NOW
    assert CommissionHold.objects.filter(source=f"review:{open_review.pk}", released_at=None).count() == 4
    assert ReviewEvent.objects.filter(review__decision="termination", kind="forfeited").exists()


def test_demo_has_signals_for_staff(demo):
    signals = set(Signal.objects.values_list("affiliate__user__email", "kind", "state"))
    assert signals == {
        ("carlos@demo.example", "undeclared_sites", "open"),
        ("carlos@demo.example", "abuse_report", "open"),
        ("idris@demo.example", "self_purchase", "open"),
        ("matteo@demo.example", "same_payout_details", "open"),
        ("selin@demo.example", "same_payout_details", "open"),
        ("emile@demo.example", "abuse_report", "dismissed"),
        ("ben@demo.example", "abuse_report", "reviewed"),
    }


def test_promotion_raises_the_rate(demo):
    raised = Commission.objects.filter(category="sports-garden", rate=Decimal("7.50"))
    assert raised.exists()
    assert {commission.steps[1]["rule"] for commission in raised} == {"promotions"}
    assert Promotion.objects.filter(starts_at__lt=NOW, ends_at__gt=NOW).exists()


def test_demo_has_a_missed_target_and_one_at_risk(demo):
    assert [notice.affiliate for notice in TargetNotice.objects.all()] == [affiliate("dmitri")]
    assert [check.affiliate for check in TargetCheck.objects.filter(result="at_risk")] == [affiliate("fern")]


def test_demo_has_a_running_and_an_applied_termination_notice(demo):
    notices = set(TerminationNotice.objects.values_list("affiliate__user__email", "state"))
    assert notices == {("bram@demo.example", "running"), ("gus@demo.example", "carried_out")}
    assert affiliate("aoife").state == State.LEAVING
    assert affiliate("ruben").state == State.TERMINATED


def test_demo_ends_with_an_open_program_and_all_mail_sent(demo):
    assert Program.current().opened_at == NOW
    assert AgreementVersion.objects.published().filter(effective_at__lte=NOW).count() == 2
    assert not Message.objects.exclude(state=Message.State.SENT).exists()
    assert not Message.objects.filter(subject="").exists()


def test_every_printed_login_works(demo, capsys):
    call_command("demo", "--logins")
    printed = capsys.readouterr()
    assert printed.err == ""
    for login in logins.ALL_LOGINS:
        assert f"{login.email} " in printed.out
        client = Client()
        assert client.login(email=login.email, password=logins.PASSWORD)
        page = reverse("portal:home") if login in logins.AFFILIATES else reverse("admin:index")
        assert client.get(page).status_code == 200


def test_demo_has_an_affiliate_who_must_accept_a_version(demo):
    assert acceptance_requests.list_requested_versions(affiliate("clara"), at=NOW) == [
        AgreementVersion.objects.get_in_force(NOW)
    ]


def test_emails_have_the_values_of_their_examples_in_the_gallery(demo):
    assert find_unlike_examples(Message.objects.all()) == {}


def test_demo_is_not_created_twice(demo):
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


MAX_QUERIES = 30


@pytest.fixture
def admin_client(demo) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=logins.OWNER.email))
    return client


def list_queries(client: Client, address: str) -> list[str]:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, follow=True).status_code == 200
    return [query["sql"][:200] for query in captured.captured_queries]


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_admin_list_needs_the_same_number_of_queries_for_more_rows(admin_client, model, monkeypatch):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    queries = {}
    for rows in (3, 30):
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", rows)
        queries[rows] = list_queries(admin_client, address)
    assert len(queries[30]) <= len(queries[3]) <= MAX_QUERIES, "\n".join(queries[30])


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_admin_page_needs_few_queries(admin_client, model):
    rows = model._default_manager.order_by("pk")
    for row in {rows.first(), rows.last()} - {None}:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        queries = list_queries(admin_client, address)
        assert len(queries) <= MAX_QUERIES, "\n".join(queries)
