"""The texts that people write to each other: plain text, never empty, of limited length."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.text import clean_name
from messaging.models.conversation import SUBJECT_LENGTH

TEXT_LENGTH = 5000
# As much of a message as an e-mail about it quotes.
QUOTED_LENGTH = 500


def clean_subject(subject: str) -> str:
    """Return the subject in one line. Raises ValidationError if it is empty or too long."""
    cleaned = clean_name(subject)
    if not cleaned or len(cleaned) > SUBJECT_LENGTH or "\0" in cleaned:
        raise ValidationError(
            {"subject": _("Enter a subject of at most %(most)d characters.") % {"most": SUBJECT_LENGTH}}
        )
    return cleaned


def clean_text(text: str) -> str:
    """Return the text with plain line breaks. Raises ValidationError if it is empty or too long."""
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not clean_name(cleaned) or len(cleaned) > TEXT_LENGTH or "\0" in cleaned:
        raise ValidationError({"text": _("Enter a text of at most %(most)d characters.") % {"most": TEXT_LENGTH}})
    return cleaned


def quote_beginning(text: str) -> str:
    """Return the beginning of a text, cut at the end of a word; "…" marks the cut."""
    if len(text) <= QUOTED_LENGTH:
        return text
    beginning = text[:QUOTED_LENGTH]
    return f"{beginning.rsplit(None, 1)[0] if ' ' in beginning else beginning} …"
