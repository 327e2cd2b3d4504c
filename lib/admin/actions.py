"""Admin actions that first ask for a confirmation or a reason, all on the same page."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from lib.errors import NotAllowed

Label = str | Promise

# Marks a submission of the confirmation page, as opposed to the click in a list that leads to it.
CONFIRMED = "confirmed"
# Marks the button of the confirmation page that shows the e-mail.
PREVIEW = "preview"


class ConfirmForm(forms.Form):
    """A form without fields: only the button confirms."""


class ReasonForm(forms.Form):
    """Asks for the reason, which the audit record stores and some actions show to the affiliate."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )


class UsualReasonForm(ReasonForm):
    """Asks for the reason of a routine decision, filled in with the usual one, which also replaces an empty reason."""

    usual_reason: Label

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the audit trail; affiliates don't see it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].initial = self.usual_reason

    def clean_reason(self) -> str:
        return self.cleaned_data["reason"].strip() or str(self.usual_reason)


class Preview(NamedTuple):
    """The e-mail that an action will send, or in `problem` why the action is not possible.

    `follows_form` if the answers are part of it, so that the form has a button that shows it again.
    """

    to: str = ""
    subject: str = ""
    text: str = ""
    problem: str = ""
    follows_form: bool = False


def is_preview(request: HttpRequest) -> bool:
    """Return whether the form was sent to see its e-mail, not to run the action."""
    return PREVIEW in request.POST


def run_action(
    request: HttpRequest,
    admin: "ModelAdmin[Any]",
    form_class: type[forms.Form],
    title: str,
    do: Callable[[dict[str, Any]], object],
    back: str,
    *,
    success_message: str | Callable[[Any], Label] = "",
    explanation: str = "",
    initial: dict[str, Any] | None = None,
    variant: str = "primary",
    facts: Sequence[Any] = (),
    details: str = "",
    obstacle: str = "",
    preview: Callable[[dict[str, Any] | None], Preview | None] | None = None,
) -> HttpResponse:
    """Show the form, then call `do` with its cleaned data in one transaction and redirect to `back`.

    A ValidationError for fields of the form is shown at the fields. Any other ValidationError becomes a message,
    above the form if it has a typed text; NotAllowed and PermissionDenied become messages of the page behind. Works
    for actions of a list and for pages of a row. The button of the `variant` "danger" is red. `success_message` may
    be a function of what `do` returned. `facts` of `lib.admin.confirmation` say what will change, `details` is HTML
    to read before deciding. With an `obstacle`, the page shows why the action would be refused, in place of the form.
    `preview` returns the e-mail for the answers; they are None before the form is filled in.
    """
    form = form_class(request.POST, request.FILES) if CONFIRMED in request.POST else form_class(initial=initial)
    answers = form.cleaned_data if form.is_bound and form.is_valid() else None
    show = partial(render_page, request, admin, form, title, back, explanation, variant)
    if answers is not None and not is_preview(request):
        try:
            with transaction.atomic():
                result = do(answers)
        except ValidationError as error:
            if add_field_errors(form, error):
                return show(facts=facts, details=details)
            messages.error(request, " ".join(error.messages))
            if _has_text(form):
                return show(facts=facts, details=details)
        except (NotAllowed, PermissionDenied) as error:
            messages.error(request, str(error) or _("You don't have permission to do this."))
        else:
            text = str(success_message(result) if callable(success_message) else success_message)
            messages.success(request, text or _("Done: %(title)s") % {"title": title})
        return HttpResponseRedirect(back)
    return show(facts=facts, details=details, obstacle=obstacle, preview=preview(answers) if preview else None)


def _has_text(form: forms.Form) -> bool:
    """Return whether a text was typed, which a refusal must not lose."""
    texts = [name for name, field in form.fields.items() if isinstance(field.widget, forms.Textarea)]
    return any(form.cleaned_data.get(name) for name in texts)


def add_field_errors(form: forms.Form, error: ValidationError) -> bool:
    """Show `error` at the fields of `form`; return False if it is about anything else."""
    if not hasattr(error, "error_dict") or not set(error.error_dict) <= set(form.fields):
        return False
    form.add_error(None, error)
    return True


def render_page(
    request: HttpRequest,
    admin: "ModelAdmin[Any]",
    form: forms.Form,
    title: str,
    back: str,
    explanation: str,
    variant: str,
    **shown: Any,
) -> TemplateResponse:
    """Return the page that asks for confirmation; `shown` is what it shows besides the form."""
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "media": admin.media + form.media,
        "title": title,
        "explanation": explanation,
        "form": form,
        "back": back,
        "variant": variant,
        # An action of a list is posted to the list again and needs the selected rows.
        "carried": [(CONFIRMED, "1")]
        + [
            (name, value)
            for name in ("action", "select_across", "index", ACTION_CHECKBOX_NAME)
            for value in request.POST.getlist(name)
        ],
    }
    return TemplateResponse(request, "admin/confirm.html", context | shown)


def describe_rows(rows: QuerySet[Any]) -> str:
    """Return the name of a single row, or the number of several rows with the name of their kind, for titles."""
    first_two = list(rows[:2])
    if len(first_two) == 1:
        return str(first_two[0])
    count = rows.count()
    return f"{count} {model_ngettext(rows.model._meta, count)}"
