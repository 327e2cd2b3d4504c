"""Who is signing in, for the pages between the password and the session."""

from allauth.account.stages import EmailVerificationStage, LoginStageController
from django import template
from django.http import HttpRequest

register = template.Library()


@register.simple_tag
def is_staff_signing_in(request: HttpRequest) -> bool:
    """Return whether a member of staff gave the right password and has to confirm their address first."""
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    return bool(stage and stage.login.user and stage.login.user.is_staff)
