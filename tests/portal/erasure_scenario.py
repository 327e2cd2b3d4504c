"""An affiliate with everything that a program can store about a person, who has gone and to whom nothing is open."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context as sign_in_context
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from affiliates import profile, staff_notes, status_history
from affiliates.models import Affiliate, ApplicationAnswer, ChannelPreview, RuleCheck, State
from agreements import acceptances, promotions, version_documents
from agreements.models import AgreementVersion, Program
from audit import trail
from compliance.models import AbuseReport, Review, Signal
from compliance.offboarding import termination
from compliance.reviews import decisions, replies
from compliance.reviews.deadlines_task import enforce_deadlines
from compliance.reviews.open_review import open_review
from compliance.signals import abuse_reports
from creatives import affiliate_links
from mail import alerts, outbox
from mail.models import Message
from messaging import announcements, conversations, sales
from messaging.models import SaleNotice
from payouts.commissions import holds
from payouts.disbursement import approval, bank_results, exports
from payouts.ledger import adjustments, booking
from payouts.models import Account, CloseException, Commission, PayoutBatch
from payouts.payout_details import details, encryption
from portal import erasure
from portal.models import IntegrityCheck, ScheduledTask, TaskRun
from shops import intake
from shops.models import OrderFile, OrderFileReject, Reject, ShopEvent, ShopOrder
from tests.creatives.samples import upload_text
from tests.factories import make_affiliate, make_staff, make_user
from tests.scenarios import build_order, close_months, create_program, parse_utc
from tests.shops.connectors.plain_shop import make_connection
from tracking.links import coupons, tracking_links
from tracking.models import Click, Link, Order, Rollup

STARTS_AT = parse_utc("2026-01-02")
NOW = parse_utc("2026-06-20T12:00:00")
NAME = "Wilhelmina Quastenflosse"
FORMER, EMAIL = "quastenflosse@former.example", "wilhelmina@current.example"
PAYPAL, HOLDER, ACCOUNT = "paypal-of-w@pay.example", "W. Quastenflosse-Zumbusch", "GB33BUKB20201555555555"
COUPON, LINK_NAME, SUB_ID = "WILHELMINA10", "Minas letter", "minas-footer"
OWN_NAME, EARLIER_NAME = "minas-gazette", "minas-leaflet"
HOST, FORMER_HOST = "quastenblog.example", "minas-old-blog.example"
IP_ADDRESS, BROWSER = "203.0.113.77", "MinaBrowser/9.1"
REPORT, REPORTER = "She spams my inbox", "reporter@victim.example"
# As pages show the two accounts, the second of which ends in "7781".
MASKED = "p•••@pay.example"
REPORTED_PAGE = "mina-spams"
# Sorted before the tag that another affiliate has, too.
TAG = "Cousin of staff"
NOTE, REPLY, FILE = "Called her on 555-0199", "My cousin bought it", "a scan of her passport"


def build_erasure_scenario() -> Affiliate:
    """Create the affiliate, and rows about others that name them."""
    agreement = create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    by = make_staff(superuser=True)
    affiliate = _create_affiliate(agreement)
    _create_account_mail(affiliate)
    _create_tracking(affiliate, by)
    _create_money(affiliate, by)
    _create_reviews(affiliate, by)
    _create_messages(affiliate, by)
    _create_records(affiliate, by)
    _name_elsewhere(affiliate, by)
    _create_end(affiliate, by)
    outbox.archive(now=NOW)
    _fill_fields(affiliate)
    return Affiliate.objects.select_related("user").get(pk=affiliate.pk)


def _create_affiliate(agreement: AgreementVersion) -> Affiliate:
    user = make_user(email=FORMER, name=NAME)
    addresses = (("website", f"https://{HOST}/mina/"), ("blog", f"https://{FORMER_HOST}/"))
    affiliate = make_affiliate(state=State.APPROVED, at=STARTS_AT, user=user, name=NAME, channels=addresses)
    ApplicationAnswer.objects.create(affiliate=affiliate, position=1, question="How?", answer=f"{NAME}, on {HOST}.")
    for channel in affiliate.channels.all():
        ChannelPreview.objects.create(channel=channel, fetched_at=STARTS_AT, title=NAME, description=f"By {NAME}.")
    found = [{"check": "email_confirmed", "met": True, "detail": FORMER}]
    RuleCheck.objects.create(affiliate=affiliate, rule="Standard", checked_at=STARTS_AT, approved=True, results=found)
    text = version_documents.get_text(agreement, "")
    assert text is not None
    evidence = acceptances.Evidence(
        box_ticked=True,
        text_sha256=text.sha256,
        box_label="I accept",
        button_label="Accept",
        page_revision="1",
        address=IP_ADDRESS,
        user_agent=BROWSER,
    )
    acceptances.accept_version(affiliate=affiliate, agreement=agreement, now=STARTS_AT, by=user, evidence=evidence)
    affiliate.refresh_from_db()
    for method, account in (("bank", ACCOUNT), ("paypal", PAYPAL)):
        fields: dict[str, Any] = {"method": method, "account": account, "holder": HOLDER}
        details.change_details(affiliate=affiliate, **fields, now=STARTS_AT, by=user, hold=False)
    profile.update_profile(
        affiliate=affiliate, name=NAME, country="AT", time_zone="Europe/Vienna", language="en", now=STARTS_AT, by=user
    )
    TOTP.activate(user, generate_totp_secret())
    return affiliate


def _create_account_mail(affiliate: Affiliate) -> None:
    """Notify the former address of a change, with address and browser, and change it."""
    user = affiliate.user
    request = RequestFactory().get("/", REMOTE_ADDR=IP_ADDRESS, headers={"user-agent": BROWSER})
    request.user = user
    with sign_in_context.request_context(request):
        get_adapter().send_notification_mail("account/email/password_changed", user)
    EmailAddress.objects.filter(user=user).update(email=EMAIL)
    User.objects.filter(pk=user.pk).update(email=EMAIL)
    user.refresh_from_db()
    client = Client()
    client.force_login(user)
    session = client.session
    session["address"] = EMAIL
    session.save()


def _create_tracking(affiliate: Affiliate, by: User) -> None:
    target = f"https://shop.example.com/sale?from={SUB_ID}"
    link = tracking_links.create_link(
        affiliate=affiliate,
        target=target,
        name=LINK_NAME,
        own_name=EARLIER_NAME,
        sub_ids=(SUB_ID,),
        now=STARTS_AT,
        by=affiliate.user,
    )
    tracking_links.update_link(
        link=link, target=target, name=LINK_NAME, own_name=OWN_NAME, sub_ids=(SUB_ID, "x"), now=STARTS_AT, by=by
    )
    text = upload_text(target="https://shop.example.com/", now=STARTS_AT, by=by)
    affiliate_links.provide_link(creative=text, affiliate=affiliate, now=STARTS_AT, by=affiliate.user)
    assert Client().get(f"/r/{link.code}", headers={"user-agent": "Mozilla/5.0"}).status_code == 302
    Rollup.objects.create(affiliate=affiliate, dimension="sub1", day=STARTS_AT.date(), value=SUB_ID, clicks=1)
    Click.objects.update(referrer_host=HOST, user_agent=BROWSER, address=IP_ADDRESS)
    coupons.assign_coupon(affiliate=affiliate, code=COUPON, assigned_from=STARTS_AT, now=STARTS_AT, by=by)
    january = {"at": "2026-01-10T12:00:00Z", "placed": "2026-01-10T12:00:00Z"}
    sold = build_order("SOLD", ("home-decor", "2000.00"), coupon=COUPON.lower(), **january)
    done = sold | {"status": "completed", "completed_at": "2026-01-12T12:00:00Z", "updated_at": "2026-01-12T12:00:00Z"}
    bad = build_order("BAD", coupon=COUPON, **january) | {"currency": "GBP"}
    intake.ingest_orders(snapshots=[sold, done, bad], source="a test", now=parse_utc("2026-01-12T13:00:00"))


def _create_money(affiliate: Affiliate, by: User) -> None:
    """Close two months, pay the first payout, return the second and pay it again."""
    preparer, approver = make_staff("payout preparers"), make_staff("payout approvers")
    for month in ("2026-01", "2026-02"):
        at = parse_utc(f"{month}-20")
        adjustment = adjustments.propose(
            affiliate=affiliate, kind="bonus", amount=Decimal("60.00"), reason=f"For {NAME}.", now=at, by=preparer
        )
        adjustments.approve(adjustment=adjustment, now=at, by=approver)
        closed_at = at + timedelta(days=17)
        [close] = close_months(month, now=closed_at)
        _pay(close.batches.get(), preparer, approver, at=closed_at + timedelta(days=1), fails=month == "2026-01")
    # A close that settles nothing of the affiliate, as one that excludes them does.
    [close] = close_months("2026-03", now=NOW - timedelta(days=60))
    CloseException.objects.create(close=close, affiliate=affiliate, cause=f"{NAME} has no currency.")
    hold = holds.hold_payouts(affiliate=affiliate, source="staff", reason=NOTE, now=NOW, by=approver)
    holds.release_payouts(affiliate=affiliate, source=hold.source, now=NOW, by=approver, reason=NOTE)
    commission = Commission.objects.get(affiliate=affiliate)
    holds.hold_commissions(commissions=[commission], source="a test", reason=NOTE, now=NOW, by=by)
    holds.release_holds(source="a test", now=NOW, by=by)


def _pay(batch: PayoutBatch, preparer: User, approver: User, *, at: datetime, fails: bool) -> None:
    approval.submit(batch=batch, now=at, by=preparer)
    digest = approval.summarize_batch(batch, at).digest
    approval.approve(batch=batch, digest=digest, now=at, by=approver)
    exports.export(batch=batch, now=at, by=preparer)
    payout = batch.payouts.get()
    result, reason = ("failed", f"Account of {HOLDER} closed") if fails else ("paid", "")
    rows = f"reference,result,amount,reason\n{payout.reference},{result},{payout.amount},{reason}\n"
    bank_results.import_results(content=rows.encode(), now=at, by=preparer)


def _create_reviews(affiliate: Affiliate, by: User) -> None:
    at = NOW - timedelta(days=60)
    review = open_review(
        affiliate=affiliate, activity="fraud", summary=NOTE, evidence_addresses=f"https://{HOST}/post", now=at, by=by
    )
    replies.reply(review=review, text=REPLY, files=[("passport.txt", FILE.encode())], now=at, by=affiliate.user)
    replies.add_note(review=review, text=NOTE, now=at, by=by)
    decisions.decide(review=review, decision=Review.Decision.WARNING, reason=NOTE, now=at, by=by)
    enforce_deadlines(now=NOW)
    assert not Review.objects.open().exists()
    abuse_reports.submit_report(
        page_url=f"https://{HOST}/spam", link_or_coupon=COUPON, text=REPORT, email=REPORTER, now=at
    )
    evidence = {"clicks_by_site": {f"ads.{HOST}": 50}, "network": IP_ADDRESS}
    Signal.objects.create(
        affiliate=affiliate, kind="undeclared_sites", evidence=evidence, raised_at=at, note=NOTE, state="dismissed"
    )


def _create_messages(affiliate: Affiliate, by: User) -> None:
    """Create a conversation, one of another affiliate and an announcement that both name them, and a subscription."""
    conversation = conversations.write_to_program(
        affiliate=affiliate, subject=f"{NAME} asks", text=REPLY, now=NOW, by=affiliate.user
    )
    conversations.answer_affiliate(conversation=conversation, text=NOTE, now=NOW, by=by)
    other = make_affiliate(at=STARTS_AT)
    for subject in (f"About {NAME}", f"About {NAME.upper()}!"):
        conversations.write_to_program(affiliate=other, subject=subject, text=f"{NAME} did.", now=NOW, by=other.user)
    answers = {"subject": f"{NAME} wins", "text": f"{NAME} sold the most."}
    announcement = announcements.save_draft(announcement=None, answers=answers, now=NOW, by=by)
    announcements.send(announcement=announcement, now=NOW, by=by)
    announcements.deliver_batches(now=NOW)
    sales.subscribe(affiliate=affiliate, now=STARTS_AT)
    order = Order.objects.get(order_id="SOLD")
    SaleNotice.objects.create(order=order, affiliate=affiliate, noticed_at=NOW)


def _create_records(affiliate: Affiliate, by: User) -> None:
    for row in (affiliate, affiliate.user, affiliate.channels.first(), affiliate.coupons.get()):
        assert row is not None
        content_type = ContentType.objects.get_for_model(row)
        LogEntry.objects.create(
            user=by,
            content_type=content_type,
            object_id=str(row.pk),
            object_repr=str(row),
            action_flag=2,
            change_message=f"Changed for {NAME}: {NOTE}",
        )
    after = {"name": NAME, "note": NOTE, "state": "active"}
    trail.record(action="affiliate changed", subject=affiliate, now=NOW, by=by, after=after, reason=NOTE)
    staff_notes.add_note(affiliate=affiliate, text=NOTE, now=NOW, by=by)
    staff_notes.add_tags(affiliate=affiliate, names=[TAG, "VIP"], reason=NOTE, now=NOW, by=by)
    former = affiliate.channels.get(address__contains=FORMER_HOST)
    before = {"address": former.address}
    trail.record(action="channel removed", subject=former, now=NOW, by=affiliate.user, before=before, reason="A test.")


def _name_elsewhere(affiliate: Affiliate, by: User) -> None:
    """Create rows about others, of every model that has a field to be scrubbed, that name the affiliate."""
    text = f"About {NAME}, {EMAIL}, {COUPON.lower()} and https://www.{HOST}/mina"
    other = make_affiliate(at=STARTS_AT, name="Ben Other")
    staff_notes.add_tags(affiliate=other, names=[f"near {HOST}", "vip"], reason="A test.", now=NOW, by=by)
    alerts.alert_staff(kind="task_disabled", key="1", context={"task": "a task", "failures": 3, "error": text})
    trail.record(action="affiliate changed", subject=other, now=NOW, by=by, after={"like": text}, reason=text)
    content_type = ContentType.objects.get_for_model(other)
    LogEntry.objects.create(
        user=by,
        content_type=content_type,
        object_id=str(other.pk),
        object_repr=text[:200],
        action_flag=2,
        change_message=text,
    )
    report = abuse_reports.submit_report(page_url=f"https://{HOST}/x", link_or_coupon="?", text=text, email="", now=NOW)
    assert report.affiliate is None
    Signal.objects.create(
        affiliate=other, kind="same_payout_details", evidence={"with": [text], text: 1}, raised_at=NOW, note=text
    )
    promotions.create_promotion(
        name=f"For {NAME}",
        rate=Decimal("7.50"),
        categories=[],
        affiliates=[],
        starts_at=NOW + timedelta(days=1),
        ends_at=NOW + timedelta(days=9),
        now=NOW,
        by=by,
    )
    task = ScheduledTask.objects.create(name="a task", result=text, error=text)
    TaskRun.objects.create(task=task, job="1", started_at=NOW, failed_at=NOW, error=text)
    IntegrityCheck.objects.create(
        name="ledger", day=NOW.date(), started_at=NOW, seconds=1, summary=text[:200], violation=text
    )
    file = OrderFile.objects.create(
        name=f"orders of {NAME}.csv", uploaded_at=NOW, uploaded_by=by, rows=1, headings=[], state="discarded"
    )
    OrderFileReject.objects.create(order_file=file, row=1, outcome="rejected", cause=text)
    _create_shop_order(text)


def _create_shop_order(text: str) -> None:
    """Create an order of a shop connection with the coupon, and its event, which was rejected."""
    shop = make_connection()
    order = {"version": "1", "data": {"coupons": [COUPON], "note": text}}
    ShopOrder.objects.create(connection=shop, order_key="1", order_id="plain-1", state={"order": order})
    ShopEvent.objects.create(
        connection=shop, delivery="1", topic="order", received_at=NOW, body=encryption.seal(text.encode()),
        state="refused", cause=text, processed_at=NOW,
    )  # fmt: skip


def _create_end(affiliate: Affiliate, by: User) -> None:
    affiliate.refresh_from_db()
    notice = termination.give_notice(affiliate=affiliate, ground="choice", reason=NOTE, now=NOW, by=by)
    termination.revoke_notice(notice=notice, reason=NOTE, now=NOW, by=by)
    affiliate.refresh_from_db()
    status_history.change_status(affiliate=affiliate, to=State.TERMINATED, now=NOW, by=by, reason=NOTE)
    erasure.request_erasure(affiliate=affiliate, now=NOW, by=affiliate.user)


def _fill_fields(affiliate: Affiliate) -> None:
    """Fill the free texts that no step above has filled."""
    sub_ids = dict.fromkeys(("sub1", "sub2", "sub3", "sub4", "sub5"), SUB_ID)
    for model in (Link, Click, Order):
        model._default_manager.update(**sub_ids)
    affiliate.channels.update(reason=NOTE)
    Commission.objects.update(forfeit_reason=NOTE)
    text = f"About {NAME}"
    Reject.objects.update(
        source=f"orders of {NAME}.csv", cause=text, note=text, corrected_content=f'{{"coupon": "{COUPON}"}}'
    )
    Message.objects.update(error=f"{EMAIL} is unknown to the server")
    AbuseReport.objects.filter(signal__affiliate=None).update(link_or_coupon=COUPON)
    AbuseReport.objects.filter(signal__affiliate=affiliate).update(
        page_url=f"https://elsewhere.example/{REPORTED_PAGE}", link_or_coupon=REPORTED_PAGE
    )


def credit(affiliate: Affiliate, amount: str) -> None:
    """Book `amount` to the affiliate's balance; a negative amount lowers it."""
    booking.post_transaction(
        source=f"a test:{uuid4()}",
        kind="a test",
        entries=[
            (Account.AFFILIATE_PAYABLE, affiliate, -Decimal(amount)),
            (Account.ADJUSTMENTS, None, Decimal(amount)),
        ],
        now=timezone.now(),
        by=None,
    )
