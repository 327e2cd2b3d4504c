"""What a draft still lacks, sorted to the places where it is mended."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from agreements import drafting
from agreements.errors import Problem
from agreements.models import Agreement

_FOUND = "_problems_found"


def found(agreement: Agreement) -> list[Problem]:
    """The problems of a draft, asked once for an instance: a page with seventy clauses shows one set of them."""
    if agreement.published_at is not None:
        return []
    if not hasattr(agreement, _FOUND):
        setattr(agreement, _FOUND, drafting.problems(agreement))
    problems: list[Problem] = getattr(agreement, _FOUND)
    return problems


def causes(agreement: Agreement, place: str) -> str:
    """What is wrong at one place, in words; "" where nothing is."""
    return " ".join(problem.cause for problem in found(agreement) if problem.place == place)


def listed(agreement: Agreement) -> SafeString | str:
    """Everything that keeps a draft from being published, as a list."""
    problems = found(agreement)
    if not problems:
        return _("Nothing: it can be published.")
    items = format_html_join("", "<li><strong>{}</strong>: {}</li>", ((p.place, p.cause) for p in problems))
    return format_html("<ul>{}</ul>", items)
