"""What staff set for applications: the questions, reusable reasons for rejections, and the rule that may approve."""

import re
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates.models import ApplicationQuestion, ApprovalRule, Channel, RejectionTemplate
from affiliates.rule_checks import has_conditions
from audit.admin_bases import AuditedAdmin
from lib.text import clean_name

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_TRANSLATION = "text_"


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """A question, with a field for each other language that the pages have."""

    class Meta:
        model = ApplicationQuestion
        fields = ("position", "text", "is_required", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in list_other_languages():
            self.initial.setdefault(f"{_TRANSLATION}{code}", self.instance.translations.get(code, ""))

    def clean_text(self) -> str:
        text = clean_name(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError(_("Enter a question."))
        return text

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        texts = {code: clean_name(answers.get(f"{_TRANSLATION}{code}") or "") for code, _name in list_other_languages()}
        self.instance.translations = {code: text for code, text in texts.items() if text}
        return answers


def list_other_languages() -> list[tuple[str, str]]:
    """Return the languages of the pages, other than that of the installation, in which questions can be written."""
    return [(code, str(name)) for code, name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


@admin.register(ApplicationQuestion)
class ApplicationQuestionAdmin(AuditedAdmin):
    ordering = ("position",)
    usual_reason = "Questions of the application form."
    list_display = ("position", "text", "is_required", "is_active")
    list_display_links = ("position", "text")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        translations = {
            f"{_TRANSLATION}{code}": forms.CharField(
                label=_("Question in %(language)s") % {"language": name},
                max_length=300,
                required=False,
                widget=UnfoldAdminTextInputWidget,
            )
            for code, name in list_other_languages()
        }
        kwargs["form"] = type("QuestionForm", (QuestionForm,), translations)
        kwargs["fields"] = None
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*QuestionForm.Meta.fields, *(f"{_TRANSLATION}{code}" for code, _name in list_other_languages())]


class RejectionTemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    class Meta:
        model = RejectionTemplate
        fields = ("name", "text")

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).strip()


@admin.register(RejectionTemplate)
class RejectionTemplateAdmin(AuditedAdmin):
    ordering = ("name",)
    usual_reason = "Reusable reasons for rejections."
    form = RejectionTemplateForm
    list_display = ("name", "text")
    search_fields = ("name", "text")


class ApprovalRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    channel_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("At least one channel of these kinds"),
        choices=Channel.Kind.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    countries = forms.MultipleChoiceField(
        label=gettext_lazy("Country is one of these"),
        choices=lambda: list(countries),
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 8}),
        help_text=gettext_lazy("Every country if none is chosen."),
    )

    class Meta:
        model = ApprovalRule
        fields = (
            *("name", "is_active", "agreement_permits", "channel_kinds", "requires_own_domain", "blocked_hosts"),
            *("countries", "requires_single_application", "requires_answers"),
        )

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    def clean_blocked_hosts(self) -> list[str]:
        hosts = {host.strip().lower().removeprefix("www.") for host in self.cleaned_data["blocked_hosts"]}
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise forms.ValidationError(_("%s is not a host name.") % host)
        return sorted(hosts)

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if not answers.get("is_active"):
            return answers
        if not answers.get("agreement_permits"):
            self.add_error(
                "agreement_permits", _("Confirm this before you switch the rule on. Applicants rely on the agreement.")
            )
        rule = ApprovalRule(**{name: value for name, value in answers.items() if name in ApprovalRuleForm.Meta.fields})
        if not has_conditions(rule):
            self.add_error("is_active", _("Choose at least one condition, or everyone would be approved."))
        return answers


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(AuditedAdmin):
    """The rule, a single row. Saving it requires a reason, which the audit trail keeps with the change."""

    ordering = ("pk",)
    form = ApprovalRuleForm
    fields = ApprovalRuleForm.Meta.fields
    actions = None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        rule = ApprovalRule.current()
        return HttpResponseRedirect(reverse("admin:affiliates_approvalrule_change", args=[rule.pk]))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        rule = cast("ApprovalRule", obj)
        rule.changed_at = timezone.now()
        super().save_model(request, rule, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
