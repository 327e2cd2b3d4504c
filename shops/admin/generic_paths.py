"""The page where staff type the paths of a generic connection, beside a sample and its snapshot (specification 11)."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.staff import staff_member
from lib.admin.actions import ReasonForm
from lib.errors import NotAllowed
from shops.connectors.generic.changes import change_options
from shops.connectors.generic.example import EXAMPLE
from shops.connectors.generic.forms import CHOICES, GenericForm
from shops.connectors.generic.preview import Preview, build_preview
from shops.models import Connection, Platform

MAX_SAMPLE = 200_000
# The paths below each heading.
GROUPS = {
    gettext_lazy("Order"): ("order_id", "status", "placed_at", "currency", "click_id", "coupons"),
    gettext_lazy("Lines"): (
        *("lines", "line_id", "sku", "title", "product_key", "category", "quantity"),
        *("amount", "tax", "discount", "refunded", "refunded_quantity", "total"),
    ),
    gettext_lazy("Customer"): ("customer_ref", "customer_country"),
    gettext_lazy("Events and times"): ("topic", "updated_at", "paid_at", "completed_at", "cancelled", "test"),
}


class PathRow(NamedTuple):
    """A field of the form with what its path finds in the sample."""

    field: BoundField
    found: str


@require_http_methods(["GET", "HEAD", "POST"])
def generic_paths(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the form, answer with a preview, or save."""
    if not request.user.has_perm("shops.change_connection"):
        raise PermissionDenied
    shown = Connection.objects.filter(platform=Platform.GENERIC).exclude(state=Connection.State.DELETED)
    connection = get_object_or_404(shown, pk=pk)
    sample = request.POST.get("sample", EXAMPLE)[:MAX_SAMPLE]
    form = GenericForm(connection.options, request.POST if request.method == "POST" else None)
    form.is_valid()
    options = form.cleaned_data["options"] if form.is_bound else connection.options
    preview = build_preview(connection=connection, options=options, sample=sample, now=timezone.now())
    reason = ReasonForm(request.POST if "save" in request.POST else None)
    if "save" in request.POST and form.is_valid() and reason.is_valid() and _save(request, connection, form, reason):
        return HttpResponseRedirect(request.path)
    if "fragment" in request.POST:
        return TemplateResponse(request, "admin/shops/generic_preview.html", {"preview": preview, "form": form})
    context = admin.site.each_context(request) | {
        "title": _("Paths of %(name)s") % {"name": connection.name},
        "connection": connection,
        "form": form,
        "reason": reason,
        "choices": [form[name] for name in ("signature", "signature_header", *list(CHOICES)[1:])],
        "groups": [(heading, list(_list_rows(form, names, preview))) for heading, names in GROUPS.items()],
        "sample": sample,
        "preview": preview,
    }
    return TemplateResponse(request, "admin/shops/generic_paths.html", context)


def _list_rows(form: GenericForm, names: tuple[str, ...], preview: Preview) -> Iterator[PathRow]:
    for name in names:
        yield PathRow(form[f"path-{name}"], preview.found.get(name, ""))


def _save(request: HttpRequest, connection: Connection, form: GenericForm, reason: ReasonForm) -> bool:
    options: dict[str, Any] = form.cleaned_data["options"]
    why, by = reason.cleaned_data["reason"], staff_member(request)
    try:
        change_options(connection=connection, options=options, reason=why, now=timezone.now(), by=by)
    except (NotAllowed, ValidationError) as error:
        messages.error(request, str(error) if isinstance(error, NotAllowed) else " ".join(error.messages))
        return False
    messages.success(request, _("Paths saved. They apply to events from now on, and to those processed again."))
    return True


generic_paths_page: Callable[..., HttpResponse] = admin.site.admin_view(generic_paths)
