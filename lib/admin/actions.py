"""Staff actions in the admin that ask for a reason or a confirmation first: one page, one flow (DESIGN 2, "faces")."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from lib.errors import NotAllowed

# Tells the page's own answer from the click in a list that led to the page.
CONFIRMED = "confirmed"


class ConfirmForm(forms.Form):
    """Nothing to fill in: the button is the question."""


class ReasonForm(forms.Form):
    """Why; stored in the audit record, and read by the affiliate where the action tells them."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )


def run_action(
    request: HttpRequest,
    admin: "ModelAdmin[Any]",
    form_class: type[forms.Form],
    title: str,
    do: Callable[[dict[str, Any]], object],
    back: str,
    *,
    success_message: str = "",
    explanation: str = "",
    initial: dict[str, Any] | None = None,
) -> HttpResponse:
    """Ask with `form_class`, then call `do` with its answers and go `back`, all of it or nothing in one transaction.

    What `do` refuses by a field of the form is shown beside it; every other refusal (ValidationError, Refused and
    IllegalTransition, PermissionDenied) is a message. Works for an action of a list and for a page of its own.
    """
    form = form_class(request.POST, request.FILES) if CONFIRMED in request.POST else form_class(initial=initial)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                do(form.cleaned_data)
        except ValidationError as refusal:
            if _add_field_errors(form, refusal):
                return _render_page(request, admin, form, title, back, explanation)
            messages.error(request, " ".join(refusal.messages))
        except (NotAllowed, PermissionDenied) as refusal:
            messages.error(request, str(refusal) or _("You may not do this."))
        else:
            messages.success(request, success_message or _("Done: %(title)s") % {"title": title})
        return HttpResponseRedirect(back)
    return _render_page(request, admin, form, title, back, explanation)


def _add_field_errors(form: forms.Form, refusal: ValidationError) -> bool:
    if not hasattr(refusal, "error_dict") or not set(refusal.error_dict) <= set(form.fields):
        return False
    form.add_error(None, refusal)
    return True


def _render_page(
    request: HttpRequest, admin: "ModelAdmin[Any]", form: forms.Form, title: str, back: str, explanation: str
) -> TemplateResponse:
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "media": admin.media + form.media,
        "title": title,
        "explanation": explanation,
        "form": form,
        "back": back,
        "confirmed": CONFIRMED,
        # An action of a list is posted to the list again: with the same rows, or it would know of none.
        "carried": [
            (name, value)
            for name in ("action", "select_across", "index", ACTION_CHECKBOX_NAME)
            for value in request.POST.getlist(name)
        ],
    }
    return TemplateResponse(request, "admin/confirm.html", context)


def apply_to_each(rows: QuerySet[Any], do: Callable[[Any, dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    """For `run_action`: `do` for each of the rows, with the answers of the form."""

    def all_of_them(answers: dict[str, Any]) -> None:
        for row in rows:
            do(row, answers)

    return all_of_them


def describe_rows(rows: QuerySet[Any]) -> str:
    """For a title: the one row by its name, or how many they are."""
    first_two = list(rows[:2])
    return str(first_two[0]) if len(first_two) == 1 else str(rows.count())
