"""Database triggers that keep published versions from changing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from agreements import publishing, version_drafts
from agreements.models import AgreementVersion

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

PARTS = ("rate", "prohibitedactivity", "clause")


def assert_rejected(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
            cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE agreements_agreementversion SET payout_minimum = 0",
        "UPDATE agreements_agreementversion SET published_at = NULL, number = NULL, effective_at = NULL",
        "UPDATE agreements_agreementversion SET detriment = true",
        "DELETE FROM agreements_agreementversion",
        "TRUNCATE agreements_agreementversion CASCADE",
        "UPDATE agreements_agreementtext SET text = 'x'",
        "DELETE FROM agreements_agreementtext",
        "TRUNCATE agreements_agreementtext CASCADE",
    ],
)
def test_database_rejects_changes_of_published_version(first, sql):
    assert_rejected(sql)


@pytest.mark.parametrize("part", PARTS)
def test_database_rejects_changes_of_published_parts(first, part):
    assert_rejected(f"UPDATE agreements_{part} SET position = 99")
    assert_rejected(f"DELETE FROM agreements_{part}")
    assert_rejected(f"TRUNCATE agreements_{part} CASCADE")


@pytest.mark.parametrize("part", PARTS)
def test_parts_cannot_move_between_draft_and_published_version(first, part):
    draft = version_drafts.start_draft(now=NOW, by=None)
    assert_rejected(f"UPDATE agreements_{part} SET agreement_id = '{first.pk}' WHERE agreement_id = '{draft.pk}'")
    assert_rejected(f"UPDATE agreements_{part} SET agreement_id = '{draft.pk}' WHERE agreement_id = '{first.pk}'")


def test_published_version_rejects_new_part(first):
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        first.rates.create(category="new", percent="5.00")


def test_withdrawal_cannot_be_changed(first):
    new = version_drafts.start_draft(now=NOW, by=None)
    publishing.publish_version(agreement=new, effective_at=NOW + timedelta(days=1), now=NOW, by=None)
    publishing.withdraw_version(agreement=new, now=NOW, by=None, reason="A mistake.")
    assert_rejected("UPDATE agreements_agreementwithdrawal SET reason = 'x'")
    assert_rejected("DELETE FROM agreements_agreementwithdrawal")
    assert_rejected("TRUNCATE agreements_agreementwithdrawal")


@pytest.mark.parametrize(
    "add_duplicate",
    [
        lambda draft: draft.rates.create(category="home-decor", percent="5.00"),
        lambda draft: draft.rates.create(category="another", percent="5.00", everything_else=True),
        lambda draft: draft.rates.filter(everything_else=True).delete(),
        lambda draft: draft.activities.create(
            code="fraud", title="Fraud", text="Again.", gravest_consequence="warning"
        ),
        lambda draft: draft.clauses.create(number="3.2", heading="Twice", body="Twice."),
    ],
    ids=["category", "two rows for everything else", "no row for everything else", "activity", "clause"],
)
def test_version_with_duplicate_rows_cannot_be_published(first, add_duplicate):
    draft = version_drafts.start_draft(now=NOW, by=None)
    add_duplicate(draft)
    assert_rejected(
        "UPDATE agreements_agreementversion"
        " SET published_at = now(), number = 2, effective_at = now() + interval '30 days'"
        f" WHERE id = '{draft.pk}'"
    )


def test_draft_can_be_changed_and_deleted(first):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.clauses.filter(number="2.3").delete()
    draft.rates.update(position=1)
    draft.delete()
    assert AgreementVersion.objects.get() == first
