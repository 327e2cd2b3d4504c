"""What the rooms refuse by name."""

from django.core.exceptions import ValidationError

from lib.errors import NotAllowed


class IllegalTransition(NotAllowed):
    """A change of state that is not among the listed ones, or that somebody else made first (DESIGN 2.1)."""


class AlreadyApplied(ValidationError):
    """One account is one affiliate: a second application of the same person."""


class EmailNotConfirmed(ValidationError):
    """An application whose e-mail address nobody has confirmed yet can't be approved."""


class DuplicateChannel(ValidationError):
    """The affiliate has declared this address before."""
