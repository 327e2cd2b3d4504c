"""The replacement and deletion of personal fields in the rows of one affiliate (specification 9)."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Case, F, Q, Value, When

from accounts.models import User
from affiliates import applications, staff_notes
from affiliates.models import Affiliate, Channel
from audit.models import AuditRecord
from compliance.models import Signal
from payouts.disbursement import file_redaction
from portal.personal_data.fields import ERASED_TEXT, Handling, list_fields
from portal.personal_data.owned_rows import Rows, collect_log_entries, collect_rows
from portal.personal_data.words import MIN_LENGTH, Scrubber, collect_words
from tracking.clicks import rollups
from tracking.links import own_names
from tracking.models import Link
from tracking.orders import coupon_erasure

# Values of audit records that identify no one. All other values of a record about the affiliate are erased.
KEPT_VALUES = frozenset(
    (
        *("amount", "appeal", "assigned_from", "at", "breach", "clause", "decision", "digest", "fields"),
        *("files", "ground", "kind", "method", "muted", "number", "orders", "reference", "sha256", "source", "state"),
        *("takes_effect_at", "until", "version", "write-off", "accepted_at"),
    )
)
_FIELD_NAME = re.compile(r"[a-z_ -]{1,40}")


def erase_personal_fields(*, affiliate: Affiliate, now: datetime) -> None:
    """Erase every personal field that is not retained. The caller allows redaction of append-only rows.

    The order matters: words and rows are found by fields that are erased afterwards.
    """
    words, rows = collect_words(affiliate), collect_rows(affiliate)
    code = affiliate.code
    if _is_personal_code(affiliate, words):
        code = applications.generate_code()
        words.append(affiliate.code)
    scrubber = Scrubber(words)
    file_redaction.redact_files(affiliate=affiliate, now=now)
    _erase_audit_records(rows["audit"])
    _erase_log_entries(rows)
    _dismiss_open_signals(affiliate, now)
    rows.pop("emails").delete()
    rows.pop("sale_emails").delete()
    scrubber.scrub_rows()
    staff_notes.erase_tags(affiliate, identifies=scrubber.finds)
    coupon_erasure.erase_coupons(affiliate=affiliate, now=now)
    own_names.erase_names(affiliate=affiliate)
    rollups.delete_sub_id_rollups(affiliate)
    for owned in rows.values():
        replace_fields(owned, Handling.ERASED, ERASED_TEXT)
        replace_fields(owned, Handling.BLANKED, "")
    _erase_addresses(affiliate)
    _close_account(affiliate.user)
    Affiliate.objects.filter(pk=affiliate.pk).update(
        code=code,
        name=f"Erased {code}",
        country="",
        time_zone="UTC",
        language="",
        muted_kinds=[],
        erased_at=now,
    )


def _is_personal_code(affiliate: Affiliate, words: Iterable[str]) -> bool:
    """Return whether the code, such as GRETA10, is made of a name; a code that is not stays as the pseudonym."""
    parts = [part.lower() for word in words for part in word.split() if len(part) >= MIN_LENGTH]
    return any(part in affiliate.code.lower() for part in parts)


def replace_fields(rows: Rows, handling: Handling, text: str) -> None:
    """Put `text` into the fields of the rows that are handled so and not empty; JSON becomes {}, bytes are removed."""
    names = [] if rows.model is AuditRecord else list_fields(rows.model._meta.label, handling)
    values: dict[str, Any] = {}
    filled = Q(pk=None)
    for name in names:
        field = rows.model._meta.get_field(name)
        if isinstance(field, (models.JSONField, models.BinaryField)):
            values[name] = {} if isinstance(field, models.JSONField) else b""
            filled |= ~Q(pk=None)
        else:
            has_text = Q(**{f"{name}__gt": ""})
            values[name] = Case(When(has_text, then=Value(text)), default=F(name), output_field=models.TextField())
            filled |= has_text
    if values:
        rows.order_by().filter(filled).update(**values)


def _erase_audit_records(records: Rows) -> None:
    """Erase what a person wrote and the values that may identify someone; who, when and what was done stay."""
    for record in records.iterator(chunk_size=1000):
        typed = record.reason and record.by_id is not None
        AuditRecord.objects.filter(pk=record.pk).update(
            before=_erase_values(record.before),
            after=_erase_values(record.after),
            reason=ERASED_TEXT if typed else record.reason,
        )


def _erase_values(values: dict[str, Any]) -> dict[str, Any]:
    return {
        # The admin names the row in the key, such as "channel https://...: state".
        key if _FIELD_NAME.fullmatch(key) else ERASED_TEXT: value if _is_kept(key, value) else ERASED_TEXT
        for key, value in values.items()
    }


def _is_kept(key: str, value: Any) -> bool:
    return key in KEPT_VALUES or not value or isinstance(value, (bool, int))


def _erase_log_entries(rows: dict[str, Rows]) -> None:
    entries = collect_log_entries(rows)
    replace_fields(entries, Handling.ERASED, ERASED_TEXT)
    replace_fields(entries, Handling.BLANKED, "")


def _dismiss_open_signals(affiliate: Affiliate, now: datetime) -> None:
    """Close the signals that staff can no longer judge, because their evidence is erased."""
    signals = Signal.objects.filter(affiliate=affiliate, state=Signal.State.OPEN)
    signals.update(state=Signal.State.DISMISSED, decided_at=now)


def _erase_addresses(affiliate: Affiliate) -> None:
    for channel in Channel.objects.for_affiliate(affiliate):
        Channel.objects.filter(pk=channel.pk).update(address=f"https://erased.invalid/{channel.pk}")
    for link in Link.objects.for_affiliate(affiliate):
        Link.objects.filter(pk=link.pk).update(target=_strip_query(link.target))


def _strip_query(target: str) -> str:
    """Return the page of the shop, without parameters that may name the affiliate."""
    parts = urlsplit(target)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _close_account(user: User) -> None:
    """Close the account to sign-in, and sign it out everywhere."""
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    for session in Session.objects.iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    user.set_unusable_password()
    user.email, user.name, user.is_active = f"erased-{user.pk.hex}@erased.invalid", "", False
    user.save(update_fields=["email", "name", "is_active", "password"])
