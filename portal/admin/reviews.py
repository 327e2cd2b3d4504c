"""Reviews in the admin, with a way to ask the affiliate, which needs conversations."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.admin.reviews import ReviewAdmin
from compliance.models import Review
from lib.admin.staff_action import StaffPage
from messaging.admin.conversations import build_write_url

admin.site.unregister(Review)


def _may_ask(request: HttpRequest) -> bool:
    return request.user.has_perms(("compliance.change_review", "messaging.answer_conversation"))


@admin.register(Review)
class AskingReviewAdmin(ReviewAdmin):
    actions_detail: tuple[str, ...] = (*ReviewAdmin.actions_detail, "ask")

    @StaffPage(gettext_lazy("Ask the affiliate"), permission=_may_ask)
    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the form of a message about the review, which the affiliate can answer."""
        review = get_object_or_404(self.get_queryset(request), pk=object_id)
        subject = _("Question about the review: %(title)s") % {"title": self.title(review)}
        return HttpResponseRedirect(build_write_url(review.affiliate, subject=subject))
