"""Posting: one e-mail row in the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from mail.models import Message


def post(
    *,
    kind: str,
    to: str,
    key: str,
    context: Mapping[str, Any],
    attachments: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write the e-mail `kind` for `to` into the outbox, once for each `key` (CONTRACT 10).

    `kind` is a template `mail/<kind>.txt`; `context` holds plain JSON values, amounts as text. `attachments` name a maker
    registered in `mail.attachments` and the key that it takes: {"maker": "statement", "key": "..."}. A key that was
    posted before is passed over in silence.
    """
    message = Message(kind=kind, to=to, key=key, context=dict(context), attachments=[dict(a) for a in attachments])
    with transaction.atomic():
        Message.objects.bulk_create([message], ignore_conflicts=True)
