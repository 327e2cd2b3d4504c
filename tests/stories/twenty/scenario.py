"""The months December 2010 to March 2011 of the retail program, with the events of the twenty; times are of 2011 in UTC.

Each event calls the domain function of its page, at its own time. The expected results are in the tables beside this file.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import time_machine

from accounts import api_keys
from affiliates.models import Affiliate
from compliance.models import Review
from compliance.offboarding import notice_expiry, suspension, termination
from compliance.reviews import appeals, deadlines_task, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.closing import close
from payouts.disbursement import approval, exports
from payouts.ledger import adjustments
from payouts.models import Adjustment, Commission, PayoutBatch, PayoutFile
from payouts.payout_details import details
from tests.factories import make_staff
from tests.scenarios import create_program, import_affiliates, parse_utc, prepare_planner
from tests.stories.retail import CODES, MONTHS, post_orders

WITHOUT_DETAILS = ("R1306", "R0500", "R0656", "R1629", "R1857")
TICK = timedelta(microseconds=1)


def parse_2011(text: str) -> datetime:
    return parse_utc(f"2011-{text}")


class TwentyScenario:
    """The program, its staff, and the exported payout files by month."""

    def __init__(self, folder: Path, records: dict[str, list[str]]) -> None:
        self.records = records
        self.files: dict[str, list[PayoutFile]] = {}
        with time_machine.travel(parse_utc("2010-11-20"), tick=False):
            create_program("2010-11-01")
            import_affiliates([code for code in CODES if code not in WITHOUT_DETAILS], folder, accepted="2010-11-02")
            import_affiliates(WITHOUT_DETAILS, folder, accepted="2010-11-02", details=False)
            self.key = api_keys.create(name="the shop", now=parse_utc("2010-11-20"), by=None)[1]
        self.preparer, self.approver = make_staff("payout preparers"), make_staff("payout approvers")
        self.reviewer, self.other = make_staff("compliance reviewers"), make_staff("compliance reviewers")

    def run(self) -> None:
        self.send_month("2010-12", "01-01T00:10:00")
        self.close_and_pay("2010-12", "01-03T12:00:00")
        play_january(self)
        self.send_month("2011-01", "02-01T00:10:00")
        self.play_start_of_february()
        self.close_and_pay("2011-01", "02-03T12:00:00")
        play_february(self)
        self.send_month("2011-02", "03-01T00:10:00")
        notice_expiry.apply_expired_notices(now=parse_2011("03-03T10:00:00"))
        self.close_and_pay("2011-02", "03-03T12:00:00")
        play_march(self)
        self.send_month("2011-03", "04-01T00:10:00")
        self.close_and_pay("2011-03", "04-03T12:00:00")
        prepare_planner()

    # --- Orders, closes and adjustments -------------------------------------------------------------------------

    def send_month(self, month: str, when: str) -> None:
        with time_machine.travel(parse_2011(when), tick=False):
            post_orders(self.records[month], self.key)

    def close_and_pay(self, month: str, when: str) -> None:
        """Close the month and pay the drafted payouts on the same day."""
        closed = close.close_month(month=date.fromisoformat(f"{month}-01"), now=parse_2011(when), by=None)
        for batch in PayoutBatch.objects.filter(close=closed):
            approval.submit(batch=batch, now=parse_2011(when), by=self.preparer)
            digest = approval.summarize_batch(batch, parse_2011(when)).digest
            approval.approve(batch=batch, digest=digest, now=parse_2011(when), by=self.approver)
            self.files[month] = exports.export(batch=batch, now=parse_2011(when), by=self.preparer)

    def propose(self, code: str, kind: str, amount: str, when: datetime) -> Adjustment:
        return adjustments.propose(
            affiliate=get_affiliate(code),
            kind=kind,
            amount=Decimal(amount),
            reason="Agreed.",
            now=when,
            by=self.preparer,
        )

    def adjust(self, code: str, kind: str, amount: str, when: str) -> None:
        """Propose an adjustment a day before `when`, and approve it then."""
        row = self.propose(code, kind, amount, parse_2011(when) - timedelta(days=1))
        adjustments.approve(adjustment=row, now=parse_2011(when), by=self.approver)

    def enter_details(self, code: str, when: datetime) -> None:
        affiliate = get_affiliate(code)
        account = f"{code.lower()}@example.com"
        details.change_details(
            affiliate=affiliate, method="paypal", account=account, holder=affiliate.name, now=when, by=affiliate.user
        )

    # --- Reviews --------------------------------------------------------------------------------------------------

    def review(self, code: str, activity: str, when: str, *orders: str, lines: tuple[str, ...] = ()) -> Review:
        commissions = Commission.objects.filter(order__order_id__in=orders)
        return open_review(
            affiliate=get_affiliate(code),
            activity=activity,
            summary="What we have seen.",
            commissions=commissions.filter(line__line_id__in=lines) if lines else commissions,
            now=parse_2011(when),
            by=self.reviewer,
        )

    def decide(self, code: str, decision: str, when: str) -> None:
        decisions.decide(
            review=get_review(code), decision=decision, reason="A test.", now=parse_2011(when), by=self.reviewer
        )

    def decide_appeal(self, code: str, outcome: str, when: str) -> None:
        appeals.decide_appeal(
            review=get_review(code), outcome=outcome, reason="A test.", now=parse_2011(when), by=self.other
        )

    def play_start_of_february(self) -> None:
        """Play the events between the end of January and its close."""
        row = self.propose("R1848", "clawback", "-5.55", parse_2011("01-31T12:00:00"))
        adjustments.approve(adjustment=row, now=parse_2011("02-01"), by=self.approver)
        termination.give_notice(
            affiliate=get_affiliate("R0299"),
            ground="choice",
            reason="We part.",
            now=parse_2011("02-01T09:00:00"),
            by=self.reviewer,
        )
        suspension.reinstate(
            affiliate=get_affiliate("R0607"), reason="Cleared.", now=parse_2011("02-02T12:00:00"), by=self.reviewer
        )


def get_affiliate(code: str) -> Affiliate:
    return Affiliate.objects.select_related("user").get(code=code)


def get_review(code: str) -> Review:
    return Review.objects.get(affiliate__code=code)


def play_january(scenario: TwentyScenario) -> None:
    def suspend(code: str, when: str) -> None:
        suspension.suspend(
            affiliate=get_affiliate(code), reason="We look into it.", now=parse_2011(when), by=scenario.reviewer
        )

    scenario.review("R0353", "self-purchase", "01-06T12:00:00", "537117")
    suspend("R0229", "01-10T12:03:00")
    scenario.decide("R0353", "suspension", "01-13T12:00:00")
    scenario.review("R0013", "fraud", "01-14T12:00:00", "539108", "539109")
    suspend("R0233", "01-15")
    scenario.review("R1324", "cookie-stuffing", "01-17T12:00:00", "538687")
    replies.reply(
        review=get_review("R1324"),
        text="It was not me.",
        now=parse_2011("01-18T12:00:00"),
        by=get_affiliate("R1324").user,
    )
    scenario.decide("R1324", "termination", "01-19T12:00:00")
    suspend("R0299", "01-20")
    scenario.adjust("R0061", "clawback", "-5.08", "01-20T12:00:00")
    scenario.adjust("R1291", "clawback", "-100.00", "01-20T12:00:00")
    scenario.adjust("R0989", "correction", "5.87", "01-20T12:00:00")
    scenario.decide("R0013", "termination", "01-21T12:00:00")
    appeals.appeal(
        review=get_review("R1324"), text="Look again.", now=parse_2011("01-25T12:00:00"), by=get_affiliate("R1324").user
    )
    appeals.appeal(
        review=get_review("R0353"), text="Look again.", now=parse_2011("01-26T12:00:00"), by=get_affiliate("R0353").user
    )
    suspend("R0607", "01-31T12:00:00")
    scenario.adjust("R1018", "bonus", "25.00", "01-31T23:59:59.999999")


def play_february(scenario: TwentyScenario) -> None:
    deadlines_task.enforce_deadlines(now=parse_2011("02-04T12:00:00"))
    scenario.review("R0755", "fraud", "02-04T12:00:00", "537899")
    scenario.review("R0386", "spamming", "02-04T12:00:00", "537676", lines=("1", "2"))
    scenario.review("R1465", "fraud", "02-05T12:00:00", "538996", "540500")
    scenario.decide_appeal("R1324", "refused", "02-10T12:00:00")
    for code, day in (("R0755", "11"), ("R0386", "11"), ("R1465", "12")):
        scenario.decide(code, "termination", f"02-{day}T12:00:00")
    scenario.adjust("R0989", "correction", "-8.31", "02-15T12:00:00")
    scenario.propose("R1018", "bonus", "7.00", parse_2011("02-15T12:00:00"))
    rejected = scenario.propose("R1018", "correction", "-3.00", parse_2011("02-15T12:00:00"))
    adjustments.reject(adjustment=rejected, reason="No.", now=parse_2011("02-16T12:00:00"), by=scenario.approver)
    suspension.reinstate(
        affiliate=get_affiliate("R0233"), reason="Cleared.", now=parse_2011("02-20T12:00:00"), by=scenario.reviewer
    )
    scenario.enter_details("R0500", parse_2011("02-20T12:00:00"))
    scenario.decide_appeal("R0353", "granted", "02-24T12:00:00")
    scenario.enter_details("R1629", parse_2011("02-24T12:00:00"))
    scenario.enter_details("R1857", parse_2011("02-24T12:00:00") + TICK)
    deadlines_task.enforce_deadlines(now=parse_2011("02-25T12:00:00"))
    deadlines_task.enforce_deadlines(now=parse_2011("02-26T12:00:00"))
    scenario.enter_details("R0656", parse_2011("02-26T12:00:00"))


def play_march(scenario: TwentyScenario) -> None:
    written_off = adjustments.propose_write_off(
        affiliate=get_affiliate("R1291"), reason="We let it go.", now=parse_2011("03-09T12:00:00"), by=scenario.preparer
    )
    adjustments.approve(adjustment=written_off, now=parse_2011("03-10T12:00:00"), by=scenario.approver)
    scenario.adjust("R0989", "correction", "-44.09", "03-15T12:00:00")


def run_scenario(folder: Path, records: dict[str, list[str]]) -> TwentyScenario:
    """Run the whole scenario, up to the close of March."""
    assert tuple(records) == MONTHS
    scenario = TwentyScenario(folder, records)
    scenario.run()
    return scenario
