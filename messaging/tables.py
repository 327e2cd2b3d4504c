"""Table of an affiliate's conversations."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.typed import Table
from messaging.models import Conversation


class ConversationTable(Table):
    subject = tables.Column(verbose_name=gettext_lazy("Subject"))
    state = tables.Column(verbose_name=gettext_lazy("State"), accessor="pk")
    last_message = tables.TemplateColumn(
        "{{ record.last_message_at|moment }}", verbose_name=gettext_lazy("Last message")
    )

    class Meta:
        empty_text = gettext_lazy(
            "No messages yet. Here are your messages to the program and its answers. Write to us if you have a question."
        )

    def render_subject(self, record: Conversation) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("messaging:conversation", args=[record.pk]), record.subject)

    def render_state(self, record: Conversation) -> str:
        if record.is_new_to_affiliate:
            return _("new message from us")
        if record.state != Conversation.State.ANSWERED:
            return _("sent, not answered yet")
        return _("you can answer") if record.is_waiting_for_affiliate else _("no answer needed")
