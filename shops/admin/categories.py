"""The page of categories that earn the rate for everything else because no rate names them."""

from collections.abc import Callable

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agreements.program_currency import get_program_currency
from shops import unrated_categories as unnamed_categories


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """Categories of the last 90 days' orders without a rate of their own, and which may have been meant."""
    if not request.user.has_perm("tracking.view_reports"):
        raise PermissionDenied
    now = timezone.now()
    card = unnamed_categories.get_current_rate_card(now)
    rows = unnamed_categories.list_unrated_categories(card=card, now=now) if card else []
    context = admin.site.each_context(request) | {
        "title": _("Categories without a rate"),
        "rows": rows,
        "card": card,
        "days": unnamed_categories.DAYS,
        "currency": get_program_currency(),
    }
    return TemplateResponse(request, "admin/shops/categories.html", context)


categories_page: Callable[..., HttpResponse] = admin.site.admin_view(categories)
