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


@register.simple_tag
def get_address_to_confirm(request: HttpRequest) -> str:
    """Return the address to which this session's e-mail was sent, whether or not it has an account; "" if none was."""
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    if stage is None:
        return ""
    address: str = stage.login.email or (stage.login.user.email if stage.login.user else "")
    return address.lower()
