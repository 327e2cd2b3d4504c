"""Files attached to replies, accepted by their content and not by their name alone."""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from compliance.models import ReviewFile

# Clause 8.3 of the seed agreement states the limits of a reply.
MAX_FILES = 5
MAX_MEGABYTES = 5
MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", "application/pdf"),
)
_CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
}


# All of Unicode's, except tabulators, line ends and page ends.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


class EvidenceFile(NamedTuple):
    name: str
    content_type: str
    content: bytes


def detect_content_type(content: bytes) -> str:
    """Return the content type, judged by the first bytes or as UTF-8 without control characters; "" if unknown."""
    for magic, content_type in _MAGIC:
        if content.startswith(magic):
            return content_type
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "text/plain" if text and not _CONTROL_CHARACTERS.search(text) else ""


def describe_oversize(name: str) -> str:
    return _("%(name)s is larger than %(most)d MB.") % {"name": name, "most": MAX_MEGABYTES}


def validate_file(name: str, content: bytes) -> EvidenceFile:
    """Return the file with a cleaned name and its content type.

    Raises ValidationError if it is too large, of another type, or if its content does not match its name.
    """
    clean_name = "".join(char for char in PurePosixPath(name.replace("\\", "/")).name if char.isprintable())[-200:]
    if len(content) > MAX_BYTES:
        raise ValidationError({"files": describe_oversize(clean_name)})
    expected = _CONTENT_TYPES.get(PurePosixPath(clean_name).suffix.lower())
    if expected is None or detect_content_type(content) != expected:
        message = _("%(name)s is not a PNG, JPEG, PDF or plain text (.txt) file, or has the wrong file extension.")
        raise ValidationError({"files": message % {"name": clean_name}})
    return EvidenceFile(clean_name, expected, content)


def validate_files(files: list[tuple[str, bytes]]) -> list[EvidenceFile]:
    """Return the validated files of one reply, at most MAX_FILES."""
    if len(files) > MAX_FILES:
        raise ValidationError({"files": _("Attach at most %(most)d files.") % {"most": MAX_FILES}})
    return [validate_file(name, content) for name, content in files]


def build_download_response(file: ReviewFile) -> HttpResponse:
    """Return `file` as a download that browsers save and never render, whatever it contains."""
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
