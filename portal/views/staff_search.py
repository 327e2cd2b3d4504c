"""The results of the search of staff: a page, and the part of it that the search box of the admin (Ctrl-K) shows."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.staff_menu import build_sidebar
from portal.staff_search import search


@require_safe
def show_results(request: HttpRequest) -> HttpResponse:
    """Show what the search for `s` finds; with `extended`, as Unfold's search box asks, the results alone."""
    text = request.GET.get("s", "").strip()
    context = {"text": text, "results": search(request, text, build_sidebar(request)) if text else []}
    if "extended" in request.GET:
        return TemplateResponse(request, "unfold/helpers/command_results.html", context)
    shared = {**admin.site.each_context(request), "title": _("Search")}
    return TemplateResponse(request, "admin/portal/search.html", shared | context)
