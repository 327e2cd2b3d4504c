"""Payout holds in the admin: the release of what a review holds is a step of that review."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.mail_preview import build_preview
from compliance import review_money
from compliance.reviews import hold_changes
from lib.admin.actions import ReasonForm
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import StaffAction
from lib.errors import NotAllowed
from payouts.admin import money_facts
from payouts.admin.details import PayoutHoldAdmin
from payouts.commissions import holds
from payouts.models import PayoutHold

admin.site.unregister(PayoutHold)


def _is_in_finance(user: Any) -> bool:
    return bool(user.has_perm("payouts.view_payoutbatch"))


def _list_releasable(request: HttpRequest) -> Q:
    """Return the holds with the button: only finance sees that of one after a change of the e-mail address."""
    rows = Q(released_at=None)
    return rows if _is_in_finance(request.user) else rows & Q(ends_at=None)


def release_hold(hold: PayoutHold, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Release a hold; that of a review by the review, which records it and notifies the affiliate."""
    review = review_money.find_review(hold.source)
    if hold.ends_at and not _is_in_finance(by):
        raise NotAllowed(_("Payouts that wait after a change of the e-mail address are released by the payout groups."))
    if review:
        hold_changes.release(review=review, all_payouts=True, now=now, by=by, **answers)
    else:
        holds.release_payouts(affiliate=hold.affiliate, source=hold.source, now=now, by=by, **answers)


_preview = build_preview("hold_released", release_hold)


@admin.register(PayoutHold)
class ReviewedPayoutHoldAdmin(PayoutHoldAdmin):
    fields = ("affiliate", "reason", "review_link", "placed_at", "placed_by", "ends_at", "released_at", "released_by")
    readonly_fields = fields

    release = StaffAction(
        gettext_lazy("Release"),
        permission="payouts.release_payouthold",
        rows=_list_releasable,
        form=ReasonForm,
        do=release_hold,
        title=gettext_lazy("Release this hold"),
        explanation=gettext_lazy(
            "The next month-end close pays the affiliate again, unless something else holds them."
        ),
        facts=lambda hold, _answers: money_facts.list_release_facts(hold),
        preview=lambda hold, answers, now, by: (
            _preview(hold, answers, now, by) if review_money.find_review(hold.source) else None
        ),
        two_steps=True,
        success=gettext_lazy("Hold released."),
    )

    @admin.display(description=gettext_lazy("placed by the review"))
    def review_link(self, hold: PayoutHold) -> SafeString | str:
        return build_admin_link(review_money.find_review(hold.source))
