"""Pages of commissions and orders."""

import csv
import re
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from affiliates.models import Affiliate
from payouts.closing import statement_pdf
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.models import Commission, Payout
from payouts.reporting import order_groups
from payouts.reporting.commission_list import STATE_LABELS, annotate_state, filter_state, list_commissions
from payouts.reporting.order_groups import Sort, get_page
from shops.intake import ingest_orders
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, JANUARY, MARCH, build_snapshot, read_text
from tracking.links.coupons import assign_coupon

pytestmark = pytest.mark.django_db
APRIL = MARCH.replace(month=4)


@pytest.fixture
def affiliate(make_payable_affiliate):
    """Create an affiliate with orders that are done, open and held."""
    affiliate = make_payable_affiliate()
    assign_coupon(affiliate=affiliate, code="MINE", assigned_from=BEGIN, now=BEGIN, by=None)
    ingest_orders(
        snapshots=[
            build_snapshot("done", "MINE", ("home-decor", "16.00", "0.00"), ("home-decor", "16.00", "16.00")),
            build_snapshot("open", "MINE", ("home-decor", "20.00", "0.00"), status="paid"),
            build_snapshot("held", "MINE", ("home-decor", "40.00", "0.00")),
        ],
        source="test",
        now=JANUARY,
    )
    held = Commission.objects.filter(order__order_id="held")
    holds.hold_commissions(commissions=held, source="review:1", reason="Review 1", now=JANUARY, by=None)
    return affiliate


def list_states(affiliate, now):
    return {
        f"{row.order}/{row.line.line_id}": getattr(row, "state", None)
        for row in annotate_state(list_commissions(affiliate), now).select_related("order", "line")
    }


def test_states_of_commissions(affiliate):
    validated_at = JANUARY.replace(month=2, day=1, hour=12)
    assert list_states(affiliate, JANUARY) == {
        "done/1": "pending",
        "done/2": "void",
        "open/1": "pending",
        "held/1": "held",
    }
    assert list_states(affiliate, validated_at)["done/1"] == "validated"
    assert list_states(affiliate, validated_at.replace(hour=11, minute=59))["done/1"] == "pending"


def test_commission_of_unattributed_order_is_not_listed(affiliate):
    later = build_snapshot("open", "", ("home-decor", "20.00", "0.00"), status="paid") | {
        "updated_at": "2026-01-20T00:00:00Z"
    }
    ingest_orders(snapshots=[later], source="test", now=JANUARY)
    assert Commission.objects.filter(affiliate=affiliate, order__order_id="open").exists()
    assert list_states(affiliate, JANUARY).keys() == {"done/1", "done/2", "held/1"}
    # The same for orders by amount and sums, which look the orders up differently.
    assert set(list_commissions(affiliate, reads_all=True)) == set(list_commissions(affiliate))


@pytest.mark.parametrize("state", STATE_LABELS)
@pytest.mark.parametrize("now", [JANUARY, MARCH])
def test_filter_by_state_finds_the_commissions_in_that_state(state, now, affiliate):
    forfeited = Commission.objects.filter(order__order_id="held")
    forfeited.update(forfeited_at=JANUARY, amount=0)
    rows = list_commissions(affiliate)
    in_state = set(filter_state(rows, state, now).values_list("pk", flat=True))
    assert in_state == {row.pk for row in annotate_state(rows, now) if getattr(row, "state", "") == state}


def test_commissions_are_grouped_by_order(affiliate, sign_in):
    client, url = sign_in(affiliate), reverse("payouts:commissions")
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(url))
    assert page.count(">done</a>") == 1
    assert "2 lines" in page
    for state in ("1 validated", "1 reversed", ">pending<", ">held<"):
        assert state in page, state
    assert "16.00 × " in page
    assert "Amounts in USD" in page
    # 0.80 + 1.00 + 2.00 of 16.00 + 20.00 + 40.00.
    assert read_totals(page) == ["76.00 USD", "3.80 USD"]


def read_totals(page):
    return re.findall(r"[0-9.,]+ USD", page[page.index("<tfoot") : page.index("</tfoot")])


@pytest.mark.parametrize(
    ("query", "orders", "totals"),
    [
        ({"state": "held"}, ["held"], ["40.00 USD", "2.00 USD"]),
        ({"state": "validated"}, ["done"], ["16.00 USD", "0.80 USD"]),
        ({"order": "#do"}, ["done"], ["16.00 USD", "0.80 USD"]),
        ({"since": "2026-01-02"}, ["done", "held", "open"], ["76.00 USD", "3.80 USD"]),
        ({"category": "home-decor", "until": "2026-01-02"}, ["done", "held", "open"], ["76.00 USD", "3.80 USD"]),
        ({"sort": "-amount"}, ["held", "open", "done"], ["76.00 USD", "3.80 USD"]),
        ({"sort": "amount"}, ["done", "open", "held"], ["76.00 USD", "3.80 USD"]),
    ],
)
def test_list_and_csv_have_what_the_filters_match(query, orders, totals, affiliate, sign_in):
    client = sign_in(affiliate)
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(reverse("payouts:commissions"), query))
        file = client.get(reverse("payouts:commissions_csv"), query).getvalue().decode("utf-8-sig")
    listed = re.findall(r">(done|open|held)</a>", page)
    assert (listed if "sort" in query else sorted(listed)) == orders
    assert read_totals(page) == totals
    rows = list(csv.DictReader(file.splitlines()))
    assert {row["order_id"] for row in rows} == set(orders)
    assert f"{sum(Decimal(row['amount']) for row in rows)} USD" == totals[1]


def test_csv_has_the_columns_of_the_report_of_the_program(affiliate, sign_in):
    with time_machine.travel(MARCH, tick=False):
        response = sign_in(affiliate).get(reverse("payouts:commissions_csv"), {"state": "void"})
    lines = response.getvalue().decode("utf-8-sig").splitlines()
    assert lines == [
        (
            "order_id,line_id,placed_at,status,category,base,rate,amount,settled,validates_at,forfeited_at,agreement,clause,"
            "currency,placed_day,statements,paid_at,status_name,category_name"
        ),
        (
            "done,2,2026-01-02T08:00:00+00:00,void,home-decor,0.00,5.00,0.00,0.00,2026-02-01T12:00:00+00:00,,1,4.1,"
            "USD,2026-01-02,,,reversed,Home decor"
        ),
    ]


def test_csv_names_statement_and_payment(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    payout = Payout.objects.get(affiliate=affiliate)
    Payout.objects.filter(pk=payout.pk).update(state="paid", paid_at=MARCH)
    file = sign_in(affiliate).get(reverse("payouts:commissions_csv")).getvalue().decode("utf-8-sig")
    rows = [row for row in csv.DictReader(file.splitlines()) if row["settled"] != "0.00"]
    assert {(row["statements"], row["paid_at"]) for row in rows} == {("1", MARCH.isoformat())}


def test_csv_names_every_statement_of_a_commission(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    order = Commission.objects.filter(affiliate=affiliate).latest("order__order_id").order
    refund = build_snapshot(order.order_id, order.coupon_code, ("no-such-category", "300.00", "100.00"))
    [result] = ingest_orders(snapshots=[refund | {"updated_at": "2026-03-10T00:00:00Z"}], source="test", now=APRIL)
    assert result.outcome == "updated", result
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    file = sign_in(affiliate).get(reverse("payouts:commissions_csv")).getvalue().decode("utf-8-sig")
    rows = {row["order_id"]: row["statements"] for row in csv.DictReader(file.splitlines())}
    assert rows[order.order_id] == "1; 2"


@pytest.mark.parametrize("program_terms", [{"time_zone": "Asia/Tokyo"}])
def test_days_of_list_and_csv_are_those_of_the_filter(affiliate, sign_in):
    """An order at 08:00 UTC is placed at 17:00 in Tokyo; one at 16:00 UTC is placed on the next day there."""
    Affiliate.objects.update(time_zone="America/Los_Angeles")
    row = build_snapshot("late", "MINE", ("home-decor", "20.00", "0.00"), status="paid")
    late = {"placed_at": "2026-01-02T16:00:00Z", "updated_at": "2026-01-02T17:00:00Z"}
    [result] = ingest_orders(snapshots=[row | late], source="test", now=JANUARY)
    assert result.outcome == "created", result
    client, query = sign_in(affiliate), {"since": "2026-01-03", "until": "2026-01-03"}
    page = read_text(client.get(reverse("payouts:commissions"), query))
    assert re.findall(r">(done|open|held|late)</a>", page) == ["late"]
    assert "3 Jan 2026" in page[page.index("<tbody") :]
    assert page.count("Asia/Tokyo") == 1
    file = client.get(reverse("payouts:commissions_csv"), query).getvalue().decode("utf-8-sig")
    assert [row["placed_day"] for row in csv.DictReader(file.splitlines())] == ["2026-01-03"]


def test_list_offers_quarters_and_years(affiliate, sign_in):
    client, url = sign_in(affiliate), reverse("payouts:commissions")
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(url))
    for query, label in (
        ("since=2026-01-01&amp;until=2026-03-03", "This quarter"),
        ("since=2025-10-01&amp;until=2025-12-31", "Last quarter"),
        ("since=2026-01-01&amp;until=2026-03-03", "This year"),
        ("since=2025-01-01&amp;until=2025-12-31", "Last year"),
    ):
        assert f'href="{url}?{query}">{label}</a>' in page, label


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"state": "forfeited"}, "State: <strong>forfeited</strong>"),
        ({"since": "2026-02-01", "until": "2026-02-28"}, "Placed: <strong>1 Feb 2026 to 28 Feb 2026</strong>"),
        ({"order": "nothing"}, "with your coupon or a click on your link."),
        (
            {"state": "held", "category": "sports-garden"},
            "Category: <strong>Sports &amp; garden</strong> (finds nothing on its own)",
        ),
        ({"state": "held", "category": "sports-garden"}, 'href="?state=held"'),
    ],
)
def test_empty_list_says_which_filter_finds_nothing(query, text, affiliate, sign_in):
    page = " ".join(read_text(sign_in(affiliate).get(reverse("payouts:commissions"), query)).split())
    assert "No commissions match these filters" in page
    assert text in page
    assert f'href="{reverse("payouts:commissions")}">Clear filters' in page


@pytest.mark.parametrize("after", ["x", "2026-01-01T00:00:00Z~", "~", "00000000-0000-4000-8000-000000000000"])
def test_list_ignores_invalid_cursors(after, affiliate, sign_in):
    assert ">done</a>" in read_text(sign_in(affiliate).get(reverse("payouts:commissions"), {"after": after}))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"state": "x"}, "State: Select a valid choice."),
        ({"sort": "x"}, "Sort: Select a valid choice."),
        ({"since": "yesterday"}, "Placed from: Enter a valid date."),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "Placed to: Enter a last day that is not before the first."),
    ],
)
@pytest.mark.parametrize("name", ["commissions", "commissions_csv"])
def test_invalid_filters_are_rejected_with_field_and_cause(name, query, message, affiliate, sign_in):
    response = sign_in(affiliate).get(reverse(f"payouts:{name}"), query)
    assert response.status_code == 400
    assert message in response.content.decode()


@pytest.mark.parametrize("query", [{"since": "0001-01-01"}, {"until": "9999-12-31"}, {"since": "9999-12-31"}])
def test_filter_takes_every_day_of_the_calendar(query, affiliate, sign_in):
    assert sign_in(affiliate).get(reverse("payouts:commissions"), query).status_code == 200


@pytest.mark.parametrize("sort", Sort)
def test_pages_contain_every_order_once_in_order(sort, affiliate, monkeypatch):
    ingest_orders(
        snapshots=[build_snapshot(f"n{n}", "MINE", ("home-decor", f"{n % 3}0.00", "0.00")) for n in range(5)],
        source="test",
        now=JANUARY,
    )
    whole = [row.order.pk for row in get_page(list_commissions(affiliate), sort, "", MARCH).rows]
    assert len(set(whole)) == len(whole) == 8
    monkeypatch.setattr(order_groups, "PAGE_SIZE", 3)
    seen, after = [], ""
    while True:
        page = get_page(list_commissions(affiliate), sort, after, MARCH)
        seen += [row.order.pk for row in page.rows]
        after = page.next_cursor
        if not after:
            break
    assert seen == whole


@pytest.mark.parametrize("sort", Sort)
def test_order_of_the_list_has_the_sums_of_its_lines(sort, affiliate):
    rows = get_page(list_commissions(affiliate, reads_all=True), sort, "", MARCH).rows
    [done] = [row for row in rows if row.order.order_id == "done"]
    assert (done.base, done.amount, done.settled) == (Decimal("16.00"), Decimal("0.80"), Decimal("0.00"))
    assert (done.line_count, dict(done.states)) == (2, {"validated": 1, "void": 1})


def test_long_order_shows_its_first_lines_and_links_to_the_rest(affiliate, sign_in):
    ingest_orders(
        snapshots=[build_snapshot("many", "MINE", *[("home-decor", "1.00", "0.00")] * 12)], source="test", now=JANUARY
    )
    page = read_text(sign_in(affiliate).get(reverse("payouts:commissions"), {"order": "many"}))
    assert "12 lines" in page
    assert page.count("1.00 × ") == 10
    assert "2 more lines" in page


def test_order_page_explains_commissions(affiliate, sign_in):
    client = sign_in(affiliate)
    order = {row.order.order_id: row.order for row in Commission.objects.select_related("order")}
    with time_machine.travel(MARCH, tick=False):
        page = read_text(client.get(reverse("payouts:order", args=[order["done"].pk])))
        for expected in ("The order names your coupon MINE", "16.00 x 5.00 % = 0.80", "clause 4.1", "clause 4.4",
                      "Thing &lt;b&gt;1&lt;/b&gt;", "added to your balance when", "amounts before any tax"):  # fmt: skip
            assert expected in page, expected
        assert "Waiting for the shop to mark the order complete" in read_text(
            client.get(reverse("payouts:order", args=[order["open"].pk]))
        )
        held = read_text(client.get(reverse("payouts:order", args=[order["held"].pk])))
        assert "On hold: Review 1" in held
        assert "clause 8" in held


def test_order_page_links_to_the_statement(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    row = Commission.objects.select_related("order").filter(affiliate=affiliate)[0]
    page = read_text(sign_in(affiliate).get(reverse("payouts:order", args=[row.order_id])))
    assert "statement of February 2026" in page


def test_order_of_another_affiliate_is_not_found(affiliate, sign_in):
    client = sign_in(make_affiliate(at=BEGIN))
    for pk in (Commission.objects.all()[0].order_id, uuid4()):
        assert client.get(reverse("payouts:order", args=[pk])).status_code == 404


@pytest.mark.parametrize("query", [{}, {"state": "validated"}, {"state": "forfeited", "category": "home-decor"}])
def test_list_query_count_does_not_depend_on_lines(query, affiliate, sign_in, django_assert_max_num_queries):
    client, url = sign_in(affiliate), reverse("payouts:commissions")
    lines = [("home-decor", "1.00", "0.00")] * 200
    ingest_orders(snapshots=[build_snapshot(f"many{n}", "MINE", *lines) for n in range(26)], source="test", now=JANUARY)
    with django_assert_max_num_queries(12):
        page = client.get(url, query)
    assert ("Next page" in read_text(page)) == (query != {"state": "forfeited", "category": "home-decor"})


@pytest.mark.parametrize("program_terms", [{"time_zone": "Asia/Tokyo"}])
def test_every_page_shows_days_and_times_in_the_program_time_zone(make_settled_affiliate, sign_in):
    affiliate = make_settled_affiliate()
    Affiliate.objects.update(time_zone="America/Los_Angeles")
    affiliate.refresh_from_db()
    client, statement = sign_in(affiliate), affiliate.statements.get()
    order = Commission.objects.filter(affiliate=affiliate)[0].order
    addresses = [
        *("/home/", "/commissions/", "/statements/", "/payouts/", "/payout-details/", "/links/", "/notifications/"),
        *("/profile/", "/profile/leave/", "/agreement/mine/", "/reports/"),
        reverse("payouts:statement", args=[statement.pk]),
        reverse("payouts:order", args=[order.pk]),
    ]
    pages = {address: read_text(client.get(address)) for address in addresses}
    assert [address for address, page in pages.items() if re.search(r"\d (PST|PDT|UTC)\b", page)] == []
    assert [address for address, page in pages.items() if "Days and times on all pages: Asia/Tokyo" not in page] == []
    # 2 January, 08:00 UTC.
    assert "2 Jan 2026, 17:00 JST" in pages[addresses[-1]]
    assert "JST" in statement_pdf._build_data(statement)["closed"]
