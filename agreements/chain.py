"""The chain of acceptances, verifiable because each record carries the hash of the previous one (specification 2)."""

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from agreements import languages, rendering, translations, version_documents
from agreements.models import Acceptance, AcceptancePerson, AgreementText, AgreementVersion
from audit.models import AuditRecord
from lib.keyset import iterate_by_key

GENESIS_HASH = "0" * 64
"""The previous hash of the first record."""

PERSONAL_FIELDS = ("name", "email", "address", "user_agent", "session", "evidence")
_LOCK_ID = 7_310_002


def lock_chain() -> None:
    """Keep other transactions from appending to the chain until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_ID])


def append_records(records: Sequence[tuple[Acceptance, AcceptancePerson]]) -> None:
    """Append the records to the chain in this order and store them; the caller holds the lock."""
    last = Acceptance.objects.order_by("-sequence").first()
    sequence, previous = (last.sequence, last.hash) if last else (0, GENESIS_HASH)
    for place, (acceptance, person) in enumerate(records, sequence + 1):
        person.acceptance, person.salt = acceptance, secrets.token_hex(32)
        acceptance.sequence, acceptance.previous_hash = place, previous
        acceptance.personal_digests = compute_digests(person)
        previous = acceptance.hash = compute_record_hash(acceptance)
    Acceptance.objects.bulk_create([acceptance for acceptance, _person in records], batch_size=1000)
    AcceptancePerson.objects.bulk_create([person for _acceptance, person in records], batch_size=1000)


def serialize_record(acceptance: Acceptance) -> str:
    """Return the record as canonical JSON: its SHA-256 is the record's hash, and exports contain it."""
    facts: dict[str, Any] = {
        "id": str(acceptance.pk),
        "sequence": acceptance.sequence,
        "affiliate": str(acceptance.affiliate_id),
        "agreement": str(acceptance.agreement_id),
        "method": str(acceptance.method),
        "accepted_at": _format_timestamp(acceptance.accepted_at),
        "recorded_at": _format_timestamp(acceptance.recorded_at),
        "language": acceptance.language,
        "text_sha256": acceptance.text_sha256,
        "differences": acceptance.differences,
        "box_ticked": acceptance.box_ticked,
        "box_label": acceptance.box_label,
        "button_label": acceptance.button_label,
        "page_revision": acceptance.page_revision,
        "personal_digests": acceptance.personal_digests,
        "previous_hash": acceptance.previous_hash,
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def _format_timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def compute_record_hash(acceptance: Acceptance) -> str:
    """Return the hash that the record must have."""
    return rendering.compute_sha256(serialize_record(acceptance))


def compute_digest(salt: str, field: str, value: str) -> str:
    """Return the salted digest of one personal field: SHA-256 of "salt:field:value"."""
    return hashlib.sha256(f"{salt}:{field}:{value}".encode()).hexdigest()


def compute_digests(person: AcceptancePerson) -> dict[str, str]:
    return {field: compute_digest(person.salt, field, getattr(person, field)) for field in PERSONAL_FIELDS}


def verify_chain(*, witnesses: Collection[str] = ()) -> tuple[int, str]:
    """Return how many records were verified and the first error, "" if every text, record and link matches.

    `witnesses` are hashes from affiliates' e-mails; each must belong to a record of the chain. Without them it cannot
    be detected that the newest records were deleted, or that the whole chain was rewritten.
    """
    texts = {(text.agreement_id, text.language): text for text in AgreementText.objects.order_by("id")}
    for error in (*_find_version_errors(), *_find_text_errors(texts.values())):
        return 0, error
    verified, previous, known = 0, GENESIS_HASH, set[str]()
    for acceptance in iterate_by_key(Acceptance.objects.select_related("person"), key="sequence"):
        text = texts.get((acceptance.agreement_id, acceptance.language))
        error = _check_record(acceptance, verified + 1, previous, text)
        if error:
            return verified, f"acceptance {acceptance.pk} (record {acceptance.sequence}): {error}"
        verified, previous = verified + 1, acceptance.hash
        known.add(previous)
    for witness in witnesses:
        if witness.strip().lower() not in known:
            return verified, f"witness {witness}: no record of the chain has this hash"
    return verified, ""


def _find_version_errors() -> Iterator[str]:
    """Compare published versions with the audit trail, because `detriment` is part of no text."""
    records = AuditRecord.objects.filter(action="agreement published").values_list("subject_id", "after")
    published = dict(records)
    for version in AgreementVersion.objects.filter(published_at__isnull=False).order_by("number"):
        recorded = published.get(str(version.pk))
        if recorded is None:
            yield f"version {version.name}: the audit trail has no record of its publication"
            continue
        stored = {"name": version.name, "effective_at": version.effective_at, "detriment": version.detriment}
        for field, value in stored.items():
            expected = datetime.fromisoformat(recorded[field]) if field == "effective_at" else recorded[field]
            if expected != value:
                yield f"version {version.name}: its {field} differs from the audit record of its publication"


def _find_text_errors(texts: Collection[AgreementText]) -> Iterator[str]:
    stored: dict[UUID, list[AgreementText]] = defaultdict(list)
    for text in texts:
        stored[text.agreement_id].append(text)
    for version in AgreementVersion.objects.filter(published_at__isnull=False).order_by("number"):
        offered = translations.list_languages(version)
        if unknown := [language for language in offered if language not in languages.KNOWN]:
            yield f"version {version.name}: it is offered in {unknown[0]}, which is not a supported language"
            continue
        for language in offered:
            if language not in [text.language for text in stored[version.pk]]:
                yield f"version {version.name}: its text{_format_language_suffix(language, version)} is missing"
        for text in stored[version.pk]:
            if text.language not in offered:
                yield f"version {version.name}: it has a text in {text.language}, in which it is not offered"
            else:
                yield from _check_text(version, text)


def _check_text(version: AgreementVersion, text: AgreementText) -> Iterator[str]:
    which = _format_language_suffix(text.language, version)
    if rendering.compute_sha256(text.text) != text.sha256:
        yield f"version {version.name}: its text{which} does not have the stored SHA-256"
    if version_documents.rerender_document(version, text).text != text.text:
        yield f"version {version.name}: its terms and clauses do not produce the stored text{which}"


def _format_language_suffix(language: str, version: AgreementVersion) -> str:
    return "" if language == version.language else f" in {language}"


def _check_record(acceptance: Acceptance, place: int, previous: str, text: AgreementText | None) -> str:
    person: AcceptancePerson | None = getattr(acceptance, "person", None)
    if acceptance.sequence != place:
        return f"record {place} is missing before it"
    if acceptance.previous_hash != previous:
        return "it does not carry the hash of the record before it"
    if compute_record_hash(acceptance) != acceptance.hash:
        return "its fields do not match the stored hash"
    if text is None or text.sha256 != acceptance.text_sha256:
        return "the text it names is not the version's text"
    if person is not None and compute_digests(person) != acceptance.personal_digests:
        return "its personal fields do not match the stored digests"
    return ""
