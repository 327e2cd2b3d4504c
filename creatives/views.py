"""The affiliates' pages of creatives, and the images that their channels show."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, State
from agreements.models import Program
from creatives import affiliate_links, image_responses, snippets
from creatives.filters import CreativeFilter
from creatives.models import Creative, CreativeLink
from lib.errors import NotAllowed
from tracking.links.pauses import PauseReason, find_affiliate_pause
from tracking.links.tracking_links import build_short_url

PAGE_SIZE = 12
MAX_ENDED_SHOWN = 20


@require_safe
@affiliate_view
def list_creatives(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the creatives that are available now, and those that the affiliate has copied and that no longer are."""
    now = timezone.now()
    available = Creative.objects.available(now)
    filters = CreativeFilter(request.GET, queryset=available)
    page = Paginator(filters.qs, PAGE_SIZE).get_page(request.GET.get("page"))
    # Of each creative at most one, so never many rows.
    copied = [one.creative for one in CreativeLink.objects.filter(affiliate=affiliate).select_related("creative")]
    states = [(creative, creative.get_state(now)) for creative in copied]
    context = {
        "filter": filters,
        "page": page,
        "copied": {creative.pk for creative in copied},
        "ended": [each for each in states if each[1] != Creative.State.ACTIVE][:MAX_ENDED_SHOWN],
        "affiliate": affiliate,
        "can_copy": affiliate.state == State.ACTIVE,
        "pause": _find_pause(affiliate, now),
    }
    return render(request, "creatives/creatives.html", context)


def _find_pause(affiliate: Affiliate, now: datetime) -> PauseReason | None:
    return find_affiliate_pause(affiliate, Program.objects.filter(pk=1).first() or Program(), now=now)


@require_safe
@affiliate_view
def show_creative(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show a creative that is available, or that the affiliate has copied, with its code."""
    now = timezone.now()
    creative = get_object_or_404(Creative, pk=pk)
    state, link = creative.get_state(now), affiliate_links.find_link(creative, affiliate)
    if link is None and state != Creative.State.ACTIVE:
        raise Http404
    url = build_short_url(link) if link else ""
    is_text = creative.kind == Creative.Kind.TEXT
    context = {
        "creative": creative,
        "state": state,
        "is_active": state == Creative.State.ACTIVE,
        "link": link,
        "url": url,
        "html": snippets.build_html(creative, url) if url else "",
        "text": snippets.build_text(creative, url) if url and is_text else "",
        "affiliate": affiliate,
        "can_copy": affiliate.state == State.ACTIVE,
        "pause": _find_pause(affiliate, now),
    }
    return render(request, "creatives/creative.html", context)


@require_POST
@affiliate_view
def create_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Create the affiliate's link for a creative, and show its code."""
    creative = get_object_or_404(Creative, pk=pk)
    if creative.get_state(timezone.now()) == Creative.State.SCHEDULED:
        raise Http404
    try:
        affiliate_links.provide_link(creative=creative, affiliate=affiliate, now=timezone.now(), by=affiliate.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except NotAllowed as error:
        messages.error(request, str(error))
        return redirect("creatives:creatives")
    else:
        messages.success(request, _("Your code is ready. Copy it and publish it."))
    return redirect("creatives:creative", creative.pk)


@require_safe
def show_image(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Return the image of a banner to anyone; a neutral one if the banner is not active."""
    creative = Creative.objects.filter(pk=pk, kind=Creative.Kind.BANNER).first()
    if creative is None:
        return HttpResponse("There is no banner at this address.\n", status=404, content_type="text/plain")
    return image_responses.build_public_response(request, creative, now=timezone.now())
