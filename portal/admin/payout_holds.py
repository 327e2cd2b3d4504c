"""Payout holds in the admin: the release of what a review holds is a step of that review."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Max, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.mail_preview import build_preview
from audit.models import AuditRecord
from compliance import review_money
from compliance.reviews import hold_changes
from lib.admin.actions import ReasonForm
from lib.admin.bases import cache_on_row
from lib.admin.confirmation import Fact
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import StaffAction
from lib.formatting import format_date, format_money
from payouts.admin import money_facts
from payouts.admin.details import PayoutHoldAdmin
from payouts.closing.payout_forecast import get_payout_forecast, list_requirements
from payouts.commissions import holds
from payouts.models import PayoutHold

admin.site.unregister(PayoutHold)


def _list_releasable(request: HttpRequest) -> Q:
    """Return the holds with the button: only finance sees that of one after a change of the e-mail address."""
    rows = Q(released_at=None)
    return rows if holds.may_release_after_email_change(request.user) else rows & Q(ends_at=None)


def release_hold(hold: PayoutHold, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Release a hold; that of a review by the review, which records it and notifies the affiliate."""
    review = review_money.find_review(hold.source)
    if review:
        hold_changes.release(review=review, all_payouts=True, now=now, by=by, **answers)
    else:
        holds.release_payouts(affiliate=hold.affiliate, source=hold.source, now=now, by=by, **answers)


def _list_release_facts(hold: PayoutHold) -> list[Fact]:
    """Return whose payouts a hold keeps back and why, and what the next close does once it is released."""
    return [*money_facts.list_release_facts(hold), *_list_next_close(hold)]


def _list_next_close(hold: PayoutHold) -> Iterator[Fact]:
    now = timezone.now()
    forecast = get_payout_forecast(hold.affiliate, now)
    if forecast is None:
        return
    others = PayoutHold.objects.filter(affiliate=hold.affiliate).exclude(pk=hold.pk)
    lasting = others.until_release().first()
    eligibility = forecast.eligibility._replace(
        hold_reason=lasting.reason if lasting else "",
        email_hold_ends_at=others.after_email_change(now).aggregate(end=Max("ends_at"))["end"],
    )
    version, close = forecast.agreement, forecast.close
    values = {
        "amount": format_money(forecast.expected, version.currency),
        "day": format_date(close.at.astimezone(ZoneInfo(version.time_zone)).date()),
        "minimum": format_money(version.payout_minimum, version.currency),
    }
    missing = list_requirements(
        eligibility, expected=forecast.expected, agreement=forecast.applicable, closes_at=close.at
    )
    sum_up = _("%(amount)s on %(day)s; the payout threshold is %(minimum)s")
    yield Fact(gettext_lazy("Expected at the next close"), sum_up % values)
    if missing:
        texts = " ".join(one.text for one in missing)
        yield Fact(gettext_lazy("Does it pay?"), _("No. The affiliate reads why: %(reasons)s") % {"reasons": texts})
    else:
        yield Fact(gettext_lazy("Does it pay?"), _("Yes, if nothing changes until then."))


def _explain_release(hold: PayoutHold) -> str:
    if review_money.find_review(hold.source):
        return _("The release is a step of the review. The affiliate is notified by e-mail, with your reason.")
    return _("The affiliate is not notified. Your reason is kept in the audit trail; they don't see it.")


_preview = build_preview("hold_released", release_hold)


@admin.register(PayoutHold)
class ReviewedPayoutHoldAdmin(PayoutHoldAdmin):
    fields: Any = (
        *("affiliate", "reason", "review_link", "placed_at", "placed_by", "ends_at"),
        *("released_at", "released_by", "release_reason"),
    )
    readonly_fields: Any = fields

    release = StaffAction(
        gettext_lazy("Release"),
        permission="payouts.release_payouthold",
        rows=_list_releasable,
        form=ReasonForm,
        do=release_hold,
        title=gettext_lazy("Release this hold"),
        explanation=_explain_release,
        facts=lambda hold, _answers: _list_release_facts(hold),
        preview=lambda hold, answers, now, by: (
            _preview(hold, answers, now, by) if review_money.find_review(hold.source) else None
        ),
        two_steps=True,
        success=gettext_lazy("Hold released."),
    )

    @admin.display(description=gettext_lazy("placed by the review"))
    def review_link(self, hold: PayoutHold) -> SafeString | str:
        return build_admin_link(review_money.find_review(hold.source))

    @admin.display(description=gettext_lazy("reason of the release"))
    @cache_on_row
    def release_reason(self, hold: PayoutHold) -> str:
        """Return what the audit trail has of the release."""
        if hold.released_at is None:
            return "-"
        review = review_money.find_review(hold.source)
        ids = [str(hold.affiliate_id), *([str(review.pk)] if review else [])]
        # The other actions are those of a review.
        actions = ("payouts released", "review hold released", "hold released at deadline")
        records = AuditRecord.objects.filter(at=hold.released_at, subject_id__in=ids, action__in=actions)
        found = records.first()
        return found.reason if found else "-"
