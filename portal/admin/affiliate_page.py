"""The page of an affiliate in the admin: figures first, then the tab that the URL names with `?tab=`."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from accounts.staff import staff_member
from affiliates.models import Affiliate
from agreements.program_currency import get_currency_and_zone
from lib.admin.bases import BaseAdmin
from lib.formatting import format_datetime
from portal.affiliate_page import timeline
from portal.affiliate_page.application_tables import annotate_answers
from portal.affiliate_page.figures import annotate_figures, list_figures, list_warnings
from portal.affiliate_page.record_tables import NOTES
from portal.affiliate_page.tables import Context, Tab, Table, load_table
from portal.affiliate_page.tabs import OVERVIEW, find_tab, list_tables, list_tabs


class AffiliatePageAdmin(BaseAdmin):
    """Shows an affiliate's figures and tabs on their page, around the form."""

    change_form_template = "admin/portal/affiliate.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is not None and self.has_view_permission(request):
            affiliate = self.get_object(request, object_id)
            if affiliate is not None:
                extra_context = (extra_context or {}) | self._build_page(request, affiliate)
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the affiliate with what the figures and the answers need, read once per page."""
        # A form changes the object that it is given, so that one is read apart.
        loaded = vars(request).setdefault("_loaded_affiliates", {}) if request.method == "GET" else {}
        if object_id not in loaded:
            rows = annotate_answers(annotate_figures(self.get_queryset(request), request.user), request.user)
            loaded[object_id] = rows.filter(pk=object_id).first()
        return loaded[object_id]

    def _build_page(self, request: HttpRequest, affiliate: Affiliate) -> dict[str, Any]:
        """Return the context of the tab that is open. Raises Http404 for an unknown tab, PermissionDenied for another."""
        tab, tabs = find_tab(request.GET.get("tab", "")), list_tabs(request.user)
        if tab is None:
            raise Http404
        if tab not in tabs:
            raise PermissionDenied
        currency, zone = get_currency_and_zone()
        before = timeline.parse_time(request.GET.get("before", ""))
        context = Context(affiliate, currency, timezone.now(), staff_member(request), before)
        return {
            "state_since": format_datetime(affiliate.state_since),
            "tabs": tabs,
            "tab": tab,
            "is_overview": tab is OVERVIEW,
            "warnings": list_warnings(affiliate),
            "figures": list_figures(affiliate, request.user, currency=currency, zone=zone, now=context.now),
            "tables": [load_table(table, context) for table in self._list_tables(request, affiliate, tab)],
            "tags": affiliate.tags.all() if request.user.has_perm("affiliates.view_affiliatetag") else (),
        }

    def _list_tables(self, request: HttpRequest, affiliate: Affiliate, tab: Tab) -> list[Table]:
        """Return the tables that the member of staff may see; notes never, if they are about themselves."""
        tables = list_tables(tab, request.user)
        return [table for table in tables if table is not NOTES or affiliate.user_id != request.user.pk]
