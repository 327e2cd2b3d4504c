"""Errors of the agreements app; views, admin and commands turn each into a message."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.formatting import format_datetime


class UnresolvedPlaceholder(ValidationError):
    """A clause has an unknown placeholder, or braces that don't match."""

    def __init__(self, clause: str, placeholder: str, cause: str) -> None:
        super().__init__(f"Clause {clause}: {cause}", code="placeholder")
        self.clause, self.placeholder, self.cause = clause, placeholder, cause


class Problem(NamedTuple):
    """A reason why a draft cannot be published, and its place."""

    place: str
    """A field ("currency"), a row ("rate home-decor", "activity fraud"), a clause ("clause 3.2") or "clauses"."""
    cause: str
    row: UUID | None = None
    """The row's id, because two rows of a draft may have the same name."""

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}"


class NotPublishable(ValidationError):
    """A draft with `problems` cannot be published."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__([str(problem) for problem in problems], code="problems")
        self.problems = problems


class TooEarly(ValidationError):
    """The effective date is too early, for instance for notice; `earliest` is the first allowed (specification 2)."""

    def __init__(self, earliest: datetime, cause: str) -> None:
        message = _("%(cause)s The earliest is %(earliest)s.")
        super().__init__(
            {"effective_at": message % {"cause": cause, "earliest": format_datetime(earliest)}}, code="too early"
        )
        self.earliest = earliest


class Rejected(ValidationError):
    """A step that the current state does not allow, with the reason for people."""


class AlreadyAccepted(Rejected):
    """The affiliate has already accepted this version; nothing was stored again."""
