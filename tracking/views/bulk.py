"""Creation of many links at once from pasted addresses."""

from datetime import datetime
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, State
from lib import csv_downloads
from tracking.forms import BulkForm
from tracking.links import bulk_links
from tracking.links.addresses import get_current_shop_hosts
from tracking.links.bulk_links import MAX_LINES, PastedLine
from tracking.links.tracking_links import build_short_url
from tracking.models import Link

CSV_HEADER = ("destination", "tracking_link", "created_at")
CHECK_CSV_HEADER = ("line", "address", "result")


@require_http_methods(["GET", "HEAD", "POST"])
@affiliate_view
def create_links(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Create a link to each pasted address.

    If an address is refused, nothing is stored until the affiliate confirms that the refused ones be left out.
    """
    form = BulkForm(request.POST or None, hosts=get_current_shop_hosts())
    page = {"form": form, "limit": MAX_LINES, "can_create_links": affiliate.state == State.ACTIVE}
    if request.method == "POST" and form.is_valid():
        try:
            lines = bulk_links.read_lines(form.cleaned_data["addresses"])
            if "check" in request.POST:
                return _build_check_csv(lines)
            fitting = [line.target for line in lines if not line.error]
            if fitting and (len(fitting) == len(lines) or "confirmed" in request.POST):
                return _store(affiliate, fitting, form)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            page |= {"refused": [line for line in lines if line.error], "fitting_count": len(fitting)}
    return render(request, "tracking/links_bulk.html", page)


def _store(affiliate: Affiliate, targets: list[str], form: BulkForm) -> HttpResponse:
    now = timezone.now()
    name, sub_ids = form.cleaned_data["name"], form.get_sub_ids()
    bulk_links.create_links(affiliate=affiliate, targets=targets, name=name, sub_ids=sub_ids, now=now)
    return redirect(f"{reverse('tracking:links_created')}?{urlencode({'at': now.isoformat()})}")


def _build_check_csv(lines: list[PastedLine]) -> HttpResponse:
    rows = ((line.number, line.text, line.error or _("can be created")) for line in lines)
    return csv_downloads.build_csv_response("checked-addresses.csv", CHECK_CSV_HEADER, rows)


@require_safe
@affiliate_view
def show_created(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the links that were created together, to be copied."""
    links = _find_created(request, affiliate)
    rows = [(link, build_short_url(link)) for link in links]
    page = {"rows": rows, "all": "\n".join(url for _link, url in rows), "at": request.GET["at"]}
    return render(request, "tracking/links_created.html", page)


@require_safe
@affiliate_view
def download_created(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Return the links that were created together as a CSV file."""
    rows = (
        (link.target, build_short_url(link), link.created_at.isoformat()) for link in _find_created(request, affiliate)
    )
    return csv_downloads.build_csv_response("new-links.csv", CSV_HEADER, rows)


def _find_created(request: HttpRequest, affiliate: Affiliate) -> list[Link]:
    try:
        at = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        raise Http404 from None
    if at.tzinfo is None:
        raise Http404
    links = list(Link.objects.for_affiliate(affiliate).filter(created_at=at).order_by("pk")[:MAX_LINES])
    if not links:
        raise Http404
    return links
