"""Words of the money room for templates of e-mails, which get plain values."""

from uuid import UUID

from django import template
from django.utils.translation import gettext as _

from agreements.models import AgreementVersion
from payouts.closing import statements

register = template.Library()


@register.filter
def carry_over_reason(code: str, agreement_id: str | None) -> str:
    """The reason `code` of a carry-over in words, with its clause and version: "... (clause 5.4 of version 1)"."""
    agreement = AgreementVersion.objects.filter(pk=UUID(agreement_id)).first() if agreement_id else None
    why = statements.explain_reason(code, agreement.pk if agreement else None)
    if not (agreement and why.clause):
        return str(why.text)
    words = {"text": str(why.text).rstrip("."), "number": why.clause, "version": agreement.name}
    return _("%(text)s (clause %(number)s of version %(version)s).") % words


@register.filter
def is_zero(amount: str) -> bool:
    """Whether an amount given as text is 0.00."""
    return not amount.strip("-0.")
