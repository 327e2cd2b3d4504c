"""/dev/mail/: the e-mails that the outbox has sent, to be read in a browser while DEBUG is on."""

from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin

from mail.models import Message

app_name = "dev_mail"
SHOWN = 200
HTML_POLICY = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
}


def list_messages(request: HttpRequest) -> HttpResponse:
    """Show the newest sent e-mails."""
    sent = Message.objects.filter(state=Message.State.SENT).order_by("-sent_at", "-id")[:SHOWN]
    return render(request, "dev_mail/list.html", {"messages_sent": sent, "shown": SHOWN})


def show_message(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show an e-mail as HTML and as text."""
    message = get_object_or_404(Message, pk=pk, state="sent")
    return allow_frames(render(request, "dev_mail/message.html", {"message": message}))


@xframe_options_sameorigin
def show_html(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the HTML of an e-mail."""
    return respond_with_html(get_object_or_404(Message, pk=pk, state="sent").html)


def allow_frames(response: HttpResponse) -> HttpResponse:
    """Let the page show e-mails in frames. django-csp reads this attribute."""
    vars(response)["_csp_update"] = {"frame-src": [SELF]}
    return response


def respond_with_html(html: str) -> HttpResponse:
    """Return the HTML of an e-mail, with its inline styles. Its links do not open inside the frame."""
    response = HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))
    vars(response)["_csp_replace"] = HTML_POLICY
    return response


urlpatterns = [
    path("", list_messages, name="list"),
    path("<uuid:pk>/", show_message, name="message"),
    path("<uuid:pk>/html/", show_html, name="html"),
]
