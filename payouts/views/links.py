"""Pages of an affiliate's links with what they earned. The other pages of links are in `tracking.views`."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_tables2 import LazyPaginator, RequestConfig

from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate, State
from agreements.models import Program
from agreements.program_currency import get_program_currency
from lib import csv_downloads
from lib.replica import reads_replica
from payouts.link_filters import LinkFilter
from payouts.link_table import CSV_HEADER, NO_FIGURES, LinkTable, build_csv_row, render_tracking_link
from payouts.reporting.link_figures import load_link_figures, load_link_figures_and_coupon_commission
from tracking import uncounted_clicks
from tracking.forms import LinkForm
from tracking.links import own_names, pauses
from tracking.links import tracking_links as domain
from tracking.links.addresses import get_shop_hosts
from tracking.models import Coupon, Link

PER_PAGE = 25


@require_safe
@affiliate_view
@reads_replica
def list_links(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the affiliate's links with their figures, and their coupons."""
    now = timezone.now()
    pause = pauses.find_affiliate_pause(affiliate, Program.objects.filter(pk=1).first() or Program(), now=now)
    filters = LinkFilter(request.GET, queryset=Link.objects.for_affiliate(affiliate))
    figures, coupon_commission = load_link_figures_and_coupon_commission(affiliate)
    coupons = list(Coupon.objects.for_affiliate(affiliate).select_related("affiliate"))
    table = LinkTable(filters.qs, figures, pause=pause)
    table.empty_text = _build_empty_text(request, affiliate)
    # A lazy paginator doesn't count the links.
    RequestConfig(request, paginate={"per_page": PER_PAGE, "paginator_class": LazyPaginator}).configure(table)
    page = {
        "filter": filters,
        "table": table,
        "query": request.GET.urlencode(),
        "coupons": coupons,
        "coupon_commission": coupon_commission if coupons else None,
        "now": now,
        "pause": pause,
        "failed_deep_links": uncounted_clicks.list_failed_deep_links(affiliate, now=now),
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/links.html", page)


def _build_empty_text(request: HttpRequest, affiliate: Affiliate) -> str:
    if any(request.GET.get(name) for name in LinkFilter.base_filters):
        return format_html(
            '{} <a href="{}">{}</a>', _("No links match these filters."), reverse("tracking:links"), _("Clear filters")
        )
    text = _("You have no links here. Each tracking link leads to a page of the shop and counts clicks and orders.")
    if affiliate.state != State.ACTIVE:
        return text
    return format_html('{} <a href="{}">{}</a>', text, reverse("tracking:link_new"), _("Create a link"))


@require_safe
@affiliate_view
@limits_downloads
@reads_replica
def download_links(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Return the links that the list shows, on all its pages, as a CSV file."""
    program = Program.objects.filter(pk=1).first() or Program()
    pause = pauses.find_affiliate_pause(affiliate, program, now=timezone.now())
    figures, currency = load_link_figures(affiliate), get_program_currency()
    links = LinkFilter(request.GET, queryset=Link.objects.for_affiliate(affiliate)).qs
    rows = (build_csv_row(link, figures.get(link.pk, NO_FIGURES), currency, pause) for link in links)
    return csv_downloads.build_csv_response("links.csv", CSV_HEADER, rows)


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def show_link(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show a link with its QR code and figures, and change it."""
    row = get_object_or_404(own_names.annotate_names(Link.objects.for_affiliate(affiliate)), pk=pk)
    row.affiliate = affiliate
    program = Program.objects.filter(pk=1).first() or Program()
    form = LinkForm(request.POST or None, initial=_get_initial_data(row), hosts=get_shop_hosts(program))
    if request.method == "POST" and form.is_valid():
        try:
            domain.update_link(link=row, **form.get_link_fields(), now=timezone.now(), by=affiliate.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Link saved. Addresses that you published lead to it as before."))
            return redirect("tracking:link", row.pk)
    now = timezone.now()
    page = {
        "link": row,
        "address": domain.build_short_url(row),
        "address_field": render_tracking_link(row),
        "earlier_names": own_names.list_earlier_names(row),
        "staff_reasons": domain.find_staff_reasons(row),
        "form": form,
        "figures": load_link_figures(affiliate).get(row.pk, NO_FIGURES),
        "pause": pauses.find_affiliate_pause(affiliate, program, now=now),
        "uncounted": uncounted_clicks.count_uncounted_visits(row, now=now),
        "failed_deep_links": uncounted_clicks.list_failed_deep_links(affiliate, now=now, links=[row.pk]),
        "can_create_links": affiliate.state == State.ACTIVE,
    }
    return render(request, "tracking/link.html", page)


def _get_initial_data(row: Link) -> dict[str, Any]:
    return {name: getattr(row, name) for name in LinkForm.base_fields}
