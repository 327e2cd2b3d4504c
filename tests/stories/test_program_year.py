"""A year of one program with four affiliates and four agreement versions.

Version 1 pays 5.00 % on home-decor, version 2 raises it to 6.00 %, version 3 cuts it to 4.00 %, version 4 raises it to
4.50 %. Ann accepts the cut before its effective date, Ben after it, Cat never, and Dan declines it. An order is 100.00
by default and completed a day after it was placed; its commission is validated 30 days later. The payout threshold is
16.00.
"""

from typing import Any

import pytest
from django.core.management import call_command

from affiliates.models import State
from agreements import seeding
from agreements.applicable_version import get_applicable_version
from agreements.errors import TooEarly
from agreements.models import AgreementVersion
from mail.models import Message
from mail.rendering import render
from payouts.closing import open_program
from payouts.models import Close, Statement
from tests.scenarios import get_statement_figures, list_rollup_differences, parse_utc
from tests.stories.year import Credited, NotCredited, ProgramYear

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PAUSED = NotCredited("not_accepted", "9.4 of version 2")
NOT_ACTIVE = NotCredited("not_active", "3.6 of version 2")


def test_orders_of_a_year_are_priced_under_applicable_versions_and_settled(capsys):
    year = ProgramYear()
    check_joining(year)
    check_raised_rate(year)
    check_publication_of_cut(year)
    check_answers_to_cut(year)
    check_cut_in_effect(year)
    check_second_raise(year)
    check_statements(year)
    check_verification(year, capsys)
    assert list_rollup_differences() == []


def check_sale(year: ProgramYear, order_id: str, code: str, expected: Credited | NotCredited, **arguments: Any) -> None:
    """Send an order with a click or, without one, the coupon of `code`, and assert its attribution."""
    year.sell(order_id, code, expected, **arguments)
    assert year.describe_result(order_id) == year.describe_expected(order_id), order_id


def check_joining(year: ProgramYear) -> None:
    first = seeding.publish_seed_agreement(effective_at=parse_utc("2026-01-01"), now=year.now, by=None)
    open_program.open_program(now=year.now, by=None)
    year.advance_to("2026-01-05T12:00:00")
    for code in ("ANN", "BEN", "CAT", "DAN"):
        year.join(code, first)
    # Each gets a copy of the acceptance by e-mail.
    assert year.list_new_mail() == {code: ["accepted"] for code in year.people}
    # A coupon counts from the acceptance on and not before.
    check_sale(
        year, "1-ANN-early", "ANN", NotCredited("coupon_unknown", "3.4 of version 1"), placed="2026-01-05T11:59:59"
    )
    year.advance_to("2026-01-06T10:00:00")
    for code in year.people:
        check_sale(year, f"1-{code}", code, Credited("1", "5.00"), click=year.click(code), placed="2026-01-06T11:00:00")


def check_raised_rate(year: ProgramYear) -> None:
    """A change that is not to anyone's detriment needs no notice period and no acceptance."""
    year.advance_to("2026-03-01T09:00:00")
    second = year.publish(year.draft("6.00"), "2026-03-10")
    assert not second.detriment
    assert year.list_new_mail() == {code: ["benefit"] for code in year.people}
    year.advance_to("2026-03-09T20:00:00")
    ann, ben = year.click("ANN"), year.click("BEN")
    check_sale(year, "2-ANN", "ANN", Credited("1", "5.00"), click=ann, placed="2026-03-09T23:59:59")
    check_sale(year, "2-CAT-before", "CAT", Credited("1", "5.00"), placed="2026-03-09T23:59:59")
    year.advance_to("2026-03-10")
    # The time of the order decides about the rate, the time of the click about the window.
    check_sale(year, "2-BEN", "BEN", Credited("2", "6.00", click_version="1"), click=ben, placed="2026-03-10T00:00:00")
    check_sale(year, "2-CAT-after", "CAT", Credited("2", "6.00"), placed="2026-03-10T00:00:00")
    check_sale(year, "2-DAN", "DAN", Credited("2", "0.60", "10.00"), amount="10.00", placed="2026-03-15T12:00:00")
    # A later snapshot of an order from January is still priced under version 1.
    year.send("1-DAN", completed=parse_utc("2026-01-07T11:00:00"))
    assert year.describe_result("1-DAN") == year.describe_expected("1-DAN")


def check_publication_of_cut(year: ProgramYear) -> None:
    """A detriment needs 14 days of notice: an earlier date is rejected, naming the earliest, and nothing is sent."""
    year.advance_to("2026-06-01T09:00:00")
    draft = year.draft("4.00")
    for too_early in ("2026-06-10", "2026-06-15T08:59:59"):
        with pytest.raises(TooEarly, match=r"who must get 14 days of notice\. The earliest is 15 Jun 2026, 09:00 UTC"):
            year.publish(draft, too_early)
    assert AgreementVersion.objects.get(name="3").published_at is None
    assert year.list_new_mail() == {}
    third = year.publish(draft, "2026-07-01")
    assert third.detriment
    assert year.list_new_mail() == {code: ["change"] for code in year.people}
    notice = Message.objects.get(kind="agreement_change", to="ben@example.com")
    text = render(kind=notice.kind, context=notice.context).text
    assert "takes effect on 1 Jul 2026" in text
    assert "- Home decor\n  Before: 6.00 %\n  After: 4.00 %\n  worse for you, clause 4.1\n" in text
    assert "clause 9.4 of version 3" in text
    # One order of 100.00 in the 90 days before: 6.00 / 3 a month, and 4.00 / 3.
    assert "your earnings would be about 1.33 USD a month instead of 2.00 USD" in text
    assert f"/agreement/versions/{third.pk}/accept/" in text


def check_answers_to_cut(year: ProgramYear) -> None:
    third = AgreementVersion.objects.get(name="3")
    year.advance_to("2026-06-10T12:00:00")
    year.accept("ANN", third)
    assert year.list_new_mail() == {"ANN": ["accepted"]}
    # Until the effective date the old version still applies to Ann.
    check_sale(year, "3-ANN-accepted", "ANN", Credited("2", "6.00"), placed="2026-06-15T12:00:00")

    year.advance_to("2026-06-20T11:00:00")
    clicked = year.click("DAN")
    half = Credited("2", "3.00", "50.00")
    check_sale(year, "3-DAN-before", "DAN", half, click=clicked, amount="50.00", placed="2026-06-20T11:30:00")
    year.advance_to("2026-06-20T12:00:00")
    # The page explains what happens to Dan's money, of which 5.60 were settled in February and April.
    page = year.decline("DAN", third)
    assert "What you earned stays yours" in page
    assert "Your balance is 5.60 USD. Commissions of 3.00 USD are not settled yet." in page
    # The decline takes effect with the version; Dan can take it back until then, and that he leaves until 31 July.
    assert "Until <time" in page
    assert "1 Jul 2026, 00:00 UTC" in page
    assert "31 Jul 2026, 00:00 UTC" in page
    assert "Yes, decline" in page
    dan = year.people["DAN"]
    dan.refresh_from_db()
    assert (dan.state, dan.notice_ends_at) == (State.ACTIVE, None)
    assert year.list_new_mail() == {"DAN": ["declined"]}
    # Until then his links and coupon keep earning by version 2: 6.00 % of 100.00 and of 10.00.
    check_sale(year, "3-DAN-clicked-before", "DAN", Credited("2", "6.00"), click=clicked, placed="2026-06-20T13:00:00")
    small = Credited("2", "0.60", "10.00")
    click = year.click("DAN")
    check_sale(year, "3-DAN-clicked-after", "DAN", small, click=click, amount="10.00", placed="2026-06-20T13:30:00")

    # Those who have neither accepted nor declined are reminded seven days and one day before.
    year.advance_to("2026-06-24")
    assert year.list_new_mail() == {}
    check_sale(year, "3-DAN-declined", "DAN", small, amount="10.00", placed="2026-06-25T12:00:00")
    assert year.list_new_mail() == {"BEN": ["reminder"], "CAT": ["reminder"]}
    year.advance_to("2026-06-30")
    assert year.list_new_mail() == {}
    year.advance_to("2026-06-30T12:00:00")
    assert year.list_new_mail() == {"BEN": ["reminder"], "CAT": ["reminder"]}


def check_cut_in_effect(year: ProgramYear) -> None:
    third = AgreementVersion.objects.get(name="3")
    year.advance_to("2026-06-30T22:00:00")
    ann, ben, cat = (year.click(code) for code in ("ANN", "BEN", "CAT"))
    check_sale(year, "3-ANN-before", "ANN", Credited("2", "6.00"), click=ann, placed="2026-06-30T23:59:59")
    check_sale(year, "3-BEN-before", "BEN", Credited("2", "6.00"), placed="2026-06-30T23:59:59")

    year.advance_to("2026-07-01T12:00:00")
    assert year.list_new_mail() == {"BEN": ["pause"], "CAT": ["pause"]}
    check_sale(
        year, "3-ANN-after", "ANN", Credited("3", "4.00", click_version="2"), click=ann, placed="2026-07-01T00:00:00"
    )
    # Ben's links still lead to the shop, untracked; an earlier click still counts, at the old rate.
    assert year.click("ANN") is not None
    assert year.click("BEN") is year.click("CAT") is year.click("DAN") is None
    dan = year.people["DAN"]
    dan.refresh_from_db()
    assert (dan.state, dan.state_since) == (State.LEAVING, parse_utc("2026-07-01"))
    assert "Your links and coupons have been paused since" in year.read_page("BEN", "portal:agreement")
    assert "you have not accepted the new version of the agreement yet" in year.read_page("BEN", "tracking:links")
    assert "paused" not in year.read_page("ANN", "portal:agreement")
    check_sale(year, "3-BEN-clicked-before", "BEN", Credited("2", "6.00"), click=ben, placed="2026-07-01T12:00:00")
    check_sale(year, "3-BEN-coupon-paused", "BEN", PAUSED, placed="2026-07-01T00:00:00")
    paused = year.sign_late_click("BEN", "2026-07-01T00:00:00")
    check_sale(year, "3-BEN-clicked-paused", "BEN", PAUSED, click=paused, placed="2026-07-01T13:00:00")
    check_sale(year, "3-CAT-clicked-before", "CAT", Credited("2", "6.00"), click=cat, placed="2026-07-02T12:00:00")
    check_sale(year, "3-BEN-last-second", "BEN", PAUSED, placed="2026-07-02T17:59:59")

    year.advance_to("2026-07-02T18:00:00")
    year.accept("BEN", third)
    assert year.list_new_mail() == {"BEN": ["accepted"]}
    assert year.click("BEN") is not None
    assert "paused" not in year.read_page("BEN", "portal:agreement")
    # Version 3 applies from the instant of Ben's acceptance; orders and clicks during the pause are not credited.
    check_sale(year, "3-BEN-accepted", "BEN", Credited("3", "4.00"), placed="2026-07-02T18:00:00")
    not_accepted = NotCredited("not_accepted", "9.4 of version 3")
    check_sale(year, "3-BEN-paused-click", "BEN", not_accepted, click=paused, placed="2026-07-02T19:00:00")
    # The click of 30 June was made under version 2; the order is placed under version 3, accepted by then.
    check_sale(
        year,
        "3-BEN-old-click",
        "BEN",
        Credited("3", "4.00", click_version="2"),
        click=ben,
        placed="2026-07-03T12:00:00",
    )

    year.advance_to("2026-07-25")
    assert year.list_new_mail() == {}
    check_sale(year, "3-DAN-left", "DAN", NOT_ACTIVE, placed="2026-07-25T12:00:00")
    year.advance_to("2026-08-01")
    assert year.list_new_mail() == {"DAN": ["terminated"]}
    check_sale(year, "3-CAT-summer", "CAT", PAUSED, placed="2026-08-15T12:00:00")


def check_second_raise(year: ProgramYear) -> None:
    """Version 4 applies to those who accepted version 3; Cat, who did not, stays paused and can accept version 4."""
    year.advance_to("2026-09-20T09:00:00")
    fourth = year.publish(year.draft("4.50"), "2026-10-01")
    assert not fourth.detriment
    assert year.list_new_mail().keys() == {"ANN", "BEN", "CAT"}
    year.advance_to("2026-09-30T23:00:00")
    clicked = year.click("BEN")
    check_sale(year, "4-ANN-before", "ANN", Credited("3", "4.00"), placed="2026-09-30T23:59:59")
    check_sale(year, "4-ANN-after", "ANN", Credited("4", "4.50"), placed="2026-10-01T00:00:00")
    check_sale(
        year, "4-BEN", "BEN", Credited("4", "4.50", click_version="3"), click=clicked, placed="2026-10-01T00:00:00"
    )
    check_sale(year, "4-CAT", "CAT", PAUSED, placed="2026-10-05T12:00:00")

    # 20.00 of Ann's order of 9 March is refunded in November: 80.00 x 5.00 % = 4.00, at the rate of March.
    year.advance_to("2026-11-10")
    year.orders["2-ANN"] = year.orders["2-ANN"]._replace(expected=Credited("1", "4.00", "80.00"))
    year.send("2-ANN", refunded="20.00", completed=parse_utc("2026-03-10T23:59:59"))
    assert year.describe_result("2-ANN") == year.describe_expected("2-ANN")

    check_sale(year, "4-CAT-christmas", "CAT", PAUSED, placed="2026-12-20T12:00:00")
    applicable = {code: get_applicable_version(year.people[code].pk, at=year.now) for code in ("ANN", "BEN", "CAT")}
    versions = {code: (str(version), at.paused_since) for code, (version, at) in applicable.items()}
    paused = ("version 2", parse_utc("2026-07-01"))
    assert versions == {"ANN": ("version 4", None), "BEN": ("version 4", None), "CAT": paused}
    year.advance_to("2027-01-03T12:00:00")
    assert year.list_new_mail() == {}


def check_statements(year: ProgramYear) -> None:
    """Each month was closed automatically on the third of the next, with the commissions validated before its end.

    A commission is validated 31 days after its order was placed. The figures are opening, settled, adjustments,
    returned, payout, closing and reasons.
    """
    assert Close.objects.count() == 12
    carried = "below_minimum"
    # 6 January + 31 days is 6 February.
    for code in year.people:
        assert get_statement_figures(code, "2026-02") == ["0.00", "5.00", "0.00", "0.00", "0.00", "5.00", carried]
    # Ann: 9 March. Ben: 10 March. Cat: both, 5.00 + 6.00, which makes 16.00 and is paid. Dan: 0.60.
    assert get_statement_figures("ANN", "2026-04") == ["5.00", "5.00", "0.00", "0.00", "0.00", "10.00", carried]
    assert get_statement_figures("BEN", "2026-04") == ["5.00", "6.00", "0.00", "0.00", "0.00", "11.00", carried]
    assert get_statement_figures("CAT", "2026-04") == ["5.00", "11.00", "0.00", "0.00", "16.00", "0.00", ""]
    assert get_statement_figures("DAN", "2026-04") == ["5.00", "0.60", "0.00", "0.00", "0.00", "5.60", carried]
    # Ann: 15 June and 30 June, 6.00 each by version 2; the order of 1 July, 00:00, validates on 1 August, 00:00.
    assert get_statement_figures("ANN", "2026-07") == ["10.00", "12.00", "0.00", "0.00", "22.00", "0.00", ""]
    assert get_statement_figures("BEN", "2026-07") == ["11.00", "6.00", "0.00", "0.00", "17.00", "0.00", ""]
    # Dan's notice ended on 31 July: 5.60 + 3.00 + 6.00 + 0.60 + 0.60 is paid, though it is below the minimum.
    assert get_statement_figures("DAN", "2026-07") == ["5.60", "10.20", "0.00", "0.00", "15.80", "0.00", ""]
    # Ben: 6.00 by version 2, then 4.00 twice by version 3. Cat: 6.00 for the click before the pause.
    assert get_statement_figures("ANN", "2026-08") == ["0.00", "4.00", "0.00", "0.00", "0.00", "4.00", carried]
    assert get_statement_figures("BEN", "2026-08") == ["0.00", "14.00", "0.00", "0.00", "0.00", "14.00", carried]
    assert get_statement_figures("CAT", "2026-08") == ["0.00", "6.00", "0.00", "0.00", "0.00", "6.00", carried]
    # Ann: 30 September by version 3; 1 October by version 4, less the 1.00 of the refund: 4.50 - 1.00.
    assert get_statement_figures("ANN", "2026-10") == ["4.00", "4.00", "0.00", "0.00", "0.00", "8.00", carried]
    assert get_statement_figures("ANN", "2026-11") == ["8.00", "3.50", "0.00", "0.00", "0.00", "11.50", carried]
    assert get_statement_figures("BEN", "2026-11") == ["14.00", "4.50", "0.00", "0.00", "18.50", "0.00", ""]
    # Cat, paused since July, keeps her balance, which is carried over month by month.
    assert get_statement_figures("CAT", "2026-12") == ["6.00", "0.00", "0.00", "0.00", "0.00", "6.00", carried]
    assert Statement.objects.filter(affiliate__code="DAN").count() == 6  # February to July


def check_verification(year: ProgramYear, capsys: pytest.CaptureFixture[str]) -> None:
    """Repeated snapshots change no rate; the ledger, the closes and the acceptances pass verification."""
    year.send_all_again()
    assert {each: year.describe_result(each) for each in year.orders} == {
        each: year.describe_expected(each) for each in year.orders
    }
    call_command("verify_ledger")
    call_command("replay", "--all")
    capsys.readouterr()
    # Four acceptances of version 1 and two of version 3, each proven by the hash in its e-mail.
    hashes = [message.context["hash"] for message in Message.objects.filter(kind="agreement_accepted")]
    call_command("verify_acceptances", witness=hashes)
    assert capsys.readouterr().out == "6 acceptances verified, 6 witnesses\n"
