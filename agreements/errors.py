"""What this room refuses by name; the faces turn each into a message, never into a 500."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.formatting import format_datetime


class UnresolvedPlaceholder(ValidationError):
    """A clause has a placeholder that stands for nothing, or braces that don't match."""

    def __init__(self, clause: str, placeholder: str, cause: str) -> None:
        super().__init__(f"Clause {clause}: {cause}", code="placeholder")
        self.clause, self.placeholder, self.cause = clause, placeholder, cause


class Problem(NamedTuple):
    """One thing that keeps a draft from being published, and where it is."""

    place: str
    """A field ("currency"), a row ("rate home-decor", "activity fraud"), a clause ("clause 3.2") or "clauses"."""
    cause: str
    row: UUID | None = None
    """The row itself, because two may have one name."""

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}"


class NotPublishable(ValidationError):
    """A draft that has problems; `problems` lists every one."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__([str(problem) for problem in problems], code="problems")
        self.problems = problems


class TooEarly(ValidationError):
    """A date of effect that leaves no time for notice (CONTRACT 2); `earliest` is the first that does."""

    def __init__(self, earliest: datetime, cause: str) -> None:
        moment = format_datetime(earliest)
        super().__init__(
            {"effective_at": _("%(cause)s The earliest is %(moment)s.") % {"cause": cause, "moment": moment}},
            code="too early",
        )
        self.earliest = earliest


class Rejected(ValidationError):
    """A step that the state of things does not allow, with the reason in words for people."""


class AlreadyAccepted(Rejected):
    """The affiliate has accepted this version before; nothing was stored a second time."""
