"""Creates a program with at least one row in every append-only or published table.

Run by `manage.py shell` with the database role of the application.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.management import call_command

from accounts.models import User
from affiliates import staff_notes
from affiliates.models import Affiliate, ApprovalRule, State
from agreements import publishing, translation_edits, version_drafts
from agreements.models import AgreementVersion, Program
from agreements.translation_edits import TranslatedWords
from compliance.models import TargetCheck
from compliance.reviews import replies
from compliance.reviews.open_review import open_review
from config.celery import app
from creatives import affiliate_links
from messaging import conversations
from payouts.closing.open_program import open_program
from payouts.disbursement import approval, exports
from payouts.models import Close, CloseException, Commission, PayoutBatch
from portal.applications import apply_rule
from tests.creatives.samples import TARGET, open_shop, upload_banner
from tests.factories import make_affiliate
from tests.scenarios import build_order, create_program, import_affiliates
from tracking.links import tracking_links

COMPLETED = "2026-01-12T12:00:00Z"  # with 30 days of holding period: settled by the close of February
DAY = timedelta(days=1)


def create_full_program(folder: Path) -> None:
    now = datetime.now(UTC)
    create_program("2026-01-01")
    affiliates = import_affiliates(["ANN", "BEN"], folder)
    create_commissions(folder)
    export_payouts(now)
    open_review_with_reply(affiliates["ANN"], now)
    publish_and_withdraw(now)
    publish_links(affiliates["ANN"], now)
    write_about(affiliates["ANN"], now)
    check_application_by_rule(now)
    open_program(now=now, by=None)
    run_scheduled_tasks()
    assert TargetCheck.objects.exists()
    for command in ("verify_ledger", "verify_acceptances"):
        call_command(command)
    call_command("replay", "--all")
    call_command("export_acceptance", "1", output=folder / "acceptance.zip")
    # Created directly, because it takes corrupt data to cause a close exception.
    CloseException.objects.create(close=Close.objects.earliest("period"), affiliate=affiliates["BEN"], cause="a test")
    assert Program.objects.get().opened_at == now


def run_scheduled_tasks() -> None:
    """Run every scheduled task once."""
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        app.tasks[entry["task"]]()


def create_commissions(folder: Path) -> None:
    """Create a commission of 20.00 for each affiliate: 400.00 of home-decor at 5.00 %."""
    file = folder / "orders.ndjson"
    orders = [
        build_order(f"{code}-1", ("home-decor", "400.00"), at=COMPLETED, completed=COMPLETED, coupon=code)
        for code in ("ANN", "BEN")
    ]
    file.write_text("\n".join(map(json.dumps, orders)), encoding="utf-8")
    call_command("load_orders", str(file), "--strict")
    call_command("close_month", "2026-01")
    call_command("close_month", "2026-02")
    assert [str(commission.amount) for commission in Commission.objects.all()] == ["20.00", "20.00"]


def export_payouts(now: datetime) -> None:
    batch = PayoutBatch.objects.get()
    preparer, approver = (User.objects.create_user(f"{name}@example.com", None) for name in ("preparer", "approver"))
    approval.submit(batch=batch, now=now, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, now).digest, now=now, by=approver)
    [file] = exports.export(batch=batch, now=now, by=preparer)
    assert file.sha256


def open_review_with_reply(affiliate: Affiliate, now: datetime) -> None:
    review = open_review(affiliate=affiliate, activity="spamming", summary="A test.", now=now, by=None)
    replies.reply(
        review=review, text="This is a mistake.", files=[("proof.txt", b"Proof.")], now=now, by=affiliate.user
    )


def publish_and_withdraw(now: datetime) -> None:
    draft = version_drafts.start_draft(now=now, by=None)
    translation_edits.add_language(agreement=draft, language="de", now=now, by=None)
    clauses = {clause.pk: TranslatedWords(clause.heading, clause.body) for clause in draft.clauses.all()}
    activities = {activity.pk: TranslatedWords(activity.title, activity.text) for activity in draft.activities.all()}
    translation_edits.save_translations(agreement=draft, language="de", words=clauses | activities, now=now, by=None)
    publishing.publish_version(agreement=draft, effective_at=now + 30 * DAY, now=now, by=None)
    publishing.withdraw_version(agreement=AgreementVersion.objects.get(pk=draft.pk), now=now, by=None, reason="A test.")


def publish_links(affiliate: Affiliate, now: datetime) -> None:
    """Create a link under a name of its own, and one of a banner."""
    open_shop()
    tracking_links.create_link(affiliate=affiliate, target=TARGET, own_name="ann-garden", now=now, by=affiliate.user)
    affiliate_links.provide_link(creative=upload_banner(now=now), affiliate=affiliate, now=now, by=affiliate.user)


def write_about(affiliate: Affiliate, now: datetime) -> None:
    """Write a message of the affiliate, and a note of staff about them."""
    conversations.write_to_program(
        affiliate=affiliate, subject="Photos", text="May I use your photos?", now=now, by=affiliate.user
    )
    staff_notes.add_note(
        affiliate=affiliate, text="Asked for photos.", now=now, by=User.objects.get(email="preparer@example.com")
    )


def check_application_by_rule(now: datetime) -> None:
    ApprovalRule.objects.create(
        is_active=True, agreement_permits=True, requires_single_application=True, changed_at=now
    )
    make_affiliate(state=State.APPLIED, at=now)
    assert apply_rule(now=now) == (1, 0)
