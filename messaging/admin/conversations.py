"""The inbox of staff: conversations with affiliates, new ones first (specification 10)."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliateField
from affiliates.affiliate_filter import match_affiliate
from affiliates.models import Affiliate
from lib.admin.actions import CONFIRMED, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_admin_link, build_changelist_url
from lib.admin.staff_action import StaffAction, StaffPage
from lib.typed import display
from messaging import conversations
from messaging.models import Conversation
from messaging.models.conversation import SUBJECT_LENGTH
from messaging.texts import TEXT_LENGTH

STATE_COLORS = {"unread": "danger", "read": "warning", "answered": "success"}


class MessageForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=TEXT_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text=gettext_lazy("Plain text. The affiliate sees the program's name as the sender, not yours."),
    )


class AnswerForm(MessageForm):
    # The last message on the page of the conversation.
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class WriteForm(MessageForm):
    affiliate = AffiliateField()
    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        max_length=SUBJECT_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("With the subject of an earlier conversation, the message is added to it."),
    )
    field_order = ("affiliate", "subject", "text")


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("subject", "affiliate", "state_label", "last_message_at", "started_at")
    list_filter = ("state",)
    list_select_related = ("affiliate",)
    search_fields = ("subject", "affiliate__code", "affiliate__name")
    search_help_text = gettext_lazy("Words of the subject, or beginning of an affiliate's code, e-mail address or name")
    ordering = ("-state", "-last_message_at", "-id")
    fields = ("affiliate_link", "subject", "plain_state", "started_at", "last_message_at", "read_at")
    readonly_fields = fields
    change_form_outer_after_template = "admin/messaging/conversation.html"
    actions_list = ("write",)
    actions_detail = ("answer", "close_without_answer")

    def build_search(self, text: str) -> Q:
        return Q(subject__icontains=text) | match_affiliate(text)

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, conversation: Conversation) -> tuple[str, str]:
        return conversation.state, conversation.state_text

    @admin.display(description=gettext_lazy("state"))
    def plain_state(self, conversation: Conversation) -> str:
        return conversation.state_text

    @admin.display(description=gettext_lazy("read by the affiliate"))
    def read_at(self, conversation: Conversation) -> datetime | str:
        """Return when the affiliate read what staff have written; "-" while there is nothing of staff to read."""
        is_read = conversation.last_staff_message_at and not conversation.is_new_to_affiliate
        return conversation.affiliate_read_at if is_read and conversation.affiliate_read_at else "-"

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate_link(self, conversation: Conversation) -> SafeString | str:
        return build_admin_link(conversation.affiliate)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the conversation with a form to answer, and mark it as read if its reader may answer it."""
        conversation = self.get_object(request, object_id)
        may_answer = request.user.has_perm("messaging.answer_conversation")
        if conversation and may_answer and request.method == "GET":
            conversations.mark_read_by_staff(conversation=conversation, now=timezone.now())
        thread = conversations.list_newest_messages(conversation) if conversation else []
        context = (extra_context or {}) | {
            "thread": thread,
            "answer_form": MessageForm() if may_answer else None,
            "carried": [(CONFIRMED, "1"), ("seen", thread[-1].number if thread else 0)],
            "back": build_changelist_url(Conversation),
        }
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    answer = StaffAction(
        gettext_lazy("Answer"),
        permission="messaging.answer_conversation",
        form=AnswerForm,
        do=lambda conversation, answers, now, by: conversations.answer_affiliate(
            conversation=conversation, now=now, by=by, **answers
        ),
        title=lambda conversation: _("Answer “%s”") % conversation,
        explanation=gettext_lazy("The affiliate is notified by e-mail."),
        success=gettext_lazy("Message sent. The affiliate is notified by e-mail."),
        variant="primary",
    )
    close_without_answer = StaffAction(
        gettext_lazy("No answer needed"),
        rows=~Q(state=Conversation.State.ANSWERED),
        permission="messaging.answer_conversation",
        do=lambda conversation, _answers, now, by: conversations.close_without_answer(
            conversation=conversation, now=now, by=by
        ),
        explanation=gettext_lazy("It leaves the list of messages to answer. The affiliate is not notified."),
        success=gettext_lazy("Taken off the list of messages to answer."),
    )

    @StaffPage(gettext_lazy("Write to an affiliate"), permission="messaging.answer_conversation", variant="primary")
    def write(self, request: HttpRequest) -> HttpResponse:
        """Write to one affiliate, whose code may be given in the address."""
        code = request.GET.get("affiliate", "")
        affiliate = Affiliate.objects.filter(code=code.replace("\0", "")).first()
        return run_action(
            request,
            self,
            WriteForm,
            _("Write to %s") % affiliate if affiliate else _("Write to an affiliate"),
            lambda answers: conversations.write_to_affiliate(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(Conversation),
            success_message=_("Message sent. The affiliate is notified by e-mail."),
            explanation=_("The affiliate is notified by e-mail and can answer on their messages page."),
            initial={
                "affiliate": affiliate.code if affiliate else "",
                "subject": request.GET.get("subject", "").replace("\0", "")[:SUBJECT_LENGTH],
            },
        )


def build_write_url(affiliate: Affiliate, *, subject: str = "") -> str:
    """Return the URL of the page on which staff write to `affiliate`, with a subject to begin with."""
    query = {"affiliate": affiliate.code} | ({"subject": subject} if subject else {})
    return f"{reverse('admin:messaging_conversation_write')}?{urlencode(query)}"
