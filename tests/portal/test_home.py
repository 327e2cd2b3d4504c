"""An affiliate's home: next steps, money, progress, promotions and the chart."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from affiliates.models import State
from agreements import acceptance_requests, promotions, publishing, version_drafts
from agreements.models import AgreementVersion, Program
from agreements.periods import Period, get_start_of_day
from compliance.models import TargetCheck
from compliance.reviews.open_review import open_review
from compliance.reviews.replies import reply
from lib import charts
from lib.charts import Day
from payouts.closing import payout_forecast
from payouts.commissions import holds
from payouts.disbursement import payout_transitions
from payouts.models import Commission, Payout
from payouts.payout_details import details
from portal import affiliate_summary, frame, home_cards
from shops import intake
from tests.factories import make_affiliate, make_staff
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders
from tracking.links import coupons

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def format_instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def greta(affiliate_factory):
    affiliate = affiliate_factory(name="Greta Gardener")
    at = timezone.now() - timedelta(days=30)
    coupons.assign_coupon(affiliate=affiliate, code="GRETA10", assigned_from=at, now=at, by=None)
    return affiliate


def ingest_order(order_id: str, amount: str, placed: datetime, completed: datetime | None = None) -> None:
    row = build_order(
        order_id,
        ("home-decor", amount),
        at=format_instant(completed or placed),
        placed=format_instant(placed),
        completed=format_instant(completed) if completed else None,
        coupon="GRETA10",
    )
    (result,) = intake.ingest_orders(snapshots=[row], source="a test", now=timezone.now())
    assert result.outcome == "created", result


def test_next_steps_come_first(greta, client_for):
    html = client_for(greta.user).get("/home/").content.decode()
    assert html.index("Next steps") < html.index("Balance")
    assert "Add payout details" in html
    assert "Create your first tracking link" in html


def test_empty_list_of_orders_names_a_coupon_only_to_who_has_one(greta, affiliate_factory, client_for):
    assert "Share a tracking link or your coupon." in client_for(greta.user).get("/home/").content.decode()
    page = client_for(affiliate_factory().user).get("/home/").content.decode()
    assert "Share a tracking link. Your" in " ".join(page.split())


def test_home_shows_pending_commissions_and_latest_orders(greta, client_for):
    now = timezone.now()
    # 5.00 % of 100.00 and of 20.00.
    ingest_order("A1", "100.00", now - timedelta(days=9), now - timedelta(days=5))
    ingest_order("A2", "20.00", now - timedelta(days=2))
    html = client_for(greta.user).get("/home/").content.decode()
    assert "6.00\u00a0USD" in html
    assert "5.00\u00a0USD" in html
    assert html.index(">A2<") < html.index(">A1<")


def test_home_explains_why_nothing_is_paid_yet_with_clauses(greta, client_for):
    html = client_for(greta.user).get("/home/").content.decode()
    assert "16.00\u00a0USD more to reach the payout threshold." in html
    assert "Payout details are missing." in html
    assert "#clause-5.4" in html


def test_due_amount_has_only_commissions_of_the_next_close(greta):
    now = timezone.now()
    # validation_days is 30: an order completed exactly 30 days before the month's end is not due yet.
    ends = (now + timedelta(days=20)).replace(microsecond=0)
    month = Period(date(2026, 1, 1), ends - timedelta(days=30), ends)
    for order_id, validated in (("B1", ends - timedelta(seconds=1)), ("B2", ends)):
        ingest_order(order_id, "100.00", now - timedelta(days=20), validated - timedelta(days=30))
    forecast = payout_forecast.get_unsettled_amounts(greta, month)
    assert (forecast.due, forecast.pending, forecast.held) == (Decimal("5.00"), Decimal("5.00"), Decimal("0.00"))


def test_home_needs_at_most_twelve_queries(greta, client_for):
    now = timezone.now()
    details.change_details(
        affiliate=greta, method="paypal", account="g@example.com", holder="Greta", now=now, by=greta.user
    )
    for number in range(4):
        ingest_order(f"C{number}", "50.00", now - timedelta(days=number + 1))
    client = client_for(greta.user)
    client.get("/home/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get("/home/").status_code == 200
    assert len(queries) <= 12, "\n".join(query["sql"][:150] for query in queries.captured_queries)


@pytest.mark.parametrize(
    ("last", "now", "month", "at"),
    [
        (date(2026, 10, 1), NOW, date(2026, 11, 1), datetime(2026, 12, 3, tzinfo=UTC)),
        (date(2026, 9, 1), NOW, date(2026, 10, 1), datetime(2026, 11, 3, tzinfo=UTC)),
        (None, NOW, date(2026, 11, 1), datetime(2026, 12, 3, tzinfo=UTC)),
        (None, datetime(2026, 11, 2, tzinfo=UTC), date(2026, 10, 1), datetime(2026, 11, 3, tzinfo=UTC)),
        (None, datetime(2026, 11, 3, tzinfo=UTC), date(2026, 11, 1), datetime(2026, 12, 3, tzinfo=UTC)),
    ],
)
def test_next_close_is_the_first_month_not_closed(last, now, month, at):
    terms = AgreementVersion(time_zone="UTC", close_day=3)
    forecast = payout_forecast.get_next_close(terms, last, now)
    assert (forecast.month.first_day, forecast.at) == (month, at)


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        ("0.01", "0 0.1"),
        ("0.50", "0 0.1 0.2 0.3 0.4 0.5"),
        ("1.01", "0 0.25 0.5 0.75 1 1.25"),
        ("4.99", "0 1 2 3 4 5"),
        ("5.01", "0 2 4 6"),
        ("27", "0 10 20 30"),
        ("34.93", "0 10 20 30 40"),
        ("100", "0 20 40 60 80 100"),
        ("101", "0 25 50 75 100 125"),
    ],
)
def test_chart_scale_ends_on_a_round_step(highest, scale):
    assert charts.build_scale(Decimal(highest)) == [Decimal(amount) for amount in scale.split()]


@pytest.mark.parametrize(
    ("last", "dates"),
    [
        # Ninety days: the label of a month that began less than about three weeks ago would touch the last day's.
        (date(2026, 11, 22), ["1 Sep", "1 Oct", "1 Nov", "22 Nov"]),
        (date(2026, 11, 8), ["11 Aug", "1 Sep", "1 Oct", "8 Nov"]),
        (date(2026, 11, 28), ["1 Sep", "1 Oct", "1 Nov", "28 Nov"]),
    ],
)
def test_chart_labels_the_first_day_of_each_month_that_fits(last, dates):
    days = [Day(last - timedelta(days=ago), Decimal("27.00")) for ago in range(89, -1, -1)]
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", charts.draw_bars(days, "Commissions", str))
    assert [text for text in texts if " " in text] == dates
    assert [text for text in texts if " " not in text] == ["0", "10", "20", "30"]


def test_chart_has_one_bar_per_earning_day_and_no_inline_style():
    days = [Day(date(2026, 11, 1), Decimal("1.00")), Day(date(2026, 11, 2), Decimal("0.00"))]
    svg = charts.draw_bars(days, "<b>", lambda amount: f"{amount} USD")
    assert svg.count("<rect") == 1
    assert "1 Nov 2026: 1.00 USD" in svg
    assert "style=" not in svg
    assert "<b>" not in svg


def publish_version_after(first: AgreementVersion, name: str, rate: str, in_days: int) -> AgreementVersion:
    """Publish a version after `first` with `rate` for home decor that takes effect `in_days` from now."""
    published = timezone.now() - timedelta(days=300)
    draft = version_drafts.start_draft(now=published, by=None)
    draft.rates.filter(category="home-decor").update(percent=rate)
    AgreementVersion.objects.filter(pk=draft.pk).update(name=name)
    draft.refresh_from_db()
    effective_at = get_start_of_day((timezone.now() + timedelta(days=in_days)).date(), ZoneInfo(draft.time_zone))
    publishing.publish_version(agreement=draft, effective_at=effective_at, now=published, by=None)
    return AgreementVersion.objects.get(pk=draft.pk)


@pytest.mark.parametrize("after", [None, -5, 20])
def test_version_to_accept_is_the_first_requested_version(greta, agreement, rf, after):
    # A worse version took effect ten days ago. A better one followed, follows later, or does not exist.
    worse = publish_version_after(agreement, "worse", "4.00", -10)
    better = publish_version_after(agreement, "better", "4.50", after) if after else None
    request = rf.get("/")
    request.user = greta.user
    page_frame = frame.Frame(request)
    assert page_frame.version_to_accept == acceptance_requests.list_requested_versions(greta, at=page_frame.now)[0]
    assert page_frame.version_to_accept == (better if after == -5 else worse)


def test_home_lists_only_promotions_for_the_affiliate(greta, client_for):
    now = timezone.now()
    other = make_affiliate(state=State.ACTIVE)
    for name, recipients in (("For you", [greta]), ("For another", [other])):
        promotions.create_promotion(
            name=name, rate=Decimal("8.00"), categories=["home-decor"], affiliates=recipients,
            starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=9), now=now, by=None,
        )  # fmt: skip
    page = client_for(greta.user).get("/home/").content.decode()
    section = page[page.index("Higher rates for you") :]
    assert "For you</strong>: 8.00\u00a0% for Home decor" in section
    assert "#clause-4.2" in section
    assert "For another" not in page


def list_cards(client) -> dict[str, tuple[str, str]]:
    """Return each card's value and the words below it, by its label."""
    page = " ".join(client.get("/home/").content.decode().replace("\u00a0", " ").split())
    cards = re.findall(r'<li class="card figure">(.*?)</li>', page)
    texts = [[re.sub(r"<[^>]+>", "", part).strip() for part in card.split("</p>")] for card in cards]
    return {label: (value, change) for label, value, change, *_rest in texts}


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (
            "20.00",
            "5.00",
            "▲ 300.0 % (+15.00 USD) against the 5.00 USD of last month until 22 Oct 2026, by day of order",
        ),
        ("4.00", "5.00", "▼ 20.0 % (−1.00 USD) against the 5.00 USD of last month until 22 Oct 2026, by day of order"),
        ("5.00", "5.00", "no change against the 5.00 USD of last month until 22 Oct 2026, by day of order"),
        ("5.00", "0.00", "by day of order; nothing was earned last month until 22 Oct 2026"),
    ],
)
def test_month_is_compared_with_the_last(now, before, change, greta, rf):
    month = affiliate_summary.MonthFigures(Decimal(now), Decimal(before), date(2026, 10, 22))
    request = rf.get("/")
    request.user = greta.user
    card = home_cards.build_month_card(month, frame.Frame(request))
    assert re.sub(r"<[^>]+>", "", str(card.change)).replace("\u00a0", " ") == change
    assert card.value.startswith(now)


def test_cards_say_what_is_pending_and_what_stops_the_next_payout(greta, client_for):
    # 5.00 % of 400.00.
    ingest_order("D1", "400.00", timezone.now() - timedelta(days=1))
    cards = list_cards(client_for(greta.user))
    stops = (
        "not paid by the next close, for 2 reasons. The first: 16.00 USD more to reach the payout threshold. clause 5.4"
    )
    assert cards["Next payout"] == ("0.00 USD", stops)
    assert cards["Money on its way"] == ("20.00 USD", "payouts under way, and what the closes add up")
    assert cards["Paid so far"] == ("0.00 USD", "")


def test_home_begins_with_the_next_steps_only_without_figures(greta, client_for):
    client = client_for(greta.user)
    page = client.get("/home/").content.decode()
    assert page.index("Next steps") < page.index("Earned this month")
    ingest_order("E1", "400.00", timezone.now() - timedelta(days=1))
    page = client.get("/home/").content.decode()
    assert page.index("Earned this month") < page.index("Next steps")


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"result": "met", "orders": 4}, ("4 orders", "the target is 3 in 180 days")),
        ({"result": "at_risk", "orders": 1}, ("1 of 3 orders", "at risk")),
    ],
)
def test_card_of_the_sales_target_says_how_many_orders_count(check, expected, greta, agreement, client_for):
    now = timezone.now()
    TargetCheck.objects.create(
        affiliate=greta, day=now.date(), checked_at=now, target=3, window_from=now - timedelta(days=180),
        agreement=agreement, clause="7.1", **check,
    )  # fmt: skip
    assert list_cards(client_for(greta.user))["Sales target"] == expected


def read_parts(client) -> list[tuple[str, str]]:
    """Return the rows of the card of the money on its way, the sum last."""
    page = client.get("/home/").content.decode().replace("\u00a0", " ").partition('id="on-its-way"')[2]
    rows = re.findall(r"<dt[^>]*>(.*?)</dt><dd[^>]*>(.*?)</dd>", page.partition("</dl>")[0])
    return [(re.sub(r"<[^>]+>", "", label), amount) for label, amount in rows]


def test_parts_of_the_money_on_its_way_add_up(db, tmp_path, client_for):
    """Of 400.00 and 100.00 of kitchen-dining at 5.50 %, 22.00 is being paid and 5.50 comes with a later close."""
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    for order_id, amount, at in (("A1", "400.00", "2026-01-10T12:00:00Z"), ("A2", "100.00", "2026-03-20T12:00:00Z")):
        send_orders(build_order(order_id, ("kitchen-dining", amount), at=at, placed=at, completed=at, coupon="ANN"))
    close_months("2026-01", "2026-02")
    with time_machine.travel("2026-04-01T12:00:00Z", tick=False):
        client = client_for(ann.user)
        assert read_parts(client) == [
            ("Payouts being prepared", "22.00 USD"),
            ("Balance after the next close", "0.00 USD"),
            ("New commissions for a later close", "5.50 USD"),
            ("Sum", "27.50 USD"),
        ]
        assert list_cards(client)["Money on its way"][0] == "27.50 USD"


def test_home_answers_last_month_in_both_ways(db, tmp_path, client_for):
    """The statement of February settles the order of January, 22.00; the order of February earned 5.50."""
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    for order_id, amount, at in (("A1", "400.00", "2026-01-10T12:00:00Z"), ("A2", "100.00", "2026-02-20T12:00:00Z")):
        send_orders(build_order(order_id, ("kitchen-dining", amount), at=at, placed=at, completed=at, coupon="ANN"))
    close_months("2026-01", "2026-02")
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        client = client_for(ann.user)
        words = "by the statement of February 2026, mostly from earlier orders. Orders placed in that month: 5.50 USD"
        assert list_cards(client)["Earned last month"] == ("22.00 USD", words)
        report = client.get("/reports/?period=last-month").content.decode().replace("\u00a0", " ")
        assert "The statement of February 2026 earned 22.00 USD" in " ".join(re.sub(r"<[^>]+>", "", report).split())
    with time_machine.travel("2026-04-01T12:00:00Z", tick=False):
        assert list_cards(client_for(ann.user))["Statement of February 2026"][0] == "22.00 USD"


def test_home_says_what_could_stop_a_payout_that_nothing_stops(db, tmp_path, client_for):
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    at = "2026-01-10T12:00:00Z"
    send_orders(build_order("A1", ("kitchen-dining", "400.00"), at=at, completed=at, coupon="ANN"))
    with time_machine.travel("2026-02-15T12:00:00Z", tick=False):
        page = client_for(ann.user).get("/home/").content.decode()
        assert "Paid out by this close" in page
        assert "#clause-5.5" in page.partition("Nothing stops it as of today.")[2].partition("</p>")[0]
        holds.hold_payouts(affiliate=ann, source="staff", reason="Unclear.", now=timezone.now(), by=make_staff())
        page = client_for(ann.user).get("/home/").content.decode()
    assert "Nothing stops it as of today." not in page
    assert "Not paid out by this close" in page


def test_home_names_the_account_that_refused_the_last_payout(db, tmp_path, client_for):
    """22.00 came back in March. A change on 31 March is held for seven days, past the close of 3 April."""
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    at = "2026-01-10T12:00:00Z"
    send_orders(build_order("A1", ("kitchen-dining", "400.00"), at=at, completed=at, coupon="ANN"))
    close_months("2026-01", "2026-02")
    returned_at = datetime(2026, 3, 5, 12, tzinfo=UTC)
    Payout.objects.update(state="sent", sent_at=returned_at)
    payout_transitions.fail(payout=Payout.objects.get(), reason="Account closed.", now=returned_at, by=None)
    Program.current()
    Program.objects.update(opened_at=returned_at)
    with time_machine.travel("2026-03-31T12:00:00Z", tick=False):
        client = client_for(ann.user)
        assert list_cards(client)["Next payout"] == ("22.00 USD", "The last payout to this account came back.")
        page = re.sub(r"<[^>]+>", "", client.get("/home/").content.decode().replace("\u00a0", " "))
    assert "Nothing stops it as of today." not in page
    assert "If you change them now, this payout moves to the close on 3 May 2026" in page
    assert "If you confirm them, it does not move." in page


def test_review_stays_in_the_next_steps_after_the_reply_and_its_orders_are_marked_as_held(db, tmp_path, client_for):
    create_program("2026-01-01")
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    at = "2026-01-10T12:00:00Z"
    send_orders(build_order("A1", ("kitchen-dining", "400.00"), at=at, completed=at, coupon="ANN"))
    opened = datetime(2026, 1, 20, 12, tzinfo=UTC)
    review = open_review(
        affiliate=ann, activity="fraud", summary="Three orders of one customer.", now=opened, by=make_staff(),
        commissions=Commission.objects.all(),
    )  # fmt: skip
    with time_machine.travel(opened + timedelta(days=1), tick=False):
        client = client_for(ann.user)
        page = client.get("/home/").content.decode()
        assert "Reply to a review" in page
        orders = page[page.index("Latest orders") :]
        assert ">held<" in orders.partition("</tr>")[2].partition("</tr>")[0]
        reply(review=review, text="They are a school.", now=timezone.now(), by=ann.user)
        page = client.get("/home/").content.decode()
    assert "Reply to a review" not in page
    assert "You replied to a review" in page
    assert f'href="/reviews/{review.pk}/"' in page
