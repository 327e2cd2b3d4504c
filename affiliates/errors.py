"""Errors of affiliates and their channels."""

from django.core.exceptions import ValidationError

from lib.errors import NotAllowed


class IllegalTransition(NotAllowed):
    """A change of state is not allowed, or someone else changed the state in the meantime."""


class AlreadyApplied(ValidationError):
    """The user has already applied."""


class EmailNotConfirmed(ValidationError):
    """An application cannot be approved before its e-mail address is confirmed."""


class DuplicateChannel(ValidationError):
    """The affiliate has already added this address."""
