"""Telling an affiliate something by e-mail, in the transaction of what it tells (CONTRACT 10)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from affiliates.models import Affiliate
from mail import outbox

# Reports and tips, which an affiliate may switch off; every other kind is a legal notice or about money.
OPTIONAL_KINDS = ("first_commission", "target_at_risk", "month_closed")


class Notice(NamedTuple):
    """One of many e-mails of a kind to affiliates."""

    affiliate: Affiliate
    key: str
    context: Mapping[str, Any]
    attachments: Sequence[Mapping[str, str]] = ()


def notify(
    *,
    affiliate: Affiliate,
    kind: str,
    key: str,
    context: Mapping[str, Any] | None = None,
    attachments: Sequence[Mapping[str, str]] = (),
) -> None:
    """Post the e-mail `kind` to `affiliate`, once for each `key`, unless they have switched off this optional kind."""
    notify_many(kind=kind, notices=[Notice(affiliate, key, context or {}, attachments)])


def notify_many(*, kind: str, notices: Iterable[Notice]) -> None:
    """`notify` for thousands at once; their users should be loaded with them."""
    outbox.queue_emails(
        kind=kind,
        emails=[
            outbox.OutgoingEmail(
                to=notice.affiliate.user.email,
                key=f"{kind}:{notice.key}",
                context={"name": notice.affiliate.name, "code": notice.affiliate.code} | dict(notice.context),
                attachments=notice.attachments,
                language=notice.affiliate.language,
            )
            for notice in notices
            if kind not in OPTIONAL_KINDS or kind not in notice.affiliate.muted_kinds
        ],
    )
