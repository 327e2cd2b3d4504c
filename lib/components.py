"""Components that tables show as well as templates."""

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

# Of a shortened text, this many characters of its start and end are seen.
SHOWN_END = 6
COPY_FIELD_TEMPLATE = "components/copy_field.html"


def render_copy_field(text: str, label: str | Promise, *, shown: str = "") -> SafeString:
    """Return `text` with a button that copies it. `label` says what it is; `shown` is what is seen of it, or all."""
    return render_to_string(COPY_FIELD_TEMPLATE, {"text": text, "label": label, "shown": shown or text})


def shorten(text: str) -> str:
    """Return the start and the end of a long `text`, such as a hash."""
    return f"{text[:SHOWN_END]}…{text[-SHOWN_END:]}" if len(text) > 2 * SHOWN_END + 1 else text
