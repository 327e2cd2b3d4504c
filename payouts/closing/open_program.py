"""Opening the program: from then on beat closes months and asks targets by itself (CONTRACT 6)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from agreements.models import AgreementVersion, Program
from audit import trail

OPENING_REASON = "From now on months close and sales targets are asked by themselves."


@transaction.atomic
def open_program(*, now: datetime, by: User | None) -> Program:
    """Open the program, once; refused while no agreement is in force."""
    if AgreementVersion.objects.get_in_force(now) is None:
        raise ValidationError(_("Publish an agreement first: none is in force."))
    program = Program.current()
    if not Program.objects.filter(pk=program.pk, opened_at=None).update(opened_at=now):
        raise IllegalTransition("The program is open already.")
    program.opened_at = now
    trail.record(
        action="program opened", subject=program, now=now, by=by, after={"opened_at": now}, reason=OPENING_REASON
    )
    return program
