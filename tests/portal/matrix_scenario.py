"""A program in which every address leads to something, for the permission matrix."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client

from accounts import api_keys, groups
from accounts.models import User
from affiliates import channels, status_history
from affiliates.models import Affiliate, ApplicationQuestion, ApprovalRule, RejectionTemplate, State
from agreements import acceptances, declines, promotions, publishing, seeding, version_drafts
from agreements.models import AgreementVersion, Program
from audit.models import AuditRecord
from compliance.models import Review, ReviewFile, TargetCheck, TargetNotice
from compliance.offboarding import termination
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from compliance.signals import abuse_reports
from compliance.targets import checks
from compliance.targets.pauses import declare_pause
from mail.models import Message
from mail.unsubscription import build_unsubscribe_url
from messaging import announcements, conversations
from messaging.models import AnnouncementReceipt
from payouts.commissions import holds
from payouts.disbursement import approval, bank_results, exports
from payouts.ledger import adjustments
from payouts.models import CloseException, CommissionHold, LedgerEntry, LedgerTransaction, PayoutBatch
from payouts.payout_details import details
from portal import erasure, invitations, scheduled_tasks
from portal.models import IntegrityCheck, ScheduledTask
from shops import intake
from shops.csv_import import files
from shops.csv_import.columns import REQUIRED
from shops.models import Connection, Reject
from tests.creatives.samples import upload_banner
from tests.factories import PASSWORD, make_affiliate, make_staff, make_user
from tests.scenarios import build_order, close_months, parse_utc
from tests.shop.connection import create_connection
from tests.shops.connectors.plain_shop import make_connection
from tracking.links import coupons, tracking_links
from tracking.models import Click, ClickLoss, Order

STARTS_AT = parse_utc("2025-08-01")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONTHS = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02")


@dataclass
class Scenario:
    """The users by role; an example row of each model; the arguments of addresses that need a particular object."""

    people: dict[str, User]
    rows: dict[str, Model]
    named: dict[str, dict[str, Any]]

    def kwargs(self, name: str) -> dict[str, Any]:
        """Return the arguments of the address `name`: its own, else the example row of its model."""
        if name in self.named:
            return self.named[name]
        model = max((key for key in self.rows if name.startswith(f"admin:{key}_")), key=len)
        return {"object_id": self.rows[model].pk}


def days_before(days: float) -> datetime:
    return NOW - timedelta(days=days)


def build_scenario() -> Scenario:
    superuser = make_staff(superuser=True)
    staff = {
        "managers": make_staff(groups.AFFILIATE_MANAGERS),
        "reviewers": make_staff(groups.COMPLIANCE_REVIEWERS),
        "preparers": make_staff(groups.PAYOUT_PREPARERS),
        "approvers": make_staff(groups.PAYOUT_APPROVERS),
        "superuser": superuser,
    }
    first = seeding.publish_seed_agreement(effective_at=STARTS_AT, now=STARTS_AT, by=superuser)
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    owner, other, suspended, terminated = (_create_active_affiliate(first) for _number in range(4))
    status_history.change_status(
        affiliate=suspended, to=State.SUSPENDED, now=days_before(20), by=superuser, reason="a test"
    )
    people = {"owner": owner, "other": other, "suspended": suspended, "terminated": terminated}
    for user in (*staff.values(), *(affiliate.user for affiliate in people.values())):
        # Accounts without a password are never required to confirm it.
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    scenario = Scenario(
        {"visitor": User()} | {role: affiliate.user for role, affiliate in people.items()} | staff, {}, {}
    )
    steps: tuple[Callable[..., None], ...] = (
        _create_tracking,
        _create_closes,
        _create_reviews,
        _create_agreements,
        _create_applications,
        _create_messages,
        _create_accounts,
    )
    for step in steps:
        step(scenario, owner, staff)
    status_history.change_status(
        affiliate=terminated, to=State.TERMINATED, now=days_before(10), by=superuser, reason="a test"
    )
    remember(scenario, erasure.request_erasure(affiliate=terminated, now=days_before(5), by=terminated.user))
    remember(scenario, Message.objects.latest("id"), AuditRecord.objects.latest("id"))
    return scenario


def remember(scenario: Scenario, *rows: Model | None, **by_address: Model) -> None:
    """Store rows as the examples of their models, and `by_address` for one admin address each (without `admin:`)."""
    for row in rows:
        assert row is not None
        scenario.rows[f"{row._meta.app_label}_{row._meta.model_name}"] = row
    scenario.named |= {f"admin:{name}": {"object_id": row.pk} for name, row in by_address.items()}


def _create_active_affiliate(agreement: AgreementVersion) -> Affiliate:
    """Create an affiliate who is active since the start of the program and paid by PayPal."""
    affiliate = make_affiliate(state=State.APPROVED, at=STARTS_AT)
    acceptances.record_offline_acceptance(
        affiliate=affiliate, agreement=agreement, accepted_at=STARTS_AT, evidence="signed paper", now=STARTS_AT, by=None
    )
    account = affiliate.user.email
    details.change_details(
        affiliate=affiliate, method="paypal", account=account, holder="Holder", now=STARTS_AT, by=None, hold=False
    )
    affiliate.refresh_from_db()
    return affiliate


def _create_tracking(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create a link with a click, a paused and an archived link, a coupon, two orders and a rejected order."""
    link, paused, archived = (
        tracking_links.create_link(
            affiliate=owner, target="https://shop.example.com/", name="", sub_ids=(), now=STARTS_AT, by=None
        )
        for _number in range(3)
    )
    tracking_links.pause_link(link=paused, now=NOW, by=owner.user)
    tracking_links.archive_link(link=archived, now=NOW, by=owner.user)
    assert Client().get(f"/r/{link.code}").status_code == 302
    coupon = coupons.assign_coupon(affiliate=owner, code="OWNER10", assigned_from=STARTS_AT, now=STARTS_AT, by=None)
    old = build_order("OLD", coupon="OWNER10", completed="2025-10-06T12:00:00Z", placed="2025-10-05T12:00:00Z")
    new = build_order("NEW", coupon="OWNER10", placed="2026-03-01T12:00:00Z", at="2026-03-01T12:00:00Z")
    intake.ingest_orders(snapshots=[old, new, old | {"currency": "GBP"}], source="a test", now=NOW)
    order = Order.objects.get(order_id="OLD")
    remember(scenario, link, coupon, order, Click.objects.first(), Reject.objects.get())
    remember(scenario, tracking_link_resume=paused, tracking_link_restore=archived)
    _create_creative(scenario)
    _create_connections(scenario)
    remember(scenario, ClickLoss.objects.create(count=1))
    _create_order_files(scenario, staff["preparers"])
    actions = ("", "_pause", "_archive", "_restore", "_qr_svg", "_qr_png")
    scenario.named |= {f"tracking:link{rest}": {"pk": link.pk} for rest in actions}
    scenario.named["tracking:link_resume"] = {"pk": paused.pk}
    scenario.named["tracking:follow"] = {"code": link.code}
    scenario.named["payouts:order"] = {"pk": order.pk}
    scenario.named["api_order"] = {"order_id": "OLD"}
    scenario.named["api_report"] = {"name": "orders"}
    scenario.named["shops:generic_paths"] = {"pk": create_connection("a-secret-of-the-shop").pk}


def _create_creative(scenario: Scenario) -> None:
    """Create a banner that every affiliate may copy."""
    banner = upload_banner(target="https://shop.example.com/", now=STARTS_AT)
    remember(scenario, banner)
    scenario.named |= {f"creatives:{name}": {"pk": banner.pk} for name in ("creative", "link", "image")}


def _create_connections(scenario: Scenario) -> None:
    """Create an active connection and a paused one."""
    paused = make_connection("paused shop", "paused")
    Connection.objects.filter(pk=paused.pk).update(state=Connection.State.PAUSED)
    remember(scenario, make_connection(), shops_connection_resume=paused)
    scenario.named["hook"] = {"pk": uuid4()}


def _create_order_files(scenario: Scenario, preparer: User) -> None:
    """Create an imported order file, and one that its uploader has yet to import."""
    names = ",".join(REQUIRED)
    at = "2026-03-01T12:00:00Z"
    created = []
    for _number in range(2):
        content = io.BytesIO(f"{names}\nF1,{at},paid,{at},USD,1,home-decor,1,1.00,0.00\n".encode())
        file = files.store_file(name="orders.csv", content=content, now=NOW, by=preparer)
        files.match_columns(file=file, mapping=files.propose_mapping(file), now=NOW)
        file.refresh_from_db()
        created.append(file)
    imported, waiting = created
    files.import_orders(file=imported, digest=files.compute_digest(imported), now=NOW, by=preparer)
    actions = ("match", "import_orders", "discard")
    remember(scenario, imported, **{f"shops_orderfile_{name}": waiting for name in actions})


def _create_closes(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Close five months, with batches in every state from sent to draft."""
    preparer, approver = staff["preparers"], staff["approvers"]
    created: dict[str, PayoutBatch] = {}
    fields: dict[str, Any] = {"affiliate": owner, "kind": "bonus", "amount": Decimal("60.00"), "reason": "So."}
    for month in MONTHS:
        at = parse_utc(f"{month}-20")
        adjustment = adjustments.propose(**fields, now=at, by=preparer)
        adjustments.approve(adjustment=adjustment, now=at, by=approver)
        [close] = close_months(month, now=NOW)
        created[month] = close.batches.get()
    for month in MONTHS[:4]:
        approval.submit(batch=created[month], now=NOW, by=preparer)
    for month in MONTHS[:3]:
        digest = approval.summarize_batch(created[month], NOW).digest
        approval.approve(batch=created[month], digest=digest, now=NOW, by=approver)
    for month in MONTHS[:2]:
        exports.export(batch=created[month], now=NOW, by=preparer)
    failed, sent, approved, submitted, draft = created.values()
    payout = failed.payouts.get()
    result = f"reference,result,amount,reason\n{payout.reference},failed,{payout.amount},closed\n".encode()
    bank_results.import_results(content=result, now=NOW, by=preparer)
    statement = owner.statements.get(close__period="2025-11-01")
    remember(scenario, draft, draft.payouts.get(), statement, statement.close, owner.payout_details.get())
    remember(scenario, LedgerTransaction.objects.first(), LedgerEntry.objects.first())
    remember(scenario, adjustments.propose(**fields, now=NOW, by=preparer), payouts_payout_reissue=payout)
    remember(scenario, holds.hold_payouts(affiliate=owner, source="staff", reason="So.", now=NOW, by=approver))
    remember(scenario, CloseException.objects.create(close=statement.close, affiliate=owner, cause="a test"))
    remember(scenario, payouts_payoutbatch_approve=submitted, payouts_payoutbatch_return_to_draft=submitted)
    remember(scenario, payouts_payoutbatch_export=approved, payouts_payoutbatch_mark_paid=sent)
    scenario.named["admin:payouts_ledgertransaction_account"] = {"account": "cash"}
    scenario.named["admin:payouts_payoutbatch_file"] = {"batch": sent.pk, "pk": sent.files.get().pk}
    token = build_unsubscribe_url("month_closed", owner.code).split("/")[-2]
    scenario.named["portal:unsubscribe"] = {"token": token}
    scenario.named["portal:invitation"] = {"token": invitations.build_token(owner.user_id)}
    scenario.named["payouts:confirm_details"] = {"pk": owner.payout_details.get().pk}
    scenario.named |= {f"payouts:statement{rest}": {"pk": statement.pk} for rest in ("", "_pdf", "_csv")}


def _create_reviews(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create an open review with a file and a hold, an appealed review, a notice, targets and an abuse report."""
    by = staff["reviewers"]
    new = Order.objects.get(order_id="NEW").lines.get().commission
    fields: dict[str, Any] = {"affiliate": owner, "activity": "fraud", "summary": "Odd.", "by": by}
    appealed = open_review(**fields, now=days_before(30))
    replies.reply(review=appealed, text="No.", now=days_before(29), by=owner.user)
    # Not by the reviewer of the matrix, who may decide the appeal.
    decider = make_staff(groups.COMPLIANCE_REVIEWERS)
    decisions.decide(review=appealed, decision=Review.Decision.WARNING, reason="So.", now=days_before(25), by=decider)
    appeals.appeal(review=appealed, text="No!", now=days_before(24), by=owner.user)
    review = open_review(**fields, now=days_before(2), commissions=[new])
    replies.reply(review=review, text="No.", files=[("n.txt", b"note")], now=days_before(1), by=owner.user)
    file = ReviewFile.objects.get()
    remember(scenario, review, new, CommissionHold.objects.get(), compliance_review_decide_appeal=appealed)
    signal = abuse_reports.submit_report(page_url="", link_or_coupon="OWNER10", text="Spam.", email="", now=NOW)
    terminating = _create_active_affiliate(AgreementVersion.objects.get(number=1))
    notice = termination.give_notice(affiliate=terminating, ground="choice", reason="So.", now=days_before(3), by=by)
    day = NOW.date()
    remember(scenario, signal, signal.report, notice, affiliates_affiliate_revoke_notice=terminating)
    remember(scenario, declare_pause(starts_on=day, ends_on=day, reason="So.", now=NOW, by=by))
    # Targets are only checked in an open program, but the matrix needs one that can still be opened.
    Program.objects.update(opened_at=STARTS_AT)
    checks.check_targets(now=NOW)
    Program.objects.update(opened_at=None)
    remember(scenario, TargetCheck.objects.first(), TargetNotice.objects.first())
    scenario.named["admin:compliance_review_file"] = {"pk": file.pk}
    scenario.named |= {f"compliance:{name}": {"pk": review.pk} for name in ("review", "reply", "answer")}
    scenario.named["compliance:appeal"] = {"pk": appealed.pk}
    scenario.named["compliance:review_file"] = {"pk": review.pk, "file_pk": file.pk}


def _create_agreements(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create an upcoming version that affiliates must accept, a draft after it and a promotion."""
    superuser = staff["superuser"]
    upcoming = version_drafts.start_draft(now=NOW, by=superuser)
    AgreementVersion.objects.filter(pk=upcoming.pk).update(attribution_days=upcoming.attribution_days - 1)
    publishing.publish_version(agreement=upcoming, effective_at=NOW + timedelta(days=60), now=NOW, by=superuser)
    remember(
        scenario,
        version_drafts.start_draft(now=NOW, by=superuser),
        Program.current(),
        agreements_agreementversion_withdraw=upcoming,
    )
    declining = _create_active_affiliate(AgreementVersion.objects.get(number=1))
    remember(scenario, declines.record_decline(affiliate=declining, agreement=upcoming, now=NOW, by=None))
    acceptance = owner.acceptances.get()
    fields: dict[str, Any] = {"starts_at": NOW + timedelta(days=1), "ends_at": NOW + timedelta(days=9)}
    promotion = promotions.create_promotion(
        name="Weeks", rate=Decimal("7.50"), categories=[], affiliates=[], **fields, now=NOW, by=superuser
    )
    remember(scenario, acceptance, promotion)
    names = ("version", "version_pdf", "version_text", "version_terms", "version_changes")
    scenario.named |= {f"agreements:{name}": {"pk": upcoming.pk} for name in names}
    scenario.named |= {
        f"portal:agreement_{name}": {"pk": upcoming.pk} for name in ("accept", "decline", "take_back_decline")
    }
    scenario.named["portal:agreement_evidence"] = {"pk": acceptance.pk}
    scenario.named["compliance:backtest"] = {"pk": upcoming.pk}


def _create_applications(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create an applicant, a pending channel, and what staff set for applications."""
    question = ApplicationQuestion.objects.create(position=1, text="How do you promote?")
    template = RejectionTemplate.objects.create(name="Readers", text="Too few readers.")
    remember(scenario, question, template, ApprovalRule.current())
    fields = {"kind": "blog", "address": "https://blog.example.com/"}
    channel = channels.add(affiliate=owner, **fields, now=NOW, by=owner.user)
    applied = make_affiliate(state=State.APPLIED, at=NOW)
    remember(scenario, owner, channel, affiliates_affiliate_approve=applied, affiliates_affiliate_reject=applied)
    suspended = Affiliate.objects.get(state=State.SUSPENDED)
    remember(scenario, affiliates_affiliate_reinstate=suspended, affiliates_affiliate_hold_payouts=suspended)
    scenario.named["affiliates:channel_remove"] = {"pk": channel.pk}


def _create_messages(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create a conversation, a sent announcement that only the owner received, a draft and an e-mail."""
    by = staff["managers"]
    conversation = conversations.write_to_program(
        affiliate=owner, subject="Hello", text="A question.", now=NOW, by=owner.user
    )
    answers = {"subject": "News", "text": "There is news."}
    sent, draft = (announcements.save_draft(announcement=None, answers=answers, now=NOW, by=by) for _number in range(2))
    announcements.send(announcement=sent, now=NOW, by=by)
    AnnouncementReceipt.objects.create(announcement=sent, affiliate=owner, received_at=NOW)
    remember(scenario, conversation, draft)
    email = Message.objects.filter(user=owner.user).latest("id")
    scenario.named["messaging:conversation"] = {"pk": conversation.pk}
    scenario.named["messaging:announcement"] = {"pk": sent.pk}
    scenario.named["messaging:notification"] = {"pk": email.pk}


def _create_accounts(scenario: Scenario, owner: Affiliate, staff: dict[str, User]) -> None:
    """Create an account with two-step verification, an API key and a scheduled task."""
    key, _secret = api_keys.create(name="The shop", now=NOW, by=staff["superuser"])
    user = make_user()
    factor = TOTP.activate(user, generate_totp_secret()).instance
    remember(scenario, user, EmailAddress.objects.get(user=user), factor, key, Group.objects.first())
    scheduled_tasks.start_run(name="a test", job="1", now=NOW)
    task = ScheduledTask.objects.get()
    ScheduledTask.objects.update(disabled_at=NOW)
    remember(
        scenario,
        task,
        IntegrityCheck.objects.create(name="ledger", day=NOW.date(), started_at=NOW, seconds=1, summary="all"),
    )
    scenario.named["admin:auth_user_password_change"] = {"id": user.pk}
    scenario.named["admin:view_on_site"] = {"content_type_id": 1, "object_id": 1}
    scenario.named["admin:app_list"] = {"app_label": "payouts"}
    passkey = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key", "credential": {}})
    scenario.named["mfa_edit_webauthn"] = scenario.named["mfa_remove_webauthn"] = {"pk": passkey.pk}
    scenario.named["account_confirm_email"] = {"key": "unknown"}
    scenario.named["account_reset_password_from_key"] = {"uidb36": "0", "key": "set-password"}
