"""The e-mail that a decision will send, shown before it is made."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from affiliates.models import Affiliate
from lib.admin.actions import Preview
from lib.errors import NotAllowed
from mail.models import Message
from mail.rendering import render


def preview_mail(
    decide: Callable[[], object], *, affiliate: Affiliate, kind: str, follows_form: bool = False
) -> Preview | None:
    """Make the decision, read the e-mail that it queues, and undo it; None if it sends none.

    What would refuse the decision is returned as the problem.
    """
    try:
        with transaction.atomic():
            decide()
            sent = Message.objects.filter(user=affiliate.user, kind=kind).order_by("-created_at", "-pk").first()
            transaction.set_rollback(True)
    except (ValidationError, NotAllowed, PermissionDenied) as error:
        problem = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        return Preview(problem=problem, follows_form=follows_form)
    if sent is None:
        return None
    mail = render(kind=kind, context=sent.context, language=sent.language)
    return Preview(sent.to, mail.subject, mail.text, follows_form=follows_form)


def build_preview(
    kind: str, do: Callable[[Any, dict[str, Any], datetime, Any], object]
) -> Callable[[Any, dict[str, Any] | None, datetime, Any], Preview | None]:
    """Return the `preview` of a StaffAction that does `do`, with an e-mail of this kind.

    The affiliate is the row, that of the row, or the one that the answers name.
    """

    def preview(row: Any, answers: dict[str, Any] | None, now: datetime, by: Any) -> Preview | None:
        if answers is None:
            return None
        affiliate = row if isinstance(row, Affiliate) else row.affiliate if row else answers["affiliate"]
        # The confirmation has tried the action and undone it in the database alone.
        for changed in (row, affiliate):
            if changed is not None:
                changed.refresh_from_db()
        return preview_mail(lambda: do(row, answers, now, by), affiliate=affiliate, kind=kind)

    return preview
