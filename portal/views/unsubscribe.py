"""Turning off an optional e-mail by the address in its header, without signing in (specification 10)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from affiliates.models import Affiliate
from mail.unsubscription import OPTIONAL_KINDS, read_unsubscribe_token
from portal import notification_settings
from portal.forms import OPTIONAL_LABELS


@csrf_exempt  # mail providers post to it (RFC 8058); the token proves that the address comes from an e-mail
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a confirmation, because programs open the links of an e-mail, and turn it off on POST."""
    kind, code = read_unsubscribe_token(token) or ("", "")
    if kind not in OPTIONAL_KINDS:
        raise Http404
    affiliate = get_object_or_404(Affiliate, code=code, erased_at=None)
    if request.method == "POST":
        notification_settings.mute_email(affiliate=affiliate, kind=kind, now=timezone.now())
    context = {"label": OPTIONAL_LABELS[kind], "is_done": kind in notification_settings.list_muted_emails(affiliate)}
    return render(request, "portal/unsubscribe.html", context)
