"""One acceptance as a ZIP that can be verified with `sha256sum` alone (specification 2)."""

import io
import json
import zipfile
from typing import Any

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from agreements import chain, copies, pdf
from agreements.models import Acceptance, AcceptancePerson, AgreementText
from mail.models import Message

_ZIP_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def export_acceptance(acceptance: Acceptance) -> bytes:
    """Return a ZIP with text, PDF, record, instructions and, unless erased, the personal fields and the e-mail.

    For a translation it also contains the governing text, whose SHA-256 the translation states.
    """
    version = acceptance.agreement
    texts = {text.language: text for text in AgreementText.objects.filter(agreement=version)}
    text, governing = texts[acceptance.language], texts[version.language]
    person, email = AcceptancePerson.objects.filter(pk=acceptance.pk).first(), copies.get_copy_message(acceptance)
    files: dict[str, bytes] = {
        "agreement.txt": text.text.encode(),
        "agreement.pdf": pdf.render_acceptance(acceptance),
        "record.json": chain.serialize_record(acceptance).encode(),
        "HOW-TO-CHECK.txt": build_instructions(acceptance, person, governing, email).encode(),
    }
    if governing != text:
        files["governing-text.txt"] = governing.text.encode()
        files["governing-text.pdf"] = pdf.render_text(governing.pk)
    if person:
        fields = {field: getattr(person, field) for field in ("salt", *chain.PERSONAL_FIELDS)}
        files["person.json"] = _dump_json(fields)
    if email:
        files["e-mail.json"] = _dump_json(describe_delivery(email))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIMESTAMP), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _dump_json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2, default=str) + "\n").encode()


def describe_delivery(email: Message) -> dict[str, Any]:
    """Return an e-mail with its delivery result; `sent` is when the mail server accepted it."""
    content = {"to": email.to, "subject": email.subject, "text": email.text}
    result = {"state": str(email.state), "sent": email.sent_at, "attempts": email.attempts, "error": email.error}
    return {"message_id": email.message_id, "written": email.created_at, **result, **content}


def build_file_name(acceptance: Acceptance) -> str:
    return f"acceptance-{acceptance.sequence}.zip"


def build_instructions(
    acceptance: Acceptance, person: AcceptancePerson | None, governing: AgreementText, email: Message | None
) -> str:
    """Return instructions with the commands to run and the output to expect."""
    lines = [
        _("How to check this acceptance"),
        "",
        _("1. The text that was accepted. This command"),
        "     sha256sum agreement.txt",
        _("   must print"),
        f"     {acceptance.text_sha256}",
        _("   and record.json must have the same value under text_sha256."),
        *_describe_governing_text(acceptance, governing),
        "",
        _("2. The record. This command"),
        "     sha256sum record.json",
        _("   must print"),
        f"     {acceptance.hash}",
        _("   and the affiliate's e-mail with the copy must state the same fingerprint, as agreement.pdf does."),
        "",
        _("3. The chain. previous_hash in record.json is the fingerprint of the previous record;"),
        _("   the next record contains the fingerprint of this one."),
        "",
        *_describe_personal_fields(person),
        *_describe_email(email),
    ]
    return "\n".join(lines) + "\n"


def _describe_governing_text(acceptance: Acceptance, governing: AgreementText) -> list[str]:
    if governing.language == acceptance.language:
        return []
    return [
        _("   It is a translation. The governing text is in %(language)s. This command")
        % {"language": get_language_info(governing.language)["name_translated"]},
        "     sha256sum governing-text.txt",
        _("   must print"),
        f"     {governing.sha256}",
        _("   and agreement.txt must state the same value near its beginning."),
    ]


def _describe_personal_fields(person: AcceptancePerson | None) -> list[str]:
    if person is None:
        return [_("4. The personal fields were erased. Their digests remain in record.json.")]
    return [
        _("4. The personal fields are in person.json, with the salt. To compute a digest, here of the e-mail, run"),
        f"     printf '%s' 'SALT:email:{person.email}' | sha256sum",
        _("   and compare it with personal_digests in record.json."),
    ]


def _describe_email(email: Message | None) -> list[str]:
    if email is None:
        return []
    return [
        "",
        _("5. The e-mail with the copy is in e-mail.json; its field sent is when the mail server accepted it."),
        _("   The affiliate's own copy has the same message_id."),
    ]
