"""A published version ..."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from agreements import publishing, version_drafts
from agreements.models import AgreementVersion

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

PARTS = ("rate", "prohibitedactivity", "clause")


def refused(sql: str) -> None:
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
def test_is_never_changed_by_sql(first, sql):
    refused(sql)


@pytest.mark.parametrize("part", PARTS)
def test_keeps_its_parts_against_update_delete_and_truncate(first, part):
    refused(f"UPDATE agreements_{part} SET position = 99")
    refused(f"DELETE FROM agreements_{part}")
    refused(f"TRUNCATE agreements_{part} CASCADE")


@pytest.mark.parametrize("part", PARTS)
def test_takes_no_part_from_a_draft_and_gives_none(first, part):
    draft = version_drafts.start_draft(now=NOW, by=None)
    refused(f"UPDATE agreements_{part} SET agreement_id = '{first.pk}' WHERE agreement_id = '{draft.pk}'")
    refused(f"UPDATE agreements_{part} SET agreement_id = '{draft.pk}' WHERE agreement_id = '{first.pk}'")


def test_takes_no_new_part(first):
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        first.rates.create(category="new", percent="5.00")


def test_stays_withdrawn(first):
    new = version_drafts.start_draft(now=NOW, by=None)
    publishing.publish_version(agreement=new, effective_at=NOW + timedelta(days=1), now=NOW, by=None)
    publishing.withdraw_version(agreement=new, now=NOW, by=None, reason="A mistake.")
    refused("UPDATE agreements_agreementwithdrawal SET reason = 'x'")
    refused("DELETE FROM agreements_agreementwithdrawal")
    refused("TRUNCATE agreements_agreementwithdrawal")


@pytest.mark.parametrize(
    "double",
    [
        lambda draft: draft.rates.create(category="home-decor", percent="5.00"),
        lambda draft: draft.rates.create(category="another", percent="5.00", everything_else=True),
        lambda draft: draft.rates.filter(everything_else=True).delete(),
        lambda draft: draft.activities.create(
            code="fraud", title="Fraud", text="Again.", gravest_consequence="warning"
        ),
        lambda draft: draft.clauses.create(number="3.2", heading="Twice", body="Twice."),
    ],
    ids=["category", "everything else", "nothing else", "activity", "clause"],
)
def test_is_one_without_two_rows_of_one_name(first, double):
    draft = version_drafts.start_draft(now=NOW, by=None)
    double(draft)
    refused(
        "UPDATE agreements_agreementversion SET published_at = now(), number = 2, effective_at = now() + interval '30 days'"
        f" WHERE id = '{draft.pk}'"
    )


def test_leaves_drafts_free_to_change(first):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.clauses.filter(number="2.3").delete()
    draft.rates.update(position=1)
    draft.delete()
    assert AgreementVersion.objects.get() == first
