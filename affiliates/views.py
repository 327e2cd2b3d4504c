"""The channels page."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import channels
from affiliates.access import affiliate_view
from affiliates.errors import IllegalTransition
from affiliates.forms import ChannelForm
from affiliates.models import Affiliate, Channel


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def manage_channels(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """List the affiliate's channels with their states, and add a channel."""
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            channels.add(affiliate=affiliate, **form.cleaned_data, now=timezone.now(), by=affiliate.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Channel added. We will review it and send you an e-mail."))
            return redirect("affiliates:channels")
    page = {
        "channels": Channel.objects.for_affiliate(affiliate),
        "form": form,
        "can_add": affiliate.state in channels.STATES_THAT_CAN_ADD,
    }
    return render(request, "affiliates/channels.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def remove_channel(request: HttpRequest, affiliate: Affiliate, pk: str) -> HttpResponse:
    """Withdraw a pending channel, after a page that asks for confirmation."""
    channel = get_object_or_404(Channel.objects.for_affiliate(affiliate), pk=pk)
    if request.method != "POST":
        return render(request, "affiliates/channel_remove.html", {"channel": channel})
    try:
        channels.remove(channel=channel, now=timezone.now(), by=affiliate.user)
    except IllegalTransition as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Channel %(address)s withdrawn.") % {"address": channel.address})
    return redirect("affiliates:channels")
