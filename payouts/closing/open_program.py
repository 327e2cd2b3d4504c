"""Opening the program, which starts the scheduled closes and the evaluation of sales targets (specification 6)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from agreements.models import AgreementVersion, Program
from audit import trail

OPENING_REASON = "From now on, months are closed and sales targets are evaluated automatically."


@transaction.atomic
def open_program(*, now: datetime, by: User | None) -> Program:
    """Open the program, once.

    Raises ValidationError while no agreement is in force, and IllegalTransition if the program is open.
    """
    if AgreementVersion.objects.get_in_force(now) is None:
        raise ValidationError(_("No agreement is in force. Publish one first."))
    program = Program.current()
    if not Program.objects.filter(pk=program.pk, opened_at=None).update(opened_at=now):
        raise IllegalTransition("The program is already open.")
    program.opened_at = now
    trail.record(
        action="program opened", subject=program, now=now, by=by, after={"opened_at": now}, reason=OPENING_REASON
    )
    return program
