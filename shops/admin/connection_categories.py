"""The pages that map a shop's categories to those of the rate card, and apply changed mappings to orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from agreements.category_names import load_category_names
from lib.admin.actions import UsualReasonForm
from lib.errors import NotAllowed
from lib.text import fold_code
from payouts.admin.bases import money_page
from shops.admin.connection_forms import CategoryForm, list_rate_choices
from shops.connectors import mappings, repricing
from shops.connectors.mappings import Choice, ShopCategory
from shops.models import Connection
from shops.unrated_categories import get_current_rate_card

# Three fields each; Django reads 1,000 fields of a form.
MAX_ROWS = 250
# After all others that have a position.
LAST_POSITION = 10_000
# Django takes a form set for a class of its own for each kind of form.
_build_form_set = forms.formset_factory(CategoryForm, extra=1)


class MappingReasonForm(UsualReasonForm):
    usual_reason = gettext_lazy("The shop's categories are mapped.")


class ApplyForm(UsualReasonForm):
    usual_reason = gettext_lazy("Changed mappings are applied to orders that are not settled.")


def serve_categories(model_admin: ModelAdmin[Any], request: HttpRequest, connection: Connection) -> HttpResponse:
    """Show the table of categories, and save it as posted."""
    now = timezone.now()
    card = get_current_rate_card(now)
    rows = mappings.list_shop_categories(connection, card=card, now=now)
    posted = request.POST if request.method == "POST" else None
    form_set = _build_form_set(
        posted, initial=_build_initial(rows[:MAX_ROWS], fill_in="suggest" in request.GET), prefix="row",
        form_kwargs={"choices": [("", _("not mapped")), *list_rate_choices(card, {row.category for row in rows})]},
    )  # fmt: skip
    reason = MappingReasonForm(posted)
    address = reverse("admin:shops_connection_categories", args=[connection.pk])
    if posted is not None and form_set.is_valid() and reason.is_valid():
        try:
            changed = mappings.save_mappings(
                connection=connection, choices=_list_choices_made(form_set), card=card, now=now,
                by=staff_member(request), **reason.cleaned_data,
            )  # fmt: skip
        except ValidationError as error:
            reason.add_error(None, error)
        else:
            text = ngettext("%(count)d mapping changed.", "%(count)d mappings changed.", changed)
            messages.success(request, text % {"count": changed})
            if changed:
                messages.info(request, _("Earlier orders keep their rates until you apply the mappings to them."))
            return HttpResponseRedirect(address)
    by_key = {row.key: row for row in rows}
    pairs = [(form, by_key.get(fold_code(str(form["shop_category"].value() or "")))) for form in form_set]
    return money_page(
        model_admin, request, "admin/shops/connection_categories.html", _("Categories of %(name)s") % {"name": connection},
        connection=connection, category_names=load_category_names(), form_set=form_set, pairs=pairs[:-1],
        new=pairs[-1][0] if pairs else form_set.empty_form, reason=reason, card=card,
        days=mappings.DAYS, max_orders=mappings.MAX_ORDERS,
        more=max(0, len(rows) - MAX_ROWS), back=_get_page(connection), address=address,
        without_category=by_key.get(""), has_suggestions=any(row.suggestion and not row.category for row in rows),
        reprice_url=reverse("admin:shops_connection_reprice", args=[connection.pk]),
        can_change=request.user.has_perm("shops.change_connection"),
    )  # fmt: skip


def serve_repricing(model_admin: ModelAdmin[Any], request: HttpRequest, connection: Connection) -> HttpResponse:
    """Show what applying the mappings to unsettled orders would do, and do it once confirmed."""
    now = timezone.now()
    form = ApplyForm(request.POST) if request.method == "POST" else ApplyForm()
    if form.is_bound and form.is_valid():
        try:
            done = repricing.apply_mappings(
                connection=connection, digest=request.POST.get("digest", ""), now=now, by=staff_member(request),
                **form.cleaned_data,
            )  # fmt: skip
        except NotAllowed as error:
            form.add_error(None, str(error))
        else:
            text = ngettext("%(count)d order re-priced.", "%(count)d orders re-priced.", done.orders)
            messages.success(request, text % {"count": done.orders})
            return HttpResponseRedirect(reverse("admin:shops_connection_categories", args=[connection.pk]))
    return money_page(
        model_admin, request, "admin/shops/connection_repricing.html", _("Apply mappings to orders"),
        connection=connection, category_names=load_category_names(),
        preview=repricing.preview_repricing(connection, now=now), form=form,
        back=reverse("admin:shops_connection_categories", args=[connection.pk]), max_orders=repricing.MAX_ORDERS,
    )  # fmt: skip


def _get_page(connection: Connection) -> str:
    return reverse("admin:shops_connection_change", args=[connection.pk])


def _build_initial(rows: list[ShopCategory], *, fill_in: bool) -> list[dict[str, Any]]:
    return [
        {
            "shop_category": row.name,
            "category": row.category or (row.suggestion if fill_in else ""),
            "position": row.position,
        }
        for row in rows
        if row.key
    ]


def _list_choices_made(form_set: Any) -> list[Choice]:
    answers = [form.cleaned_data for form in form_set if form.cleaned_data.get("shop_category")]
    return [
        Choice(each["shop_category"], each["category"], each["position"] or LAST_POSITION + number)
        for number, each in enumerate(answers)
    ]
