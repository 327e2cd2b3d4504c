"""E-mail notifications of affiliates, queued in the transaction of the event (specification 10)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from affiliates.models import Affiliate
from mail import outbox
from mail.unsubscription import OPTIONAL_KINDS


class Notice(NamedTuple):
    """A notification for `notify_many`."""

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
    """Queue the e-mail `kind` for `affiliate`, once per `key`, unless they have turned it off or were erased."""
    notify_many(kind=kind, notices=[Notice(affiliate, key, context or {}, attachments)])


def notify_many(*, kind: str, notices: Iterable[Notice]) -> None:
    """Queue many notifications of one kind, as `notify` does. Load the affiliates with their users."""
    outbox.queue_emails(
        kind=kind,
        emails=[
            outbox.OutgoingEmail(
                to=notice.affiliate.user.email,
                key=f"{kind}:{notice.key}",
                context={"name": notice.affiliate.name, "code": notice.affiliate.code} | dict(notice.context),
                attachments=notice.attachments,
                language=notice.affiliate.language,
                user=notice.affiliate.user,
            )
            for notice in notices
            if not notice.affiliate.erased_at
            and (kind not in OPTIONAL_KINDS or kind not in notice.affiliate.muted_kinds)
        ],
    )
