"""The deep-link builder, as a page and, for its script, as the result alone."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, State
from tracking.forms import BuilderForm
from tracking.links import deep_links, qr
from tracking.links.addresses import get_current_shop_hosts
from tracking.links.link_fields import SUB_IDS
from tracking.models import Link


@require_safe
@affiliate_view
def build_deep_link(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the deep link to the page `url` of the shop. A bookmark on the shop's page opens this with its address."""
    links = deep_links.list_offered_links(affiliate, _read_id(request.GET.get("link", "")))
    page = request.GET.get("url", "")
    if not links:
        messages.info(request, _("Create a tracking link first. Deep links are made from it."))
        return redirect(f"{reverse('tracking:link_new')}?{urlencode({'target': page})}")
    initial = {"url": page, "link": request.GET.get("link", "")}
    form = BuilderForm(_read_data(request, links), links=links, hosts=get_current_shop_hosts(), initial=initial)
    context = {
        "form": form,
        "can_create_links": affiliate.state == State.ACTIVE,
        "target_parameter": urlencode({"target": page}),
    }
    if form.is_valid():
        context |= _build_result(form)
    if "result" in request.GET:
        return render(request, "tracking/builder_result.html", context)
    return render(request, "tracking/builder.html", context | {"bookmarklet": _build_bookmarklet()})


def _read_data(request: HttpRequest, links: list[Link]) -> QueryDict | None:
    """Return what the form was sent, None if it was only opened. The bookmark names no link: it has to be chosen, unless
    there is only one."""
    if not request.GET.get("url", "").strip() and "result" not in request.GET:
        return None
    if "link" in request.GET:
        return request.GET
    if len(links) > 1:
        return None
    data = request.GET.copy()
    data["link"] = str(links[0].pk)
    return data


def _build_result(form: BuilderForm) -> dict[str, object]:
    data = form.cleaned_data
    parameters = {"url": data["url"]} | {name: data[name] for name in SUB_IDS if data[name]}
    return {
        "link": data["link"],
        "deep_link": form.deep_link,
        "parameters": urlencode(parameters),
        "fits_qr_code": len(form.deep_link) <= qr.MAX_LENGTH,
    }


def _build_bookmarklet() -> str:
    """Return the address of a bookmark that opens the builder with the address of the page it is clicked on."""
    address = f"{settings.BASE_URL}{reverse('tracking:link_builder')}?url="
    return f"javascript:location.href='{address}'+encodeURIComponent(location.href)"


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
