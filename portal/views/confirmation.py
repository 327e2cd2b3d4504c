"""Sending the e-mail again that asks to confirm an address."""

from allauth.account.stages import EmailVerificationStage, LoginStageController
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST


@require_POST
@transaction.atomic
def resend(request: HttpRequest) -> HttpResponse:
    """Send the e-mail again to the person whose sign-in or application waits for it in this session.

    The answer is the same whether the address has an account and whether the limit of django-allauth was reached.
    """
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    if stage is None:
        return redirect("account_email" if request.user.is_authenticated else "account_login")
    stage.handle()
    messages.info(request, _("We have sent the e-mail again. Within three minutes it is sent only once."))
    return redirect("account_email_verification_sent")
