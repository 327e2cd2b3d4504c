"""Template filters for e-mails about money, whose context holds plain values."""

from uuid import UUID

from django import template
from django.utils.translation import gettext as _

from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from payouts.closing import statements

register = template.Library()


@register.filter
def carry_over_reason(code: str, agreement_id: str | None) -> str:
    """Return the carry-over reason `code` in words, with its clause and version: "... (clause 5.4 of version 1)."."""
    agreement = _find_version(agreement_id)
    reason = statements.explain_reason(code, agreement.pk if agreement else None)
    if not (agreement and reason.clause):
        return str(reason.text)
    words = {"text": str(reason.text).rstrip("."), "number": reason.clause, "version": agreement.name}
    return _("%(text)s (clause %(number)s of version %(version)s).") % words


@register.filter
def citation(agreement_id: str | None, rule: str) -> str:
    """Return the clause of a version that states `rule`: "5.4 of version 1"; "" for no version."""
    return cite_clause(_find_version(agreement_id), Rule(rule))


def _find_version(agreement_id: str | None) -> AgreementVersion | None:
    return AgreementVersion.objects.filter(pk=UUID(agreement_id)).first() if agreement_id else None


@register.filter
def is_zero(amount: str) -> bool:
    """Return whether an amount given as text is 0.00."""
    return not amount.strip("-0.")
