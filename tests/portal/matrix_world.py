"""A program in which every address leads to something, for the matrix of who may what; made by the product's own functions."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client

from accounts import api_keys, groups
from accounts.models import User
from affiliates import channels, standing
from affiliates.models import Affiliate, State
from agreements import accepting, drafting, promotions, publishing, seeding
from agreements.models import Agreement, Program
from audit.models import AuditRecord
from compliance.models import Review, ReviewFile, TargetCheck, TargetNotice
from compliance.offboarding import termination
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from compliance.signals import abuse_reports
from compliance.targets import checks
from mail.models import Message
from payouts.commissions import holds
from payouts.disbursement import approval, bank_results, exports
from payouts.ledger import adjustments
from payouts.models import CommissionHold, LedgerEntry, LedgerTransaction, PayoutBatch, SetAside
from payouts.payout_details import details
from portal import erasure, questions
from portal.models import Proof, Question
from shops import intake
from shops.csv_import import files
from shops.csv_import.columns import REQUIRED
from shops.models import Reject
from tests.factories import PASSWORD, make_affiliate, make_staff, make_user
from tests.worlds import close_months, moment, order
from tracking.links import coupons, tracking_links
from tracking.models import Click, ClickLoss, Order

BEGIN = moment("2025-08-01")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONTHS = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02")


@dataclass
class World:
    """Who asks, by the name of their part; what the addresses name, by model; the objects that an address needs in a state."""

    people: dict[str, User]
    rows: dict[str, Model]
    named: dict[str, dict[str, Any]]

    def kwargs(self, name: str) -> dict[str, Any]:
        """What the address `name` names: its own object, else that of its model."""
        if name in self.named:
            return self.named[name]
        model = max((key for key in self.rows if name.startswith(f"admin:{key}_")), key=len)
        return {"object_id": self.rows[model].pk}


def before(days: float) -> datetime:
    return NOW - timedelta(days=days)


def build() -> World:
    boss = make_staff(superuser=True)
    staff = {
        "managers": make_staff(groups.AFFILIATE_MANAGERS),
        "reviewers": make_staff(groups.COMPLIANCE_REVIEWERS),
        "preparers": make_staff(groups.PAYOUT_PREPARERS),
        "approvers": make_staff(groups.PAYOUT_APPROVERS),
        "boss": boss,
    }
    first = seeding.seed(effective_at=BEGIN, now=BEGIN, by=boss)
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    owner, other, suspended, terminated = (_accepted(first) for _number in range(4))
    standing.move(affiliate=suspended, to=State.SUSPENDED, now=before(20), by=boss, reason="a test")
    people = {"owner": owner, "other": other, "suspended": suspended, "terminated": terminated}
    for user in (*staff.values(), *(one.user for one in people.values())):
        # Who has none is never asked for it again.
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    world = World({"visitor": User()} | {part: one.user for part, one in people.items()} | staff, {}, {})
    parts: tuple[Callable[..., None], ...] = (_promote, _money, _conduct, _agreements, _affiliates, _house)
    for part in parts:
        part(world, owner, staff)
    standing.move(affiliate=terminated, to=State.TERMINATED, now=before(10), by=boss, reason="a test")
    keep(world, erasure.ask(affiliate=terminated, now=before(5), by=terminated.user))
    keep(world, Message.objects.latest("id"), AuditRecord.objects.latest("id"))
    return world


def keep(world: World, *rows: Model | None, **only: Model) -> None:
    """Remember rows as their models' examples, and those named by an address (without `admin:`) for it alone."""
    for row in rows:
        assert row is not None
        world.rows[f"{row._meta.app_label}_{row._meta.model_name}"] = row
    world.named |= {f"admin:{name}": {"object_id": row.pk} for name, row in only.items()}


def _accepted(agreement: Agreement) -> Affiliate:
    """Active since the program began, paid by PayPal."""
    affiliate = make_affiliate(state=State.APPROVED, at=BEGIN)
    accepting.record_offline(
        affiliate=affiliate, agreement=agreement, accepted_at=BEGIN, evidence="signed paper", now=BEGIN, by=None
    )
    account = affiliate.user.email
    details.change(
        affiliate=affiliate, method="paypal", account=account, holder="Somebody", now=BEGIN, by=None, hold=False
    )
    affiliate.refresh_from_db()
    return affiliate


def _promote(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """A link with a click, one that is paused, a coupon, two orders, and a row that was refused."""
    link, paused = (
        tracking_links.create(affiliate=owner, target="https://shop.example.com/", name="", subs=(), now=BEGIN, by=None)
        for _number in range(2)
    )
    tracking_links.pause(link=paused, now=NOW, by=owner.user)
    assert Client().get(f"/r/{link.code}").status_code == 302
    coupon = coupons.bind(affiliate=owner, code="OWNER10", bound_from=BEGIN, now=BEGIN, by=None)
    old = order("OLD", coupon="OWNER10", completed="2025-10-06T12:00:00Z", placed="2025-10-05T12:00:00Z")
    new = order("NEW", coupon="OWNER10", placed="2026-03-01T12:00:00Z", at="2026-03-01T12:00:00Z")
    intake.take(snapshots=[old, new, old | {"currency": "GBP"}], source="a test", now=NOW)
    ordered = Order.objects.get(order_id="OLD")
    keep(world, link, coupon, ordered, Click.objects.first(), Reject.objects.get(), tracking_link_resume=paused)
    keep(world, ClickLoss.objects.create(count=1))
    _files(world, staff["preparers"])
    world.named |= {f"tracking:link{rest}": {"pk": link.pk} for rest in ("", "_pause", "_qr_svg", "_qr_png")}
    world.named["tracking:link_resume"] = {"pk": paused.pk}
    world.named["tracking:follow"] = {"code": link.code}
    world.named["payouts:order"] = {"pk": ordered.pk}
    world.named["api_order"] = {"order_id": "OLD"}


def _files(world: World, preparer: User) -> None:
    """A file of orders that is imported, and one that waits for whoever uploaded it."""
    names = ",".join(REQUIRED)
    at = "2026-03-01T12:00:00Z"
    made = []
    for _number in range(2):
        content = io.BytesIO(f"{names}\nF1,{at},paid,{at},USD,1,home-decor,1,1.00,0.00\n".encode())
        file = files.upload(name="orders.csv", content=content, now=NOW, by=preparer)
        files.match(file=file, columns=files.proposed(file), now=NOW)
        file.refresh_from_db()
        made.append(file)
    imported, waiting = made
    files.take_in(file=imported, digest=files.seen(imported), now=NOW, by=preparer)
    decided = ("match", "take_in", "discard")
    keep(world, imported, **{f"shops_orderfile_{name}": waiting for name in decided})


def _money(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """Five closed months, whose batches stand at every step from sent to draft."""
    preparer, approver = staff["preparers"], staff["approvers"]
    made: dict[str, PayoutBatch] = {}
    given: dict[str, Any] = {"affiliate": owner, "kind": "bonus", "amount": Decimal("60.00"), "reason": "So."}
    for month in MONTHS:
        at = moment(f"{month}-20")
        adjustment = adjustments.propose(**given, now=at, by=preparer)
        adjustments.approve(adjustment=adjustment, now=at, by=approver)
        [close] = close_months(month, now=NOW)
        made[month] = close.batches.get()
    for month in MONTHS[:4]:
        approval.submit(batch=made[month], now=NOW, by=preparer)
    for month in MONTHS[:3]:
        digest = approval.summary(made[month], NOW).digest
        approval.approve(batch=made[month], digest=digest, now=NOW, by=approver)
    for month in MONTHS[:2]:
        exports.export(batch=made[month], now=NOW, by=preparer)
    failed, sent, approved, submitted, draft = made.values()
    payout = failed.payouts.get()
    result = f"reference,result,amount,reason\n{payout.reference},failed,{payout.amount},closed\n".encode()
    bank_results.import_results(content=result, now=NOW, by=preparer)
    statement = owner.statements.get(close__period="2025-11-01")
    keep(world, draft, draft.payouts.get(), statement, statement.close, owner.payout_details.get())
    keep(world, LedgerTransaction.objects.first(), LedgerEntry.objects.first())
    keep(world, adjustments.propose(**given, now=NOW, by=preparer), payouts_payout_reissue=payout)
    keep(world, holds.hold_payouts(affiliate=owner, source="staff", reason="So.", now=NOW, by=approver))
    keep(world, SetAside.objects.create(close=statement.close, affiliate=owner, cause="a test"))
    keep(world, payouts_payoutbatch_approve=submitted, payouts_payoutbatch_to_draft=submitted)
    keep(world, payouts_payoutbatch_export=approved, payouts_payoutbatch_paid=sent)
    world.named["admin:payouts_ledgertransaction_account"] = {"account": "cash"}
    world.named["admin:payouts_payoutbatch_file"] = {"batch": sent.pk, "pk": sent.files.get().pk}
    world.named |= {f"payouts:statement{rest}": {"pk": statement.pk} for rest in ("", "_pdf", "_csv")}


def _conduct(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """An open review with a file and a held commission, an appealed one, a notice, targets and a report."""
    by = staff["reviewers"]
    new = Order.objects.get(order_id="NEW").lines.get().commission
    given: dict[str, Any] = {"affiliate": owner, "activity": "fraud", "summary": "Odd.", "by": by}
    appealed = open_review(**given, now=before(30))
    replies.reply(review=appealed, text="No.", now=before(29), by=owner.user)
    decisions.decide(review=appealed, decision=Review.Decision.WARNING, reason="So.", now=before(25), by=by)
    appeals.appeal(review=appealed, text="No!", now=before(24), by=owner.user)
    review = open_review(**given, now=before(2), commissions=[new])
    replies.reply(review=review, text="No.", files=[("n.txt", b"note")], now=before(1), by=owner.user)
    file = ReviewFile.objects.get()
    keep(world, review, new, CommissionHold.objects.get(), compliance_review_decide_appeal=appealed)
    signal = abuse_reports.report(where="", link_or_coupon="OWNER10", text="Spam.", email="", now=NOW)
    noticed = _accepted(Agreement.objects.get(number=1))
    notice = termination.give_notice(affiliate=noticed, ground="choice", reason="So.", now=before(3), by=by)
    day = NOW.date()
    keep(world, signal, signal.report, notice)
    keep(world, checks.declare_pause(starts_on=day, ends_on=day, reason="So.", now=NOW, by=by))
    # Targets are asked in an open program alone, and opening is offered in one alone that is not.
    Program.objects.update(opened_at=BEGIN)
    checks.check(now=NOW)
    Program.objects.update(opened_at=None)
    keep(world, TargetCheck.objects.first(), TargetNotice.objects.first())
    world.named["admin:compliance_review_file"] = {"pk": file.pk}
    world.named |= {f"compliance:{name}": {"pk": review.pk} for name in ("review", "reply")}
    world.named["compliance:appeal"] = {"pk": appealed.pk}
    world.named["compliance:review_file"] = {"pk": review.pk, "file_pk": file.pk}


def _agreements(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """A version to come that all are asked to accept, a draft after it, and a promotion."""
    boss = staff["boss"]
    coming = drafting.start(now=NOW, by=boss)
    Agreement.objects.filter(pk=coming.pk).update(attribution_days=coming.attribution_days - 1)
    publishing.publish(agreement=coming, effective_at=NOW + timedelta(days=60), now=NOW, by=boss)
    keep(world, drafting.start(now=NOW, by=boss), Program.current(), agreements_agreement_withdraw=coming)
    acceptance = owner.acceptances.get()
    given: dict[str, Any] = {"starts_at": NOW + timedelta(days=1), "ends_at": NOW + timedelta(days=9)}
    promotion = promotions.create(
        name="Weeks", rate=Decimal("7.50"), categories=[], affiliates=[], **given, now=NOW, by=boss
    )
    keep(world, acceptance, promotion)
    names = ("version", "version_pdf", "version_text", "version_terms", "version_changes", "accept", "decline")
    world.named |= {f"agreements:{name}": {"pk": coming.pk} for name in names}
    world.named["portal:agreement_evidence"] = {"pk": acceptance.pk}
    world.named["compliance:rehearsal"] = {"pk": coming.pk}


def _affiliates(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """Somebody who has applied, and a channel that waits."""
    given = {"kind": "blog", "address": "https://blog.example.com/"}
    channel = channels.add(affiliate=owner, **given, now=NOW, by=owner.user)
    applied = make_affiliate(state=State.APPLIED, at=NOW)
    keep(world, owner, channel, affiliates_affiliate_approve=applied, affiliates_affiliate_reject=applied)
    keep(world, affiliates_affiliate_reinstate=Affiliate.objects.get(state=State.SUSPENDED))
    world.named["affiliates:channel_remove"] = {"pk": channel.pk}


def _house(world: World, owner: Affiliate, staff: dict[str, User]) -> None:
    """An account with a second factor, an API key, a group."""
    key, _secret = api_keys.create(name="The shop", now=NOW, by=staff["boss"])
    somebody = make_user()
    factor = TOTP.activate(somebody, generate_totp_secret()).instance
    keep(world, somebody, EmailAddress.objects.get(user=somebody), factor, key, Group.objects.first())
    questions.begin(name="a test", job="1", now=NOW)
    question = Question.objects.get()
    Question.objects.update(set_aside_at=NOW)
    keep(world, question, Proof.objects.create(name="ledger", day=NOW.date(), began_at=NOW, seconds=1, proven="all"))
    world.named["admin:auth_user_password_change"] = {"id": somebody.pk}
    world.named["admin:view_on_site"] = {"content_type_id": 1, "object_id": 1}
    world.named["admin:app_list"] = {"app_label": "payouts"}
    world.named["account_confirm_email"] = {"key": "nobody-s"}
    world.named["account_reset_password_from_key"] = {"uidb36": "0", "key": "set-password"}
