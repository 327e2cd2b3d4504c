"""Actions on an affiliate's links; `payouts.views.links` has the list and the page of a link."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, State
from lib.errors import NotAllowed
from tracking.forms import LinkForm
from tracking.links import deep_links, qr
from tracking.links import tracking_links as domain
from tracking.links.addresses import MAX_LENGTH, get_current_shop_hosts
from tracking.links.link_fields import SUB_IDS
from tracking.models import Link


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def create_link(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Create a link."""
    initial = {"target": request.GET.get("target", "")[:MAX_LENGTH]}
    form = LinkForm(request.POST or None, initial=initial, hosts=get_current_shop_hosts())
    if request.method == "POST" and form.is_valid():
        try:
            link = domain.create_link(
                affiliate=affiliate, **form.get_link_fields(), now=timezone.now(), by=affiliate.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Link created. Copy the tracking link and publish it."))
            if twin := domain.find_twin(link):
                text = _("You have another link to the same page: %(link)s. Each has figures of its own.")
                messages.info(request, text % {"link": domain.build_short_url(twin)})
            return redirect("tracking:link", link.pk)
    page = {"form": form, "can_create_links": affiliate.state == State.ACTIVE}
    return render(request, "tracking/link_new.html", page)


@require_POST
@affiliate_view
def pause_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Pause a link."""
    message = _("Link paused. It still leads to the shop, but clicks are not tracked.")
    return _change(request, affiliate, pk, domain.pause_link, message)


@require_POST
@affiliate_view
def resume_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Resume a link."""
    return _change(request, affiliate, pk, domain.resume_link, _("Link resumed."))


@require_POST
@affiliate_view
def archive_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Archive a link."""
    message = _("Link archived. It still leads to the shop and earns, but your list leaves it out.")
    return _change(request, affiliate, pk, domain.archive_link, message)


@require_POST
@affiliate_view
def restore_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Put an archived link back into the list."""
    return _change(request, affiliate, pk, domain.restore_link, _("Link restored to your list."))


@require_safe
@affiliate_view
def show_qr_code(request: HttpRequest, affiliate: Affiliate, pk: UUID, kind: str) -> HttpResponse:
    """Return the QR code of a link as an image, or that of a deep link for the page `url` and the sub-IDs."""
    link = get_object_or_404(Link.objects.for_affiliate(affiliate), pk=pk)
    response = HttpResponse(qr.render_qr_code(_find_address(link, request), kind), content_type=qr.MEDIA_TYPES[kind])
    response.headers["Content-Disposition"] = f'inline; filename="{link.published_code}.{kind}"'
    return response


def _find_address(link: Link, request: HttpRequest) -> str:
    if "url" not in request.GET:
        return domain.build_short_url(link)
    sub_ids = [request.GET.get(name, "") for name in SUB_IDS]
    try:
        address = deep_links.build_deep_link(link, page=request.GET["url"], sub_ids=sub_ids)
    except ValidationError:
        raise Http404 from None
    if len(address) > qr.MAX_LENGTH:
        raise Http404
    return address


def _change(
    request: HttpRequest, affiliate: Affiliate, pk: UUID, change: Callable[..., None], message: str
) -> HttpResponse:
    row = get_object_or_404(Link.objects.for_affiliate(affiliate).select_related("affiliate"), pk=pk)
    try:
        change(link=row, now=timezone.now(), by=affiliate.user)
    except NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, message)
    return redirect("tracking:link", row.pk)
