"""Edits of a draft while it is being published."""

from datetime import UTC, datetime
from threading import Thread

import pytest
from django.db import DatabaseError, connection, transaction

from agreements import publishing, seeding
from agreements.models import AgreementVersion

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

EDITS = {
    "add clause": lambda draft: draft.clauses.create(number="2.9", heading="Late", body="Late.", position=99),
    "change clause": lambda draft: draft.clauses.filter(number="2.3").update(body="Late."),
    "delete clause": lambda draft: draft.clauses.filter(number="2.3").delete(),
    "change term": lambda draft: AgreementVersion.objects.filter(pk=draft.pk).update(validation_days=99),
}


@pytest.mark.parametrize("edit", EDITS)
def test_edit_during_publication_waits_and_is_rejected(edit):
    draft = seeding.create_seed_draft(now=NOW)
    errors: list[str] = []

    def run_edit() -> None:
        try:
            EDITS[edit](draft)
        except DatabaseError as error:
            errors.append(str(error))
        finally:
            connection.close()

    thread = Thread(target=run_edit)
    with transaction.atomic():
        publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
        assert not errors
    thread.join(timeout=60)
    assert "pgtrigger: Cannot" in errors[0]
