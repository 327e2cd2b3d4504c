"""The affiliate's page of channels."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from affiliates import channels as declared
from affiliates.access import affiliate_view
from affiliates.errors import IllegalTransition
from affiliates.forms import ChannelForm
from affiliates.models import Affiliate, Channel


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def manage_channels(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The channels with what became of each, and a form to declare another."""
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            declared.add(affiliate=affiliate, **form.cleaned_data, now=timezone.now(), by=affiliate.user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Thank you. We look at the channel and write to you."))
            return redirect("affiliates:channels")
    page = {
        "channels": Channel.objects.for_affiliate(affiliate),
        "form": form,
        "can_declare": affiliate.state in declared.DECLARING_STATES,
    }
    return render(request, "affiliates/channels.html", page)


@require_POST
@affiliate_view
def remove_channel(request: HttpRequest, affiliate: Affiliate, pk: str) -> HttpResponse:
    """Take back a channel that still waits."""
    channel = get_object_or_404(Channel.objects.for_affiliate(affiliate), pk=pk)
    try:
        declared.remove(channel=channel, now=timezone.now(), by=affiliate.user)
    except IllegalTransition as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The channel is taken back."))
    return redirect("affiliates:channels")
