"""What visitors see first: the landing page, applying, and where sign-in leads."""

from typing import Any

from allauth.account.views import SignupView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from affiliates.access import get_affiliate
from agreements.models import AgreementVersion
from portal import figures, frame
from portal.application_window import is_open_for_applications
from portal.forms import ApplyForm


def landing(request: HttpRequest) -> HttpResponse:
    """The program in its own figures; before its first agreement, how to begin."""
    agreement = frame.get_frame(request).agreement
    if agreement is None:
        return _render_not_open(request)
    rates = figures.sort_rates(agreement)
    low, high = figures.format_rate_range(rates)
    context = {
        "agreement": agreement,
        "rates": rates,
        "low": low,
        "high": high,
        "figures": figures.list_figures(agreement, rates),
        "program": frame.get_frame(request).program,
        "is_open": is_open_for_applications(now=timezone.now()),
    }
    return render(request, "portal/landing.html", context)


def _render_not_open(request: HttpRequest) -> HttpResponse:
    """To whoever sets the program up: what to do. To anybody else: that it will open."""
    setting_up = settings.DEBUG or not User.objects.filter(is_staff=True).exists() or _is_staff(request)
    context = {
        "is_setting_up": setting_up,
        "has_staff": User.objects.filter(is_staff=True).exists(),
        "upcoming": AgreementVersion.objects.upcoming(timezone.now()).first(),
    }
    return render(request, "portal/not_open.html", context)


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


class ApplyView(SignupView):  # type: ignore[misc]  # django-allauth has no types
    """One form for the application and the account; it never says whether an address has an account already."""

    template_name = "portal/apply.html"
    form_class = ApplyForm

    def get_form_class(self) -> type[ApplyForm]:
        return self.form_class

    def closed(self) -> HttpResponse:
        context = {"program": frame.get_frame(self.request).program}
        return render(self.request, "portal/applications_closed.html", context, status=403)

    def form_valid(self, form: ApplyForm) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
            return response
        except ValidationError as refused:
            show_errors(form, refused)
            again: HttpResponse = self.form_invalid(form)
            return again

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        rows = context["form"].channels.forms
        context["rows"], context["more_rows"] = rows[:3], rows[3:]
        context["is_more_open"] = any(row.has_changed() or row.errors for row in rows[3:] if row.is_bound)
        return context


apply = ApplyView.as_view()


def show_errors(form: Form, refused: ValidationError) -> None:
    """Put what a domain function refused beside the fields of `form`; what names no field of it, above them."""
    named = refused.message_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.messages}
    for field, texts in named.items():
        for text in texts:
            form.add_error(field if field in form.fields else None, text)


@login_required
def redirect_after_sign_in(request: HttpRequest) -> HttpResponse:
    """Affiliates to their home, staff to the admin; whoever is neither is told so."""
    if get_affiliate(request) is not None:
        return redirect("portal:home")
    if request.user.is_authenticated and request.user.is_staff:
        return redirect("admin:index")
    return render(request, "portal/no_affiliate.html")
