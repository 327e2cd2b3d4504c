"""What an action is about to change, shown on its page before it happens: names, states and sums."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from lib.admin.actions import CONFIRMED, Preview, render_page, run_action
from lib.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

# The digest of what the page has shown.
CHECKED = "checked"


class Fact(NamedTuple):
    """A line of what will change, such as the balance; `value` is a text."""

    label: str | Promise
    value: str


def run_checked_action(
    request: HttpRequest,
    admin: ModelAdmin[Any],
    form_class: type[forms.Form],
    title: str,
    do: Callable[[dict[str, Any]], object],
    back: str,
    *,
    check: Callable[[dict[str, Any]], Sequence[Fact]],
    explanation: str = "",
    variant: str = "primary",
    preview: Callable[[dict[str, Any]], Preview | None] | None = None,
    details: str = "",
    **options: Any,
) -> HttpResponse:
    """Run an action whose form names what it changes: like `run_action`, with a second step between form and change.

    `check` returns the facts of the answers; the texts typed, such as the reason, are added to them. The form is shown
    again with them and with the e-mail of `preview`, and
    `do` is called only for a submission of just what was shown. An action that would be refused is refused in the first
    step.
    """
    form = form_class(request.POST) if CONFIRMED in request.POST else form_class()
    if form.is_bound and form.is_valid():
        facts = [*check(form.cleaned_data), *_list_texts(form)]
        digest = _compute_digest(form.cleaned_data, facts)
        if request.POST.get(CHECKED) != digest and _is_possible(do, form.cleaned_data):
            mail = preview(form.cleaned_data) if preview else None
            return render_page(
                request, admin, form, title, back, explanation, variant,
                facts=facts, digest=digest, preview=mail, details=details,
            )  # fmt: skip
    return run_action(
        request, admin, form_class, title, do, back,
        explanation=explanation, variant=variant, details=details, **options,
    )  # fmt: skip


def _list_texts(form: forms.Form) -> list[Fact]:
    """Return the texts that were typed, each with the label of its field: the fields are folded in the second step."""
    typed = [(field.field, form.cleaned_data[field.name]) for field in form if field.name in form.cleaned_data]
    return [
        Fact(field.label or "", str(text)) for field, text in typed if text and isinstance(field.widget, forms.Textarea)
    ]


def _compute_digest(answers: dict[str, Any], facts: Sequence[Fact]) -> str:
    shown = [f"{name}={value}" for name, value in answers.items()] + [f"{fact.label}={fact.value}" for fact in facts]
    return hashlib.sha256("\n".join(shown).encode(errors="replace")).hexdigest()


def _is_possible(do: Callable[[dict[str, Any]], object], answers: dict[str, Any]) -> bool:
    """Return whether `do` accepts the answers; what it does is undone."""
    try:
        with transaction.atomic():
            do(answers)
            transaction.set_rollback(True)
    except (ValidationError, NotAllowed, PermissionDenied):
        return False
    return True
