"""The e-mail that a decision will send, shown before it is made."""

from collections.abc import Callable

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
