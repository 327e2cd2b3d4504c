"""Uploaded CSV files of affiliates and of payout results, from upload to import.

A file is stored encrypted, so that neither a long mapping nor signing in again loses it. It is found by its uploader
alone, and deleted when it is imported or discarded, or after a day.
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from lib.csv import MAX_BYTES, CsvError, read_csv, read_table
from lib.csv_columns import ColumnMapping, Layout, check_mapping, guess_mapping
from payouts.models import Upload
from payouts.payout_details import encryption

DELETE_AFTER = timedelta(days=1)


def store_upload(*, kind: Upload.Kind, name: str, content: BinaryIO, now: datetime, by: User) -> Upload:
    """Store a file for its preview. Raises ValidationError for `file` if it is no CSV file with headings.

    A row with too few or too many cells is left to the preview.
    """
    try:
        read_table(content)
        for _row in read_csv(content):
            pass
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None
    content.seek(0)
    whole = content.read(MAX_BYTES)
    return Upload.objects.create(
        kind=kind,
        name=name.replace("\0", "")[:200] or "import.csv",
        uploaded_at=now,
        uploaded_by=by,
        sha256=hashlib.sha256(whole).hexdigest(),
        content=encryption.seal(whole),
    )


def find_upload(*, kind: Upload.Kind, pk: str, by: User, lock: bool = False) -> Upload | None:
    """Return the file with this id if `by` uploaded it, else None."""
    try:
        uuid = UUID(pk)
    except ValueError:
        return None
    uploads = Upload.objects.select_for_update() if lock else Upload.objects.all()
    return uploads.filter(kind=kind, pk=uuid, uploaded_by=by).first()


def read_upload(upload: Upload) -> bytes:
    """Return the bytes that were uploaded. Raises ValidationError if they were changed since."""
    whole = encryption.unseal(bytes(upload.content))
    if hashlib.sha256(whole).hexdigest() != upload.sha256:
        raise ValidationError(_("The stored file differs from the uploaded one. Upload it again."))
    return whole


def get_mapping(upload: Upload, layout: Layout, headings: list[str]) -> ColumnMapping:
    """Return the mapping chosen for the file, else a guess by its headings."""
    if upload.columns:
        return ColumnMapping(dict(upload.columns), layout.get_preset(upload.preset))
    return guess_mapping(layout, headings)


def set_mapping(*, upload: Upload, mapping: ColumnMapping, layout: Layout, headings: list[str]) -> None:
    """Store which column holds which field. Raises ValidationError if a required field has none."""
    check_mapping(layout, mapping, headings)
    upload.columns, upload.preset = mapping.columns, mapping.preset.name if mapping.preset else ""
    upload.save(update_fields=["columns", "preset"])


def compute_digest(upload: Upload, outcome: object) -> str:
    """Return a digest of the file, its mapping and the previewed outcome, which an import names to confirm these."""
    parts = [str(upload.pk), upload.sha256, upload.preset, sorted(upload.columns.items()), outcome]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def check_digest(upload: Upload, outcome: object, digest: str) -> None:
    """Raise ValidationError unless `digest` is that of the file, its mapping and outcome now."""
    if not hmac.compare_digest(compute_digest(upload, outcome).encode(), digest.encode(errors="replace")):
        raise ValidationError(_("The file, its mapping or its outcome has changed. Check the preview again."))


def delete_old_uploads(*, now: datetime) -> int:
    """Delete the files that were not imported within a day. Return how many."""
    deleted, _details = Upload.objects.filter(uploaded_at__lt=now - DELETE_AFTER).delete()
    return deleted
