"""Reports of unexpected errors to Sentry, without personal data (specification 12)."""

import re
from typing import Any

import sentry_sdk

from lib.log_output import is_about_store
from lib.request_id import get_request_id

# What an event keeps: where the error happened, not what it happened with.
KEPT = {
    *("event_id", "timestamp", "level", "logger", "platform", "environment", "release", "server_name", "sdk"),
    *("transaction", "exception", "logentry", "message", "modules", "tags", "fingerprint"),
}
REMOVED = "[removed]"
_PERSONAL = re.compile(
    r"[^\s@<>\"'=(]+@[^\s@<>\"')]+"  # e-mail addresses
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # IPv4
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,}[0-9a-fA-F:]*"  # IPv6
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b"  # IBANs
    r"|https?://\S+"
)
# PostgreSQL repeats the values of a row there.
_DETAIL = re.compile(r"\s*^(?:DETAIL|CONTEXT):.*", re.MULTILINE | re.DOTALL)


def start(dsn: str) -> None:
    """Report unexpected errors of this process, whether web server, worker, beat or command, to `dsn`."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=strip_event,  # type: ignore[arg-type]  # an event is a plain dictionary
    )


def strip_event(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    """Return the event without personal data; None for messages about an absent store, which metrics report."""
    record = hint.get("log_record")
    if record is not None and is_about_store(record):
        return None
    kept = {name: value for name, value in event.items() if name in KEPT}
    if method := event.get("request", {}).get("method"):
        kept["request"] = {"method": method}
    if request_id := get_request_id():
        kept["tags"] = {**kept.get("tags", {}), "request_id": request_id}
    if isinstance(kept.get("message"), str):
        kept["message"] = clean_text(kept["message"])
    if "logentry" in kept:
        kept["logentry"] = {"message": clean_text(str(kept["logentry"].get("message", "")))}
    for error in kept.get("exception", {}).get("values", []):
        error["value"] = clean_text(str(error.get("value") or ""))
        for frame in error.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    return kept


def clean_text(text: str) -> str:
    """Return a message without e-mail and IP addresses, IBANs, URLs, and the values of a row."""
    return _PERSONAL.sub(REMOVED, _DETAIL.sub("", text))
