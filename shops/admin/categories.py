"""The page of categories without a rate, which earn the rate for everything else."""

from collections.abc import Callable

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agreements.category_names import load_category_names
from agreements.program_currency import get_program_currency
from shops import unrated_categories


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("tracking.view_reports"):
        raise PermissionDenied
    now = timezone.now()
    card = unrated_categories.get_current_rate_card(now)
    rows = unrated_categories.list_unrated_categories(card=card, now=now) if card else []
    context = admin.site.each_context(request) | {
        "title": _("Categories without a rate"),
        "rows": rows,
        "category_names": load_category_names(),
        "card": card,
        "days": unrated_categories.DAYS,
        "currency": get_program_currency(),
    }
    return TemplateResponse(request, "admin/shops/categories.html", context)


categories_page: Callable[..., HttpResponse] = admin.site.admin_view(categories)
