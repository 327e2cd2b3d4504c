"""An affiliate's links and coupons."""

from collections.abc import Callable
from typing import Any
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
from tracking import link_lists
from tracking.forms import LinkForm
from tracking.links import qr
from tracking.links import tracking_links as domain
from tracking.links.shop_hosts import get_shop_hosts
from tracking.models import Coupon, Link
from tracking.tables import LinkTable


@require_safe
@affiliate_view
def list_links(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """All links with what came of them, and all coupons."""
    now = timezone.now()
    pause = link_lists.find_affiliate_pause(affiliate, now=now)
    table = LinkTable(link_lists.list_links_with_counts(affiliate), pause=pause)
    RequestConfig(request, paginate={"per_page": 25}).configure(table)
    page = {
        "table": table,
        "coupons": Coupon.objects.for_affiliate(affiliate),
        "now": now,
        "pause": pause,
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/links.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def create_link(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Make a link."""
    form = LinkForm(request.POST or None, hosts=_get_shop_hosts())
    if request.method == "POST" and form.is_valid():
        try:
            link = domain.create_link(
                affiliate=affiliate, **form.get_link_fields(), now=timezone.now(), by=affiliate.user
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Your link is ready. Copy its address and publish it."))
            return redirect("tracking:link", link.pk)
    page = {"form": form, "can_create_links": affiliate.state == State.ACTIVE}
    return render(request, "tracking/link_new.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def show_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """One link: its address, its QR code, what came of it, and the form to change it."""
    row = get_object_or_404(link_lists.list_links_with_counts(affiliate).select_related("affiliate"), pk=pk)
    form = LinkForm(request.POST or None, hosts=_get_shop_hosts(), initial=_get_initial_data(row))
    if request.method == "POST" and form.is_valid():
        try:
            domain.update_link(link=row, **form.get_link_fields(), now=timezone.now(), by=affiliate.user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("The link is changed; its address stays the same."))
            return redirect("tracking:link", row.pk)
    page = {
        "link": row,
        "address": domain.build_short_url(row),
        "form": form,
        "pause": link_lists.find_affiliate_pause(affiliate, now=timezone.now()),
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/link.html", page)


@require_POST
@affiliate_view
def pause_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Stop tracking a link."""
    done = _("The link is paused: it still leads to the shop, but nothing is tracked.")
    return _set_paused(request, affiliate, pk, domain.pause_link, done)


@require_POST
@affiliate_view
def resume_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Track a link again."""
    return _set_paused(request, affiliate, pk, domain.resume_link, _("The link is tracked again."))


@require_safe
@affiliate_view
def show_qr_code(request: HttpRequest, affiliate: Affiliate, pk: UUID, kind: str) -> HttpResponse:
    """The QR code of a link, as a picture."""
    row = get_object_or_404(Link.objects.for_affiliate(affiliate), pk=pk)
    answer = HttpResponse(qr.render_qr_code(row, kind), content_type=qr.MEDIA_TYPES[kind])
    answer.headers["Content-Disposition"] = f'inline; filename="{row.code}.{kind}"'
    return answer


def _set_paused(
    request: HttpRequest, affiliate: Affiliate, pk: UUID, switch: Callable[..., None], done: str
) -> HttpResponse:
    row = get_object_or_404(Link.objects.for_affiliate(affiliate).select_related("affiliate"), pk=pk)
    try:
        switch(link=row, now=timezone.now(), by=affiliate.user)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("tracking:link", row.pk)


def _get_shop_hosts() -> frozenset[str]:
    return get_shop_hosts(Program.objects.filter(pk=1).first() or Program())


def _get_initial_data(row: Link) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("target", "name", *domain.SUB_IDS)}
