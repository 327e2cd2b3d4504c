"""Pages of an affiliate's links and coupons."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_tables2 import RequestConfig

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, State
from agreements.models import Program
from lib.errors import NotAllowed
from lib.replica import reads_replica
from tracking import link_lists, uncounted_clicks
from tracking.forms import LinkForm
from tracking.links import qr
from tracking.links import tracking_links as domain
from tracking.links.addresses import get_shop_hosts
from tracking.models import Coupon, Link
from tracking.tables import LinkTable


@require_safe
@affiliate_view
@reads_replica
def list_links(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the affiliate's links with their clicks and orders, and their coupons."""
    now = timezone.now()
    pause = link_lists.find_affiliate_pause(affiliate, now=now)
    table = LinkTable(link_lists.list_links_with_counts(affiliate), pause=pause)
    RequestConfig(request, paginate={"per_page": 25}).configure(table)
    page = {
        "table": table,
        "coupons": Coupon.objects.for_affiliate(affiliate).select_related("affiliate"),
        "now": now,
        "pause": pause,
        "failed_deep_links": uncounted_clicks.list_failed_deep_links(affiliate, now=now),
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/links.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def create_link(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Create a link."""
    form = LinkForm(request.POST or None, hosts=_get_shop_hosts())
    if request.method == "POST" and form.is_valid():
        try:
            link = domain.create_link(
                affiliate=affiliate, **form.get_link_fields(), now=timezone.now(), by=affiliate.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Link created. Copy the tracking link and publish it."))
            return redirect("tracking:link", link.pk)
    page = {"form": form, "can_create_links": affiliate.state == State.ACTIVE}
    return render(request, "tracking/link_new.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def show_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show a link with its QR code, clicks and orders, and change it."""
    row = get_object_or_404(link_lists.list_links_with_counts(affiliate).select_related("affiliate"), pk=pk)
    form = LinkForm(request.POST or None, hosts=_get_shop_hosts(), initial=_get_initial_data(row))
    if request.method == "POST" and form.is_valid():
        try:
            domain.update_link(link=row, **form.get_link_fields(), now=timezone.now(), by=affiliate.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Link saved. The tracking link stays the same."))
            return redirect("tracking:link", row.pk)
    now = timezone.now()
    page = {
        "link": row,
        "address": domain.build_short_url(row),
        "deep_link": _build_deep_link_example(row),
        "form": form,
        "pause": link_lists.find_affiliate_pause(affiliate, now=now),
        "uncounted": uncounted_clicks.count_uncounted_visits(row, now=now),
        "failed_deep_links": uncounted_clicks.list_failed_deep_links(affiliate, now=now, links=[row.pk]),
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/link.html", page)


@require_POST
@affiliate_view
def pause_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Pause a link."""
    message = _("Link paused. It still leads to the shop, but clicks are not tracked.")
    return _set_paused(request, affiliate, pk, domain.pause_link, message)


@require_POST
@affiliate_view
def resume_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Resume a link."""
    return _set_paused(request, affiliate, pk, domain.resume_link, _("Link resumed."))


@require_safe
@affiliate_view
def show_qr_code(request: HttpRequest, affiliate: Affiliate, pk: UUID, kind: str) -> HttpResponse:
    """Return the QR code of a link as an image."""
    link = get_object_or_404(Link.objects.for_affiliate(affiliate), pk=pk)
    response = HttpResponse(qr.render_qr_code(link, kind), content_type=qr.MEDIA_TYPES[kind])
    response.headers["Content-Disposition"] = f'inline; filename="{link.code}.{kind}"'
    return response


def _build_deep_link_example(link: Link) -> str:
    parameters = urlencode({"to": link.target, "sub1": "newsletter", "sub2": "spring"})
    return f"{domain.build_short_url(link)}?{parameters}"


def _set_paused(
    request: HttpRequest, affiliate: Affiliate, pk: UUID, switch: Callable[..., None], message: str
) -> HttpResponse:
    row = get_object_or_404(Link.objects.for_affiliate(affiliate).select_related("affiliate"), pk=pk)
    try:
        switch(link=row, now=timezone.now(), by=affiliate.user)
    except NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, message)
    return redirect("tracking:link", row.pk)


def _get_shop_hosts() -> frozenset[str]:
    return get_shop_hosts(Program.objects.filter(pk=1).first() or Program())


def _get_initial_data(row: Link) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("target", "name", *domain.SUB_IDS)}
