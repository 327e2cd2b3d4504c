"""The affiliate's pages of notifications, announcements and conversations (specification 10)."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_tables2 import RequestConfig

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from messaging import conversations, notifications
from messaging.conversations import LimitReached
from messaging.forms import AnswerForm, NewConversationForm
from messaging.models import AnnouncementReceipt, Conversation
from messaging.tables import ConversationTable

PER_PAGE = 25


@require_GET
@affiliate_view
def notification_list(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """List what happened, newest first."""
    after = request.GET.get("after", "")
    context = {
        "page": notifications.get_page(affiliate, after),
        "after": after,
        "unread": notifications.count_unread(affiliate),
    }
    return render(request, "messaging/notifications.html", context)


@require_GET
@affiliate_view
def notification(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show the text of an e-mail to the affiliate, with a link to where they can act, and mark it as read."""
    email = get_object_or_404(notifications.list_emails(affiliate), pk=pk)
    notifications.mark_email_read(email=email, now=timezone.now())
    return render(request, "messaging/notification.html", {"email": email, "content": notifications.read_text(email)})


@require_POST
@affiliate_view
def mark_all_read(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    notifications.mark_all_read(affiliate=affiliate, now=timezone.now())
    messages.success(request, _("All notifications are marked as read."))
    return redirect("messaging:notifications")


@require_GET
@affiliate_view
def announcement(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show an announcement that the affiliate received, and mark it as read."""
    receipts = AnnouncementReceipt.objects.filter(affiliate=affiliate).select_related("announcement")
    receipt = get_object_or_404(receipts, announcement=pk)
    notifications.mark_receipt_read(receipt=receipt, now=timezone.now())
    return render(request, "messaging/announcement.html", {"receipt": receipt, "announcement": receipt.announcement})


@require_GET
@affiliate_view
def conversation_list(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """List the affiliate's conversations with the program, the newest message first."""
    rows = Conversation.objects.for_affiliate(affiliate).order_by("-last_message_at", "-pk")
    table = ConversationTable(rows, orderable=False)
    RequestConfig(request, paginate={"per_page": PER_PAGE}).configure(table)
    return render(request, "messaging/conversations.html", {"table": table})


@affiliate_view
def new_conversation(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Write to the program about a subject."""
    # Another page may have begun the message.
    begun = {name: request.GET.get(name, "") for name in ("subject", "text")}
    form, status = NewConversationForm(initial=begun), 200
    if request.method == "POST":
        form, status = NewConversationForm(request.POST), 422
        if form.is_valid():
            try:
                conversation = conversations.write_to_program(
                    affiliate=affiliate, now=timezone.now(), by=affiliate.user, **form.cleaned_data
                )
            except (ValidationError, LimitReached) as error:
                status = _add_error(form, error)
            else:
                messages.success(request, _("Message sent. We notify you by e-mail when we answer."))
                return redirect("messaging:conversation", conversation.pk)
    return render(request, "messaging/new_conversation.html", {"form": form}, status=status)


@affiliate_view
def conversation(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show a conversation of the affiliate, mark it as read, and store their answer."""
    own = get_object_or_404(Conversation.objects.for_affiliate(affiliate).select_related("affiliate__user"), pk=pk)
    form, status = AnswerForm(), 200
    if request.method == "POST":
        form, status = AnswerForm(request.POST), 422
        if form.is_valid():
            try:
                conversations.answer_program(
                    conversation=own, text=form.cleaned_data["text"], now=timezone.now(), by=affiliate.user
                )
            except (ValidationError, LimitReached) as error:
                status = _add_error(form, error)
            else:
                messages.success(request, _("Message sent. We notify you by e-mail when we answer."))
                return redirect("messaging:conversation", pk)
    conversations.mark_read_by_affiliate(conversation=own, now=timezone.now())
    rows = conversations.list_newest_messages(own)
    context = {"conversation": own, "rows": rows, "newest": rows[-1] if rows else None, "form": form}
    return render(request, "messaging/conversation.html", context, status=status)


def _add_error(form: Form, error: ValidationError | LimitReached) -> int:
    """Show the error in the form; return the status of the response."""
    if isinstance(error, LimitReached):
        form.add_error(None, str(error))
        return 429
    form.add_error(None, error)
    return 422
