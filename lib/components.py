"""Components that tables show as well as templates; /dev/components/ of `make run` shows each."""

from collections.abc import Callable
from typing import Any

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

# Of a shortened text, this many characters of its start and end are seen.
SHOWN_END = 6
COPY_FIELD_TEMPLATE = "components/copy_field.html"
STATUS_TEMPLATE = "components/status.html"
# The color of a status; every other is calm.
TONES = {
    "good": {
        "active", "approved", "validated", "paid", "completed", "met", "counted", "granted", "dismissed", "met again",
        "in_force", "benefit",
    },
    "warn": {
        "pending", "applied", "suspended", "held", "leaving", "at_risk", "open", "submitted", "appealed", "running",
        "waiting", "paused",
    },
    "bad": {
        "rejected", "terminated", "void", "forfeited", "failed", "missed", "cancelled", "refused", "termination",
        "withdrawn", "detriment",
    },
}  # fmt: skip
_TONE_OF = {status: tone for tone, statuses in TONES.items() for status in statuses}


def render_copy_field(text: str, label: str | Promise, *, shown: str = "") -> SafeString:
    """Return `text` with a button that copies it. `label` says what it is; `shown` is what is seen of it, or all."""
    return render_to_string(COPY_FIELD_TEMPLATE, {"text": text, "label": label, "shown": shown or text})


def render_status(value: str, label: str | Promise = "") -> SafeString:
    """Return a status as a word with a color, never a color alone; `label` is the word, else the value."""
    context = {"tone": _TONE_OF.get(value, "calm"), "label": label or value.replace("_", " ")}
    return SafeString(render_to_string(STATUS_TEMPLATE, context).strip())


def build_figure_classes(kind: str, place: str) -> Callable[..., str]:
    """Return the classes of a table's cells for django-tables2: a figure that is 0 or unknown is marked as `zero`.

    `place` says where a phone shows it: static/accord.css, "Compact rows".
    """

    def build_classes(record: Any, bound_column: Any) -> str:
        # The `value` that is offered, too, is the formatted one.
        figure = bound_column.accessor.resolve(record)
        return f"{kind} {place}" if figure else f"{kind} {place} zero"

    return build_classes


def shorten(text: str) -> str:
    """Return the start and the end of a long `text`, such as a hash."""
    return f"{text[:SHOWN_END]}…{text[-SHOWN_END:]}" if len(text) > 2 * SHOWN_END + 1 else text
