"""CSV reports by API key and on the page of staff: rows, sums, bad requests, permissions, audit (docs/reports.md)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse

from accounts.models import Scope
from audit.models import AuditRecord
from payouts.closing import verification
from payouts.ledger import booking
from payouts.models import Account, LedgerEntry
from portal.csv_reports import download
from portal.csv_reports.catalog import REPORTS
from tests.factories import make_staff
from tests.portal.report_program import NOW, ReportReader, add_up, build_report_program, parse_csv, select
from tests.scenarios import build_order, check_constraints, roll_back, send_orders
from tests.sessions import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built_program(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), roll_back():
        program = build_report_program(tmp_path_factory.mktemp("reports"))
        check_constraints()
        yield program


@pytest.fixture
def program(built_program):
    with roll_back(), time_machine.travel(NOW, tick=False):
        yield built_program


@pytest.fixture(autouse=True)
def _fresh_places(monkeypatch):
    """Forget downloads that another test has begun and not read."""
    monkeypatch.setattr(download, "_places", download._Places())


@pytest.fixture
def reader(program) -> ReportReader:
    return ReportReader()


# --- Rows and sums ---------------------------------------------------------------------------------------------------


def test_commissions_of_january_are_those_computed_by_hand(reader):
    rows = reader.read("commissions", **{"from": "2026-01-01", "to": "2026-01-31", "affiliate": "ANN"})
    assert [(row["order_id"], row["status"], row["base"], row["rate"], row["amount"], row["settled"]) for row in rows] == [
        ("ANN-1", "validated", "400.00", "5.00", "20.00", "20.00"),
        ("ANN-2", "validated", "60.00", "5.50", "3.30", "3.30"),
        ("ANN-3", "void", "0.00", "7.00", "0.00", "0.00"),
    ]  # fmt: skip
    assert [row["placed_at"] for row in rows] == [f"2026-01-{day}T12:00:00+00:00" for day in ("10", "20", "31")]
    assert (add_up(rows, "amount"), add_up(rows, "settled")) == (Decimal("23.30"), Decimal("23.30"))


def test_commissions_reconcile_with_statements_and_ledger_to_the_cent(reader, program):
    commissions, lines, statements, ledger = (
        reader.read(name) for name in ("commissions", "statement_lines", "statements", "ledger")
    )
    # By hand: 25.50 in February; 8.50 less 2.20 in March.
    ann = [(row["month"], row["settled"], row["payout"], row["closing"]) for row in select(statements, affiliate="ANN")]
    assert ann == [("2026-02-01", "25.50", "25.50", "0.00"), ("2026-03-01", "6.30", "0.00", "6.30")]
    assert [(row["order_id"], row["amount"]) for row in select(lines, affiliate="ANN")] == [
        ("ANN-1", "20.00"), ("ANN-2", "5.50"), ("ANN-2", "-2.20"), ("ANN-4", "8.50"),
    ]  # fmt: skip
    for code, total in (("ANN", "31.80"), ("BEN", "30.00")):
        expense = select(ledger, affiliate=code, account="commission_expense")
        sums = [add_up(select(rows, affiliate=code), name) for rows, name in (
            (commissions, "amount"), (commissions, "settled"), (lines, "amount"), (statements, "settled"),
        )]  # fmt: skip
        assert [*sums, add_up(expense, "amount")] == [Decimal(total)] * 5, code
    assert add_up(ledger, "amount") == 0
    assert len(ledger) == LedgerEntry.objects.count()
    assert not any(finding.violations for finding in verification.check_invariants())
    balances = {row["affiliate"]: Decimal(row["balance"]) for row in reader.read("affiliates")}
    assert balances == {code: booking.get_balance(affiliate) for code, affiliate in program.items()}
    assert -add_up(select(ledger, account=Account.AFFILIATE_PAYABLE), "amount") == sum(balances.values())


def test_orders_have_attribution_and_sums(reader):
    rows = {row["order_id"]: row for row in reader.read("orders", **{"from": "2026-01-15", "to": "2026-01-31"})}
    assert list(rows) == ["BEN-1", "NONE-1", "ANN-2", "ANN-3"]
    columns = ("affiliate", "reason", "coupon", "amount", "refunded", "commission")
    assert [rows["ANN-2"][name] for name in columns] == ["ANN", "coupon", "ANN", "100.00", "40.00", "3.30"]
    assert [rows["NONE-1"][name] for name in columns] == ["", "no_claim", "", "50.00", "0.00", "0.00"]
    assert [row["order_id"] for row in reader.read("orders", status="cancelled")] == ["ANN-3"]


def test_clicks_are_listed_one_by_one_and_by_day(reader):
    assert [row["clicked_at"] for row in reader.read("clicks", to="2026-01-31")] == [
        "2026-01-09T12:00:00+00:00", "2026-01-09T13:00:00+00:00",
    ]  # fmt: skip
    assert [(row["day"], row["link"], row["clicks"]) for row in reader.read("clicks_by_day")] == [
        ("2026-01-09", "ANN-Spri", "2"), ("2026-02-01", "ANN-Spri", "1"),
    ]  # fmt: skip


def test_days_are_those_of_the_programs_time_zone(reader, monkeypatch):
    # 00:30 UTC of 1 February is still January in New York.
    monkeypatch.setattr(download, "get_program_time_zone", lambda: ZoneInfo("America/New_York"))
    assert len(reader.read("clicks", to="2026-01-31")) == 3
    assert reader.read("clicks", **{"from": "2026-02-01"}) == []


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_its_columns_and_a_full_range(reader, name):
    response = reader.request(name, **{"from": "0001-01-01", "to": "9999-12-31"})
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    assert text.split("\r\n")[0] == "\ufeff" + ",".join(REPORTS[name].header)
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
    assert response["Content-Disposition"] == f'attachment; filename="{name}-0001-01-01-9999-12-31.csv"'


def test_formulas_are_defused_and_amounts_stay_numbers(reader):
    order = build_order("F-1", ("home-decor", "10.00"), at="2026-04-10T10:00:00Z", placed="2026-04-10T10:00:00Z")
    order["lines"][0]["title"] = '=HYPERLINK("https://evil.example")'
    send_orders(order)
    [row] = reader.read("order_lines", **{"from": "2026-04-01"})
    assert row["title"] == '\'=HYPERLINK("https://evil.example")'
    assert "-2.20" in {row["amount"] for row in reader.read("statement_lines")}


# --- Requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "field", "message"),
    [
        ("orders", {"from": "01/02/2026"}, "from", "2026-01-31"),
        ("orders", {"to": "2026-02-30"}, "to", "2026-01-31"),
        ("orders", {"from": "2026-02-01", "to": "2026-01-01"}, "to", "before"),
        ("orders", {"from": ""}, "from", "empty"),
        ("orders", {"from": ["2026-01-01", "2026-02-01"]}, "from", "more than once"),
        ("orders", {"form": "2026-01-01"}, "form", "There are: from, to, affiliate, status"),
        ("orders", {"affiliate": "CAROL"}, "affiliate", "No affiliate"),
        ("orders", {"status": "void"}, "status", "paid, completed, cancelled"),
        ("clicks", {"status": "paid"}, "status", "no status"),
        ("audit", {"affiliate": "ANN"}, "affiliate", "no affiliate"),
        ("orders", {"affiliate": "A" * 33}, "affiliate", "32"),
    ],
)
def test_bad_parameter_is_named_with_its_cause(reader, name, parameters, field, message):
    response = reader.request(name, **parameters)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (422, "invalid_parameter", field)
    assert message in error["message"]
    assert not AuditRecord.objects.filter(action="report downloaded").exists()


def test_unknown_report_names_the_known_ones(reader):
    response = reader.request("payout_details")
    assert (response.status_code, response.json()["error"]["field"]) == (404, "name")
    assert "statement_lines" in response.json()["error"]["message"]


def test_key_needs_the_scope_for_reports(program):
    assert (
        ReportReader(Scope.ORDERS_READ, Scope.ORDERS_WRITE).request("orders").json()["error"]["code"] == "scope_missing"
    )
    assert Client().get("/api/v1/reports/orders.csv").status_code == 401
    assert ReportReader().request("orders", "POST").status_code == 405


def test_requests_count_towards_the_rate_limit(reader, settings):
    settings.API_REQUESTS_PER_MINUTE = 1
    statuses = [reader.request("orders").status_code for _ in range(2)]
    assert statuses == [200, 429]


def close(response: Any) -> None:
    """Close a response as the server does, but keep the connection, whose transaction has the program."""
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)


def test_only_some_downloads_run_at_a_time(reader, settings):
    settings.WEB_THREADS = 8
    first, second, third = (reader.request("orders") for _ in range(3))
    assert (third.status_code, third.json()["error"]["code"], third["Retry-After"]) == (429, "too_many_requests", "10")
    # Closed before a row was read, and closed twice.
    for response in (first, first, second):
        close(response)
    again = [reader.request("orders") for _ in range(3)]
    assert [response.status_code for response in again] == [200, 200, 429]


# --- Staff -----------------------------------------------------------------------------------------------------------


def list_offered(client: Client) -> set[str]:
    response = client.get(reverse("portal:csv_reports"))
    return {name for name, _label in response.context["form"].fields["report"].choices}


@pytest.mark.parametrize(
    ("group", "offered"),
    [
        ("affiliate managers", {"orders", "order_lines", "affiliates", "clicks", "clicks_by_day"}),
        ("compliance reviewers", {"orders", "order_lines", "commissions", "affiliates", "clicks", "clicks_by_day"}),
        ("payout preparers", set(REPORTS) - {"clicks", "audit"}),
        ("payout approvers", set(REPORTS) - {"clicks", "audit", "orders", "order_lines"}),
    ],
)
def test_staff_download_what_their_group_may_see(program, client, group, offered):
    sign_in(client, make_staff(group))
    assert list_offered(client) == offered
    for name in REPORTS:
        response = client.post(reverse("portal:csv_reports"), {"report": name})
        assert response.status_code == (200 if name in offered else 400), name


def test_superuser_downloads_every_report(program, client):
    sign_in(client, make_staff(superuser=True))
    assert list_offered(client) == set(REPORTS)


def test_staff_download_is_the_file_of_the_api_and_audited(reader, program, client):
    preparer = make_staff("payout preparers")
    sign_in(client, preparer)
    form = {"report": "commissions", "from": "2026-01-01", "to": "2026-01-31", "affiliate": "ann", "status": "void"}
    response = client.post(reverse("portal:csv_reports"), form)
    assert [row["order_id"] for row in parse_csv(response.streaming_content)] == ["ANN-3"]
    record = AuditRecord.objects.get(action="report downloaded")
    assert (record.by, record.subject_id, record.reason) == (preparer, str(preparer.pk), "Downloaded as CSV.")
    # By id, because an erased affiliate may lose the code.
    assert record.after == form | {"affiliate": str(program["ANN"].pk)}


def test_download_by_key_is_audited(reader):
    reader.read("affiliates", **{"from": "2026-01-01"})
    record = AuditRecord.objects.get(action="report downloaded")
    assert (record.by, record.subject_type, record.subject_id) == (None, "accounts.apikey", str(reader.key.pk))
    assert record.reason == "Downloaded as CSV with the API key warehouse."
    assert (record.after["report"], record.after["from"], record.after["to"]) == ("affiliates", "2026-01-01", "")


def test_affiliates_and_audit_name_people(reader):
    assert [(row["affiliate"], row["name"], row["email"]) for row in reader.read("affiliates")] == [
        ("ANN", "Affiliate ANN", "ann@example.com"), ("BEN", "Affiliate BEN", "ben@example.com"),
    ]  # fmt: skip
    preparer = make_staff("payout preparers")
    for second, subject in enumerate(("payouts.payoutbatch", "payouts.payout")):
        AuditRecord.objects.create(
            at=NOW + timedelta(seconds=second), by=preparer, action="a test", subject_type=subject, subject_id="1",
            reason="=1+1", before={"state": "draft", "digest": "f" * 64}, after={"state": "submitted"},
        )  # fmt: skip
    row, of_payout = select(reader.read("audit"), action="a test")
    assert (row["by"], row["reason"], row["before_state"], row["after_state"], row["is_automatic"]) == (
        preparer.email, "'=1+1", "draft", "submitted", "false",
    )  # fmt: skip
    assert of_payout["reason"] == ""
    assert "f" * 64 not in "".join(row.values())


def test_page_explains_bad_input_and_keeps_it(program, client):
    sign_in(client, make_staff("payout preparers"))
    response = client.post(
        reverse("portal:csv_reports"), {"report": "orders", "from": "2026-02-01", "to": "2026-01-01"}
    )
    assert response.status_code == 400
    assert "The last day is before the first one." in response.content.decode()
    assert 'value="2026-02-01"' in response.content.decode()


def test_page_suggests_the_month_before_and_is_in_the_menu(program, client):
    sign_in(client, make_staff("payout approvers"))
    content = client.get(reverse("portal:csv_reports")).content.decode()
    assert 'value="2026-03-01"' in content
    assert 'value="2026-03-31"' in content
    assert reverse("portal:csv_reports") in client.get(reverse("admin:index")).content.decode()
