"""Telling an affiliate something by e-mail, in the transaction of what it tells (CONTRACT 10)."""

from collections.abc import Mapping, Sequence
from typing import Any

from affiliates.models import Affiliate
from mail import outbox

# Reports and tips, which an affiliate may switch off; every other kind is a legal notice or about money.
OPTIONAL = ("first_commission", "target_at_risk", "month_closed")


def notify(
    *,
    affiliate: Affiliate,
    kind: str,
    key: str,
    context: Mapping[str, Any] | None = None,
    attachments: Sequence[Mapping[str, str]] = (),
) -> None:
    """Post the e-mail `kind` to `affiliate`, once for each `key`, unless they have switched off this optional kind."""
    if kind in OPTIONAL and kind in affiliate.muted:
        return
    outbox.post(
        kind=kind,
        to=affiliate.user.email,
        key=f"{kind}:{key}",
        context={"name": affiliate.name, "code": affiliate.code} | dict(context or {}),
        attachments=attachments,
    )
