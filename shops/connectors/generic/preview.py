"""What options make of a sample, before they are saved (specification 11). Pure."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from shops.connectors.base import Ignored, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.generic.connector import Generic
from shops.connectors.generic.options import DEFAULT_PATHS, GenericOptions
from shops.connectors.generic.paths import InvalidPath
from shops.connectors.parts import merge
from shops.models import Connection
from tracking.orders.snapshot_fields import Rejected

MAX_FOUND = 3
MAX_TEXT = 60


@dataclass(slots=True)
class Preview:
    """What each path finds, and the snapshot, or why there is none."""

    found: dict[str, str] = field(default_factory=dict)
    row: dict[str, Any] | None = None
    message: str = ""

    def list_found(self) -> list[tuple[str, str]]:
        """Return each field with what its path finds, "" for nothing."""
        return [(name, self.found.get(name, "")) for name in DEFAULT_PATHS]


def build_preview(*, connection: Connection, options: Mapping[str, Any], sample: str, now: datetime) -> Preview:
    """Return what the connection would make of the sample with these options."""
    try:
        content = parse_body(sample.encode("utf-8", "replace"))
    except Rejected as refusal:
        return Preview(message=_("The sample %(cause)s.") % {"cause": refusal.message})
    preview = Preview(found=_find_all(GenericOptions(options), content))
    changed = copy(connection)
    changed.options = dict(options)
    try:
        parts = Generic().read_event(StoredEvent("", "", now, content), options).parts
        preview.row = Generic().build_order(merge({}, parts), changed, was_sent=False, now=now).row
    except Ignored as reason:
        preview.message = _("No snapshot: %(reason)s.") % {"reason": reason}
    except Rejected as refusal:
        details = {"field": refusal.field, "cause": refusal.message}
        preview.message = _("No snapshot: %(field)s %(cause)s.") % details
    return preview


def _find_all(options: GenericOptions, content: Any) -> dict[str, str]:
    """Return what is found by each path in the whole sample, as short text."""
    return {name: text for name in DEFAULT_PATHS if (text := _find(options, name, content))}


def _find(options: GenericOptions, name: str, content: Any) -> str:
    try:
        path = options.get_path(name)
    except InvalidPath:
        return ""
    found = path.find(content) if path else []
    texts = [str(value)[:MAX_TEXT] for value in found[:MAX_FOUND]]
    return " · ".join(texts) + (" …" if len(found) > MAX_FOUND else "")
