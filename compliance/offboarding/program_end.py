"""Announcement of the end of the program (specification 8, section 11 of the seed agreement).

Applications close with the announcement. From `ends_at` on, links redirect untracked and `apply_expired_notices` ends
every agreement.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from agreements.models import AgreementVersion, Program
from audit import trail
from compliance import emails
from compliance.deadlines import add_days
from compliance.offboarding.notice_expiry import PARTICIPATING_STATES
from lib.formatting import format_datetime
from lib.reasons import require_reason
from payouts.ledger import booking


@transaction.atomic
def announce_end(*, ends_at: datetime, now: datetime, by: User | None, reason: str) -> Program:
    """Announce that the program ends at `ends_at`, at least `termination_notice_days` x 24 h away, by e-mail to all.

    Raises ValidationError for an earlier date, a missing reason or a program without an agreement, and
    IllegalTransition for a second announcement, because people have relied on the first (clause 11.1).
    """
    reason = require_reason(reason)
    booking.lock_shared()
    agreement = AgreementVersion.objects.get_in_force(now)
    if agreement is None:
        raise ValidationError({"ends_at": _("No agreement is in force, so there is nothing to end.")})
    earliest = add_days(now, agreement.termination_notice_days)
    if ends_at < earliest:
        raise ValidationError(
            {"ends_at": _("The earliest possible end is %(date)s.") % {"date": format_datetime(earliest)}}
        )
    program = Program.current()
    if not Program.objects.filter(pk=program.pk, end_announced_at=None).update(end_announced_at=now, ends_at=ends_at):
        raise IllegalTransition(_("The end of the program has already been announced."))
    program.refresh_from_db()
    trail.record(
        action="end of program announced", subject=program, now=now, by=by, after={"ends_at": ends_at}, reason=reason
    )
    for affiliate in Affiliate.objects.filter(state__in=PARTICIPATING_STATES).select_related("user").iterator():
        emails.send_end_of_program(affiliate, ends_at=ends_at, reason=reason, agreement=agreement)
    return program
