"""The audit trail."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from audit import trail
from audit.models import AuditRecord
from tests.factories import NOW, make_staff, make_user

pytestmark = pytest.mark.django_db


def test_record_has_user_time_action_values_and_reason() -> None:
    user, staff = make_user(), make_staff()
    trail.record(
        action="tried",
        subject=user,
        now=NOW,
        by=staff,
        before={"amount": Decimal("1.50")},
        after={"amount": None, "ok": True},
        reason="a test",
    )
    stored = AuditRecord.objects.get()
    assert (stored.at, stored.by, stored.action, stored.reason) == (NOW, staff, "tried", "a test")
    assert (stored.subject_type, stored.subject_id) == ("accounts.user", str(user.pk))
    assert (stored.before, stored.after) == ({"amount": "1.50"}, {"amount": None, "ok": True})


def test_many_records_are_written_at_once() -> None:
    users = [make_user(), make_user()]
    trail.record_many(
        trail.build_record(action="tried", subject=user, now=NOW, by=None, reason="a test") for user in users
    )
    assert set(AuditRecord.objects.values_list("subject_id", flat=True)) == {str(user.pk) for user in users}


def test_record_without_a_reason_is_refused() -> None:
    with pytest.raises(IntegrityError, match="audit_record_has_reason"), transaction.atomic():
        trail.record(action="tried", subject=make_user(), now=NOW, by=None, reason="")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditrecord SET action = 'x'",
        "DELETE FROM audit_auditrecord",
        "TRUNCATE audit_auditrecord CASCADE",
    ],
)
def test_records_cannot_be_changed_or_deleted(statement: str) -> None:
    trail.record(action="tried", subject=make_user(), now=NOW, by=None, reason="a test")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditRecord.objects.get().action == "tried"


def test_only_superusers_read_the_trail_and_no_one_changes_it(client: Client) -> None:
    record = trail.record(action="tried", subject=make_user(), now=NOW, by=None, reason="a test")
    page = reverse("admin:audit_auditrecord_change", args=[record.pk])
    client.force_login(make_staff("affiliate managers", "compliance reviewers", "payout preparers", "payout approvers"))
    assert client.get(page).status_code == 403
    client.force_login(make_staff(superuser=True))
    assert client.get(page).status_code == 200
    assert client.post(page, {"action": "x"}).status_code == 403
    assert client.get(reverse("admin:audit_auditrecord_changelist")).status_code == 200
