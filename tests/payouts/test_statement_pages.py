"""Statements as page, CSV, PDF and e-mail."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pypdf
import pytest
from django.urls import reverse

from affiliates import status_history
from affiliates.models import Affiliate, State
from mail.attachments import make
from mail.models import Message
from mail.rendering import render
from payouts.closing import statement_pdf, statements
from payouts.closing.carry_over import LABELS, RULES, STAFF_LABELS, CarryOverReason
from payouts.closing.close import close_month
from payouts.commissions import forfeiture
from payouts.disbursement import payout_transitions
from payouts.models import Commission, Payout, Statement
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY, MARCH, build_snapshot, read_text

pytestmark = pytest.mark.django_db
APRIL = datetime(2026, 4, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_page_csv_and_pdf_have_the_same_figures(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    statement = Statement.objects.get(affiliate=affiliate)
    assert (statement.lines, statement.settled, statement.adjustments, statement.payout, statement.closing) == (
        3, Decimal("14.90"), Decimal("10.00"), Decimal("24.90"), Decimal("0.00"),
    )  # fmt: skip
    client = sign_in(affiliate)
    page = read_text(client.get(reverse("payouts:statement", args=[statement.pk])))
    for figure in ("14.90", "10.00", "24.90", "0.80", "5.10", "9.00", "60.00", "8.50 %"):
        assert figure in page, figure
    # The currency is named once, above the amounts.
    assert page.count("USD") == page.count("Amounts in USD.") == 1
    for expected in ("Agreed by telephone.", "not a tax invoice", "clause 5.9", "clause 4.7", "February 2026", "no. 1"):
        assert expected in page, expected

    response = client.get(reverse("payouts:statement_csv", args=[statement.pk]))
    file = b"".join(response.streaming_content).decode()
    assert file.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file[1:])))
    assert [row["amount"] for row in rows] == ["0.00", "0.80", "5.10", "9.00", "10.00", "-24.90", "0.00"]
    assert sum(Decimal(row["amount"]) for row in rows[:-1]) == Decimal(rows[-1]["amount"])
    assert [row["base"] for row in rows[1:4]] == ["16.00", "60.00", "300.00"]
    assert [row["rate"] for row in rows[1:4]] == ["5.00", "8.50", "3.00"]
    assert {row["clause"] for row in rows[1:4]} == {"4.1 of version 1"}

    pdf = client.get(reverse("payouts:statement_pdf", args=[statement.pk]))
    assert pdf.content.startswith(b"%PDF-")
    data = statement_pdf._build_data(statement)
    assert [amount for _label, amount in data["sums"]] == [
        "0.00 USD", "14.90 USD", "10.00 USD", "0.00 USD", "\u221224.90 USD",
    ]  # fmt: skip
    assert [line[-1] for line in data["lines"]] == ["0.80 USD", "5.10 USD", "9.00 USD"]
    assert make("statement_pdf", str(statement.pk)).content == pdf.content


def test_pdf_names_program_order_dates_and_payment(make_settled_affiliate, settings):
    settings.CONTACT_EMAIL, settings.IMPRINT_URL = "partners@shop.example", "https://shop.example/imprint"
    statement = Statement.objects.get(affiliate=make_settled_affiliate())
    payout = Payout.objects.get(statement=statement)
    Payout.objects.filter(pk=payout.pk).update(state="paid", paid_at=MARCH)
    text = " ".join(
        pypdf.PdfReader(io.BytesIO(statement_pdf.render_statement(statement))).pages[0].extract_text().split()
    )
    for part in (
        "partners@shop.example",
        "https://shop.example/imprint",
        "2 Jan 2026",
        "Total",
        f"{payout.reference}, paid on 3 Mar 2026.",
    ):
        assert part in text, text


def test_pdf_shows_the_name_in_its_script_and_says_that_it_is_no_tax_invoice(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    Affiliate.objects.filter(pk=affiliate.pk).update(name="김유나")
    pdf = statement_pdf.render_statement(Statement.objects.get(affiliate=affiliate))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "김유나" in text
    assert "Amounts are before any tax that you owe. This is not a tax invoice." in " ".join(text.split())


def test_carry_over_reasons_cite_their_clauses(make_payable_affiliate, grant, sign_in):
    affiliate = make_payable_affiliate()
    grant(affiliate, "15.99")
    affiliate.payout_details.all().delete()
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    statement = Statement.objects.get(affiliate=affiliate)
    assert statement.reasons == ["below_minimum", "no_payout_details"]
    page = read_text(sign_in(affiliate).get(reverse("payouts:statement", args=[statement.pk])))
    assert "The balance is below the payout threshold." in page
    assert "There were no confirmed payout details" in page
    assert "clause 5.4" in page
    assert "clause 5.6" in page
    mail = render(kind="month_closed", context=Message.objects.get(kind="month_closed").context)
    assert mail.subject == "Your statement for January 2026: 15.99 USD carried over"
    assert "- The balance is below the payout threshold (clause 5.4 of version 1)." in mail.text
    assert f"/statements/{statement.pk}/" in mail.text


def test_email_says_what_will_be_paid(make_settled_affiliate):
    make_settled_affiliate()
    mail = render(kind="month_closed", context=Message.objects.get(kind="month_closed").context)
    assert mail.subject == "Your statement for February 2026: 24.90 USD will be paid"
    assert "Adjustments: 10.00 USD" in mail.text
    assert "Your whole balance is paid out (clause 5.4 of version 1)." in mail.text
    assert "Returned payouts" not in mail.text


@pytest.mark.parametrize("name", ["statement", "statement_pdf", "statement_csv"])
def test_statement_of_another_affiliate_is_not_found(name, make_settled_affiliate, sign_in):
    statement = Statement.objects.get(affiliate=make_settled_affiliate())
    client = sign_in(make_affiliate(at=BEGIN))
    for pk in (statement.pk, uuid4()):
        assert client.get(reverse(f"payouts:{name}", args=[pk])).status_code == 404


def test_visitors_are_asked_to_sign_in(make_settled_affiliate, client):
    statement = Statement.objects.get(affiliate=make_settled_affiliate())
    for name in ("statement", "statement_pdf", "statement_csv"):
        response = client.get(reverse(f"payouts:{name}", args=[statement.pk]))
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_login"))


def test_user_input_is_no_markup_in_the_pdf(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    affiliate.name = '#panic("owned") $x$ *b* `c` <label> @ref = h \\ // c'
    affiliate.save()
    statement = Statement.objects.select_related("affiliate", "close", "agreement").get(affiliate=affiliate)
    assert statement_pdf.render_statement(statement).startswith(b"%PDF-")


def test_pdf_of_a_long_statement_shows_subtotals(make_settled_affiliate, monkeypatch):
    statement = Statement.objects.get(affiliate=make_settled_affiliate())
    monkeypatch.setattr(statement_pdf, "MAX_LINES", 2)
    data = statement_pdf._build_data(statement)
    assert data["lines"] == []
    assert data["categories"] == [
        ["No such category", "1", "9.00 USD"],
        ["Jewelry & accessories", "1", "5.10 USD"],
        ["Home decor", "1", "0.80 USD"],
    ]
    assert data["days"] == [["2 Jan 2026", "3", "14.90 USD"]]
    assert "3 lines" in data["long"]
    assert statement_pdf.render_statement(statement).startswith(b"%PDF-")


def test_forfeited_line_is_marked_with_its_clause(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    commission = Statement.objects.get(affiliate=affiliate).statement_lines.get(amount="0.80").commission
    forfeiture.forfeit(commissions=[commission], reason="Clause 6.1.", now=MARCH, by=None)
    close_month(month=date(2026, 3, 1), now=MARCH.replace(month=4), by=None)
    statement = Statement.objects.get(affiliate=affiliate, close__period="2026-03-01")
    data = statement_pdf._build_data(statement)
    assert data["sums"][1] == ["Commissions settled (1 line)", "\u22120.80 USD"]
    assert [(line[3], line[-1]) for line in data["lines"]] == [("Home decor (forfeited)", "\u22120.80 USD")]
    assert statement_pdf.render_statement(statement).startswith(b"%PDF-")
    assert [row[-1] for row in statements.iter_csv_rows(statement) if row[0] == "commission"] == [
        "forfeited, clause 8.8 of version 1"
    ]
    page = sign_in(affiliate).get(reverse("payouts:statement", args=[statement.pk])).content.decode()
    assert "#clause-8.8" in page.split("forfeited</span>")[1].split("</td>")[0]


def test_list_shows_months_with_a_statement(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    close_month(month=date(2026, 3, 1), now=MARCH.replace(month=4), by=None)
    page = read_text(sign_in(affiliate).get(reverse("payouts:statements")))
    assert "February 2026" in page
    assert "Amounts in USD" in page
    assert ">24.90<" in page
    # March has no opening balance and no line, so no statement.
    assert "March 2026" not in page[page.index("<tbody") : page.index("</table>")]


def test_every_carry_over_reason_has_a_label_and_a_rule():
    assert set(LABELS) == set(RULES) == set(STAFF_LABELS) == set(CarryOverReason)


def test_unknown_carry_over_reason_is_rejected(agreement):
    with pytest.raises(ValueError, match="because"):
        statements.explain_reason("because", agreement.pk)


def test_file_of_a_quarter_adds_up_to_its_statements(make_settled_affiliate, grant, sign_in):
    """The statement of February settles 14.90 and an adjustment of 10.00; that of March has a bonus of 20.00."""
    affiliate = make_settled_affiliate()
    grant(affiliate, "20.00", MARCH)
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    client = sign_in(affiliate)
    response = client.get(reverse("payouts:statements_period"), {"period": "2026-Q1"})
    assert f"statements-{affiliate.code}-2026-Q1.csv" in response.headers["Content-Disposition"]
    file = response.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    found = Statement.objects.filter(affiliate=affiliate)
    assert [(row["statement"], row["entry"], row["earned"], row["paid_out"]) for row in rows] == [
        ("1", "commission", "0.80", ""),
        ("1", "commission", "5.10", ""),
        ("1", "commission", "9.00", ""),
        ("1", "correction", "10.00", ""),
        ("1", "payout", "", "24.90"),
        ("2", "correction", "20.00", ""),
        ("2", "payout", "", "20.00"),
    ]
    assert sum(Decimal(row["earned"] or 0) for row in rows) == sum(one.settled + one.adjustments for one in found)
    assert sum(Decimal(row["paid_out"] or 0) for row in rows) == sum(one.payout for one in found)
    assert {row["currency"] for row in rows} == {"USD"}
    assert {row["statement_month"] for row in rows} == {"2026-02", "2026-03"}
    assert "January 2026 to March 2026" in read_text(client.get(reverse("payouts:statements")))


@pytest.mark.parametrize("period", ["", "2025-Q1", "2026-Q9", "2026-q1", "9" * 400])
def test_file_of_a_period_without_statements_is_refused(period, make_settled_affiliate, sign_in):
    page = sign_in(make_settled_affiliate()).get(reverse("payouts:statements_period"), {"period": period}, follow=True)
    assert "Choose a period in which you have statements." in read_text(page)


def test_statement_tells_the_whole_way_of_a_payout_that_came_back(make_sent_batch, preparer, sign_in):
    payout = make_sent_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()
    payout_transitions.pay(payout=payout, now=FEBRUARY, by=preparer)
    client, url = sign_in(payout.affiliate), reverse("payouts:statement", args=[payout.statement_id])
    page = read_text(client.get(url))
    assert "paid on 3 Feb 2026" in page
    assert "What became of this payout" not in page
    payout_transitions.fail(payout=payout, reason="Account closed.", now=FEBRUARY + DAY, by=preparer)
    page = read_text(client.get(url))
    assert "came back on 4 Feb 2026: Account closed. The amount is in your balance again." in page
    new = payout_transitions.reissue(payout=payout, reason="Confirmed.", now=FEBRUARY + 2 * DAY, by=preparer)
    page = read_text(client.get(url))
    assert f"It is paid again by PayPal to {new.details.masked}, reference {new.reference}: being prepared." in page
    way = page[page.index("What became of this payout") :]
    steps = ["Prepared<", "Sent<", "Paid<", "Returned<", "Prepared again<"]
    assert [way.index(step) for step in steps] == sorted(way.index(step) for step in steps)
    data = statement_pdf._build_data(Statement.objects.get(pk=payout.statement_id))
    assert new.reference in data["payout"]
    # The list names the statement of the second payout, and why there are two.
    page = read_text(client.get(reverse("payouts:payouts")))
    assert page.count(f'href="{url}">1</a>') == 2
    assert "It pays again what came back on 4 Feb 2026. It goes to the same account." in page


def test_returned_column_is_shown_only_if_something_was_returned(make_sent_batch, preparer, sign_in):
    payout = make_sent_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()
    client, url = sign_in(payout.affiliate), reverse("payouts:statements")
    assert ">Returned<" not in read_text(client.get(url))
    payout_transitions.fail(payout=payout, reason="Account closed.", now=FEBRUARY + DAY, by=preparer)
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    page = read_text(client.get(url))
    assert "Returned" in page[page.index("<thead") :]
    statement = reverse("payouts:statement", args=[payout.statement_id])
    assert "The amount is on statement no. 2, and paid with its balance." in read_text(client.get(statement))


def test_pdf_is_a_download(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    statement = Statement.objects.get(affiliate=affiliate)
    response = sign_in(affiliate).get(reverse("payouts:statement_pdf", args=[statement.pk]))
    assert response.headers["Content-Disposition"].startswith("attachment; ")


def test_negative_line_says_why(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    order = Commission.objects.filter(affiliate=affiliate).latest("order__order_id").order
    refund = build_snapshot(order.order_id, order.coupon_code, ("no-such-category", "300.00", "300.00"))
    ingest_orders(snapshots=[refund | {"updated_at": "2026-03-10T00:00:00Z"}], source="test", now=APRIL)
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    statement = Statement.objects.get(affiliate=affiliate, number=2)
    page = read_text(sign_in(affiliate).get(reverse("payouts:statement", args=[statement.pk])))
    assert "cancelled or refunded since an earlier statement" in page


def test_list_of_staff_names_reasons_in_the_words_of_staff(make_payable_affiliate, grant, sign_in_staff, preparer):
    affiliate = make_payable_affiliate()
    grant(affiliate, "20.00")
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=JANUARY, by=None, reason="a test")
    close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    client = sign_in_staff(preparer)
    for address in (
        reverse("admin:payouts_statement_changelist"),
        reverse("admin:payouts_statement_change", args=[Statement.objects.get().pk]),
    ):
        page = read_text(client.get(address))
        assert str(STAFF_LABELS[CarryOverReason.SUSPENDED]) in page
        assert "You were" not in page


def test_statement_lines_of_staff_have_no_heading_that_repeats_the_amount(make_settled_affiliate, preparer, client):
    statement = Statement.objects.get(affiliate=make_settled_affiliate())
    client.force_login(preparer)
    page = read_text(client.get(reverse("admin:payouts_statement_change", args=[statement.pk])))
    assert page.count("5.10") == 1
