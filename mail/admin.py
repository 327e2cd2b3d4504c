"""The e-mail outbox. Failed e-mails can be sent again."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction
from lib.admin.value_filter import ValueFilter
from lib.text import clean_email
from mail import delivery
from mail.models import Message


class KindFilter(ValueFilter):
    """The kinds of e-mail, each of which has a template."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def list_values(self) -> Iterable[tuple[str, str]]:
        kinds = [path.stem for path in (settings.BASE_DIR / "templates" / "mail").glob("*.txt")]
        return [(kind, describe_kind(kind)) for kind in kinds]


def describe_kind(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    ordering = ("-created_at", "-pk")
    list_reads_replica = True
    list_display = ("created_at", "kind_display", "to", "subject", "state", "attempts", "sent_at")
    list_filter = ("state", KindFilter)
    search_fields = ("to",)
    search_help_text = gettext_lazy("E-mail address of the recipient")
    sortable_by = ("created_at",)
    fields = (
        *("kind_display", "to", "subject", "created_at", "state", "attempts", "next_attempt_at", "sent_at", "error"),
        *("message_id", "body"),
    )
    actions = ("send_again_selected",)

    def get_fields(self, request: HttpRequest, obj: Message | None = None) -> Sequence[Any]:
        """Show the next attempt only while there is one."""
        waits = obj is not None and obj.state == Message.State.WAITING
        return [name for name in self.fields if waits or name != "next_attempt_at"]

    def build_search(self, text: str) -> Q:
        return Q(to=clean_email(text))

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_display(self, message: Message) -> str:
        return describe_kind(message.kind)

    @admin.display(description=gettext_lazy("text"))
    def body(self, message: Message) -> str:
        if message.has_sign_in_link:
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
