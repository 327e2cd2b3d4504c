"""Template filters for e-mails about money, whose context holds plain values."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django import template
from django.utils.translation import gettext as _

from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from lib.formatting import format_money, format_month
from lib.request_values import read_once
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


@read_once
def _find_version(agreement_id: str | None) -> AgreementVersion | None:
    return AgreementVersion.objects.filter(pk=UUID(agreement_id)).first() if agreement_id else None


@register.filter
def month_name(period: str) -> str:
    """Return the month "2026-05" as people write it: "May 2026"."""
    return format_month(date.fromisoformat(f"{period}-01"))


@register.filter
def amount(number: str, currency: str) -> str:
    """Return an amount given as text with its currency: "1,234.50 USD" for "1234.50"."""
    return format_money(Decimal(number), currency)


@register.filter
def is_zero(number: str) -> bool:
    """Return whether an amount given as text is 0.00."""
    return not number.strip("-0.")
