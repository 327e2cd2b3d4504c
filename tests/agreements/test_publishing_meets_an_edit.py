"""An edit that arrives while its version is being published ..."""

from datetime import UTC, datetime
from threading import Thread

import pytest
from django.db import DatabaseError, connection, transaction

from agreements import publishing, seeding
from agreements.models import AgreementVersion

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

EDITS = {
    "adds": lambda draft: draft.clauses.create(number="2.9", heading="Late", body="Late.", position=99),
    "changes": lambda draft: draft.clauses.filter(number="2.3").update(body="Late."),
    "removes": lambda draft: draft.clauses.filter(number="2.3").delete(),
    "sets a term of": lambda draft: AgreementVersion.objects.filter(pk=draft.pk).update(validation_days=99),
}


@pytest.mark.parametrize("edit", EDITS)
def test_waits_and_is_refused(edit):
    draft = seeding.create_seed_draft(now=NOW)
    refused: list[str] = []

    def late() -> None:
        try:
            EDITS[edit](draft)
        except DatabaseError as error:
            refused.append(str(error))
        finally:
            connection.close()

    thread = Thread(target=late)
    with transaction.atomic():
        publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
        assert not refused
    thread.join(timeout=10)
    assert "pgtrigger: Cannot" in refused[0]
