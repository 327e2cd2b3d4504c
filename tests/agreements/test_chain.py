"""Verifying the chain of acceptances after tampering."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from agreements import acceptances, chain, publishing, version_drafts
from agreements.models import Acceptance, AgreementVersion

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EFFECT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def second(records) -> AgreementVersion:
    """Publish a lower rate for April, which no one has accepted yet."""
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return publishing.publish_version(agreement=draft, effective_at=EFFECT, now=NOW, by=None)


def tamper(sql: str, *parameters: Any) -> None:
    """Run SQL as a database superuser, bypassing all triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, parameters)
        assert cursor.rowcount > 0
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_untampered_chain_is_verified_with_witnesses(records, capsys):
    call_command("verify_acceptances", witness=[records[1].hash, records[3].hash])
    assert capsys.readouterr().out == "4 acceptances verified, 2 witnesses\n"


def test_empty_chain_is_valid(db, capsys):
    call_command("verify_acceptances")
    assert capsys.readouterr().out == "0 acceptances verified\n"


@pytest.mark.parametrize("table", ["agreements_acceptance"])
def test_database_rejects_changes_of_acceptances(records, table):
    for sql in (f"UPDATE {table} SET language = 'de'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
                cursor.execute(sql)


def rewrite(records: list[Acceptance], start: int, **values: Any) -> None:
    """Change records from index `start` on and recompute their hashes, like an attacker with full access."""
    previous = records[start].previous_hash
    for record in records[start:]:
        for name, value in values.items():
            setattr(record, name, value)
        record.previous_hash = previous
        record.hash = previous = chain.compute_record_hash(record)
        columns = {**values, "previous_hash": record.previous_hash, "hash": record.hash}
        tamper(
            f"UPDATE agreements_acceptance SET {', '.join(f'{name} = %s' for name in columns)} WHERE id = %s",
            *(*columns.values(), record.pk),
        )


def test_changed_text_is_detected(records):
    tamper("UPDATE agreements_agreementtext SET text = replace(text, '3 days', '4 days')")
    assert chain.verify_chain() == (0, "version 1: its text does not have the stored SHA-256")


def test_text_changed_together_with_hash_is_detected(records, first):
    tamper(
        "UPDATE agreements_agreementtext SET text = replace(text, '3 days', '4 days'),"
        " sha256 = encode(sha256(replace(text, '3 days', '4 days')::bytea), 'hex')"
    )
    assert chain.verify_chain()[1] == "version 1: its terms and clauses do not produce the stored text"


def test_changed_term_is_detected(records):
    tamper("UPDATE agreements_rate SET percent = 2.61 WHERE category = 'consumer-electronics'")
    assert chain.verify_chain()[1] == "version 1: its terms and clauses do not produce the stored text"


@pytest.mark.parametrize(
    "change",
    [
        "accepted_at = accepted_at - interval '1 microsecond'",
        "recorded_at = recorded_at + interval '1 day'",
        "method = 'offline', box_ticked = false",
        "text_sha256 = repeat('0', 64)",
        "differences = 'none'",
        "box_label = 'x'",
        "button_label = 'x'",
        "page_revision = 'x'",
        "language = 'de'",
        "personal_digests = '{}'",
        "affiliate_id = (SELECT affiliate_id FROM agreements_acceptance WHERE sequence = 3) ",
    ],
)
def test_changed_record_field_is_detected(records, change):
    if "affiliate_id" in change:
        tamper("DELETE FROM agreements_acceptanceperson WHERE acceptance_id = %s", records[2].pk)
        tamper("DELETE FROM agreements_acceptance WHERE sequence = 3")
        change = f"affiliate_id = '{records[2].affiliate_id}'"
    tamper(f"UPDATE agreements_acceptance SET {change} WHERE sequence = 2")
    assert chain.verify_chain() == (
        1,
        f"acceptance {records[1].pk} (record 2): its fields do not match the stored hash",
    )


def test_rewritten_record_is_detected_by_next_record(records):
    records[1].box_label = "Rewritten"
    tamper(
        "UPDATE agreements_acceptance SET box_label = %s, hash = %s WHERE id = %s",
        *(records[1].box_label, chain.compute_record_hash(records[1]), records[1].pk),
    )
    assert chain.verify_chain()[1].endswith("(record 3): it does not carry the hash of the record before it")


def test_changed_personal_field_is_detected(records):
    tamper("UPDATE agreements_acceptanceperson SET email = 'x@example.com' WHERE acceptance_id = %s", records[2].pk)
    assert chain.verify_chain()[1].endswith("(record 3): its personal fields do not match the stored digests")


def test_deleted_record_is_detected(records):
    tamper("DELETE FROM agreements_acceptance WHERE sequence = 2")
    with pytest.raises(CommandError, match=r"\(record 3\): record 2 is missing before it"):
        call_command("verify_acceptances")


def test_deleted_newest_record_is_detected_by_witness(records):
    tamper("DELETE FROM agreements_acceptance WHERE sequence = 4")
    assert chain.verify_chain() == (3, "")
    assert chain.verify_chain(witnesses=[records[3].hash])[1] == (
        f"witness {records[3].hash}: no record of the chain has this hash"
    )


def test_rewritten_chain_is_detected_by_witnesses(records):
    witnesses = [record.hash for record in records]
    rewrite(records, 1, box_label="Rewritten")
    assert chain.verify_chain() == (4, "")
    assert chain.verify_chain(witnesses=witnesses[:1]) == (4, "")
    for witness in witnesses[1:]:
        assert "no record of the chain" in chain.verify_chain(witnesses=[witness])[1]


def test_deletion_of_all_records_is_detected_by_any_witness(records):
    tamper("DELETE FROM agreements_acceptanceperson")
    tamper("DELETE FROM agreements_acceptance")
    assert chain.verify_chain() == (0, "")
    for record in records:
        assert chain.verify_chain(witnesses=[record.hash]) == (
            0,
            f"witness {record.hash}: no record of the chain has this hash",
        )


def test_record_moved_to_another_version_is_detected(records, second):
    tamper("UPDATE agreements_acceptance SET agreement_id = %s WHERE sequence = 2", second.pk)
    assert chain.verify_chain()[1].endswith("(record 2): its fields do not match the stored hash")


def test_record_moved_to_another_version_with_valid_hashes_is_detected(records, second):
    rewrite(records, 3, agreement_id=second.pk)
    assert chain.verify_chain() == (
        3,
        f"acceptance {records[3].pk} (record 4): the text it names is not the version's text",
    )


def test_deleted_text_is_detected(records):
    tamper("DELETE FROM agreements_agreementtext")
    assert chain.verify_chain() == (0, "version 1: its text is missing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("detriment = false", "detriment"),
        ("name = 'another'", "name"),
        ("effective_at = effective_at - interval '1 second'", "effective_at"),
    ],
)
def test_changed_version_row_is_detected(second, change, field):
    """Name, effective date and detriment are compared with the audit trail, because the text has no detriment."""
    tamper(f"UPDATE agreements_agreementversion SET {change} WHERE number = 2")
    name = "another" if field == "name" else "2"
    assert chain.verify_chain() == (0, f"version {name}: its {field} differs from the audit record of its publication")


def test_version_without_audit_record_is_detected(records, second):
    tamper("DELETE FROM audit_auditrecord WHERE action = 'agreement published' AND subject_id = %s", str(second.pk))
    assert chain.verify_chain() == (0, "version 2: the audit trail has no record of its publication")


def test_chain_stays_valid_after_erasure(records):
    assert acceptances.erase_personal_fields(affiliate=records[1].affiliate) == 1
    assert chain.verify_chain(witnesses=[records[1].hash]) == (4, "")


@pytest.mark.parametrize("witness", ["x", "0" * 63, "g" * 64])
def test_malformed_witness_is_rejected(db, witness):
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        call_command("verify_acceptances", witness=[witness])
