"""The outbox, to be read; what was given up can be sent again."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from lib.admin.actions import ConfirmForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from mail import delivery
from mail.models import Message

# Holds links that sign people in: nobody else reads those, staff included.
SIGN_IN_PREFIX = "account"


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "kind", "to", "subject", "state", "attempts", "sent_at")
    list_filter = ("state", "kind")
    search_fields = ("to", "subject", "kind")
    fields = (
        *("kind", "to", "subject", "created_at", "state", "attempts", "next_attempt_at", "sent_at", "error"),
        *("message_id", "body"),
    )
    actions = ("send_again",)

    @admin.display(description=gettext_lazy("text"))
    def body(self, message: Message) -> str:
        if message.kind.startswith(SIGN_IN_PREFIX):
            return _("Not shown: it holds a link that signs somebody in.")
        return message.text

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mail.change_message")

    @admin.action(description=gettext_lazy("Send again"), permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> HttpResponse:
        """Put what was given up back into the outbox."""

        def do(_answers: dict[str, Any]) -> None:
            for message in queryset:
                delivery.send_again(message=message, now=timezone.now(), by=staff_member(request))

        title = _("Send %(count)d e-mails again") % {"count": queryset.count()}
        return run_action(request, self, ConfirmForm, title, do, reverse("admin:mail_message_changelist"))
