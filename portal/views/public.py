"""Public pages: the landing page, the application, and the redirect after sign-in."""

from typing import Any

from allauth.account.views import SignupView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from affiliates.access import get_affiliate
from agreements.models import AgreementVersion
from portal import figures, frame, invitations
from portal.earning_example import calculate_example
from portal.forms import ApplyForm
from portal.setup_steps import list_setup_steps
from portal.sign_in import is_open_for_applications


def landing(request: HttpRequest) -> HttpResponse:
    """Show the program by its key terms; before the first agreement, how to set it up."""
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
        "example": calculate_example(agreement, rates),
        **figures.format_terms(agreement),
        "program": frame.get_frame(request).program,
        "is_open": is_open_for_applications(now=timezone.now()),
    }
    return render(request, "portal/landing.html", context)


def _render_not_open(request: HttpRequest) -> HttpResponse:
    """Show that the program is not open; to staff, or before there is any, also how to set it up."""
    has_staff = User.objects.filter(is_staff=True).exists()
    context = {
        "is_setting_up": settings.DEBUG or not has_staff or _is_staff(request),
        "setup_steps": list_setup_steps(timezone.now()),
        "upcoming": AgreementVersion.objects.upcoming(timezone.now()).first(),
    }
    return render(request, "portal/not_open.html", context)


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


class ApplyView(SignupView):  # type: ignore[misc]  # django-allauth has no types
    """One form for the application and the account; it never reveals whether an address already has an account."""

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
        except ValidationError as error:
            show_errors(form, error)
            invalid: HttpResponse = self.form_invalid(form)
            return invalid

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        rows = context["form"].channels.forms
        context["rows"], context["more_rows"] = rows[:3], rows[3:]
        context["is_more_open"] = any(row.has_changed() or row.errors for row in rows[3:] if row.is_bound)
        return context


apply = ApplyView.as_view()


def show_errors(form: Form, error: ValidationError) -> None:
    """Add the error of a domain function to the fields of `form`; messages for other fields go above the form."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for field, texts in by_field.items():
        for text in texts:
            form.add_error(field if field in form.fields else None, text)


@login_required
def redirect_after_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect affiliates to their home and staff to the admin; show others that the account has no role."""
    if get_affiliate(request) is not None:
        return redirect("portal:home")
    if request.user.is_authenticated and request.user.is_staff:
        return redirect("admin:index")
    return render(request, "portal/no_affiliate.html")


@require_safe
def follow_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Lead an imported affiliate to the page that sets the first password."""
    user = invitations.find_user(token)
    if user is not None and not user.has_usable_password():
        return redirect(invitations.build_password_url(user))
    if user is not None:
        messages.info(request, _("You have already set a password. Sign in with it."))
        return redirect("account_login")
    messages.warning(request, _("This link is not valid any more. Enter your e-mail address to get a new one."))
    return redirect("account_reset_password")
