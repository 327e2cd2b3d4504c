"""The staff member of a request."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def staff_member(request: HttpRequest) -> User:
    """Return the signed-in user. Raises PermissionDenied if no one is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
