"""A little life in an empty database, by the commands and functions that an installation uses: at the end there is a row in
every table that is append-only or published. Run by `manage.py shell` under the role that the application has."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.management import call_command

from accounts.models import User
from affiliates.models import Affiliate
from agreements import drafting, publishing, translating
from agreements.models import Agreement, Program
from agreements.translating import Words
from compliance.models import TargetCheck
from compliance.reviews import replies
from compliance.reviews.open_review import open_review
from config.celery import app
from payouts.closing.open_program import open_program
from payouts.disbursement import approval, exports
from payouts.models import Close, Commission, PayoutBatch, SetAside
from tests.worlds import begin, bring_over, order

DONE = "2026-01-12T12:00:00Z"  # + 30 days: settled by the close of February
DAY = timedelta(days=1)


def live(folder: Path) -> None:
    now = datetime.now(UTC)
    begin("2026-01-01")
    people = bring_over(["ANN", "BEN"], folder)
    earn(folder)
    pay(now)
    be_reviewed(people["ANN"], now)
    publish_and_withdraw(now)
    open_program(now=now, by=None)
    answer_every_question()
    assert TargetCheck.objects.exists()
    for command in ("verify_ledger", "verify_acceptances"):
        call_command(command)
    call_command("replay", "--all")
    call_command("export_acceptance", "1", output=folder / "acceptance.zip")
    # What no command does by itself: a close sets somebody aside whose data would have made it fail.
    SetAside.objects.create(close=Close.objects.earliest("period"), affiliate=people["BEN"], cause="a test")
    assert Program.objects.get().opened_at == now


def answer_every_question() -> None:
    """What beat asks, each question once."""
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        app.tasks[entry["task"]]()


def earn(folder: Path) -> None:
    """400.00 of home-decor at 5.00 % for each: 20.00."""
    file = folder / "orders.ndjson"
    orders = [
        order(f"{code}-1", ("home-decor", "400.00"), at=DONE, completed=DONE, coupon=code) for code in ("ANN", "BEN")
    ]
    file.write_text("\n".join(map(json.dumps, orders)), encoding="utf-8")
    call_command("load_orders", str(file), "--strict")
    call_command("close_month", "2026-01")
    call_command("close_month", "2026-02")
    assert [str(commission.amount) for commission in Commission.objects.all()] == ["20.00", "20.00"]


def pay(now: datetime) -> None:
    batch = PayoutBatch.objects.get()
    preparer, approver = (User.objects.create_user(f"{name}@example.com", None) for name in ("preparer", "approver"))
    approval.submit(batch=batch, now=now, by=preparer)
    approval.approve(batch=batch, digest=approval.summary(batch, now).digest, now=now, by=approver)
    [file] = exports.export(batch=batch, now=now, by=preparer)
    assert file.sha256


def be_reviewed(affiliate: Affiliate, now: datetime) -> None:
    review = open_review(affiliate=affiliate, activity="spamming", summary="A test.", now=now, by=None)
    replies.reply(review=review, text="It was not me.", files=[("proof.txt", b"Not me.")], now=now, by=affiliate.user)


def publish_and_withdraw(now: datetime) -> None:
    draft = drafting.start(now=now, by=None)
    translating.offer(agreement=draft, language="de", now=now, by=None)
    clauses = {clause.pk: Words(clause.heading, clause.body) for clause in draft.clauses.all()}
    activities = {activity.pk: Words(activity.title, activity.text) for activity in draft.activities.all()}
    translating.translate(agreement=draft, language="de", words=clauses | activities, now=now, by=None)
    publishing.publish(agreement=draft, effective_at=now + 30 * DAY, now=now, by=None)
    publishing.withdraw(agreement=Agreement.objects.get(pk=draft.pk), now=now, by=None, reason="A test.")
