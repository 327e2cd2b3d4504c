"""The e-mail outbox. Failed e-mails can be sent again."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction
from mail import delivery
from mail.models import Message

# E-mails with links that sign users in, which staff must not read.
SIGN_IN_PREFIX = "account"


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("created_at", "kind_display", "to", "subject", "state", "attempts", "sent_at")
    list_filter = ("state", "kind")
    search_fields = ("to", "subject", "kind")
    fields = (
        *("kind_display", "to", "subject", "created_at", "state", "attempts", "next_attempt_at", "sent_at", "error"),
        *("message_id", "body"),
    )
    actions = ("send_again_selected",)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_display(self, message: Message) -> str:
        return message.kind.replace("_", " ").capitalize()

    @admin.display(description=gettext_lazy("text"))
    def body(self, message: Message) -> str:
        if message.kind.startswith(SIGN_IN_PREFIX):
            return _("Hidden, because it contains a sign-in link.")
        return message.text

    send_again = StaffAction(
        gettext_lazy("Send again"),
        permission="mail.change_message",
        do=lambda message, _answers, now, by: delivery.send_again(message=message, now=now, by=by),
        list_label=gettext_lazy("Send again"),
        list_title=gettext_lazy("Send again: %s"),
        list_success=lambda count: (
            ngettext("%(count)d e-mail queued again.", "%(count)d e-mails queued again.", count) % {"count": count}
        ),
    )
