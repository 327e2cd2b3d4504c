"""Which clause of a version states a rule: whatever the system pays, refuses or ends names it (CONTRACT 1)."""

from functools import lru_cache
from uuid import UUID

from agreements.models import AgreementVersion, Clause
from agreements.rules import Rule


def get_clause_numbers(agreement_id: UUID) -> dict[str, str]:
    """{rule: number of the clause that states it} of any version, as the database has it now."""
    clauses = Clause.objects.filter(agreement_id=agreement_id).values_list("rules", "number")
    return {rule: number for rules, number in clauses for rule in rules}


@lru_cache(maxsize=256)
def _get_published_numbers(agreement_id: UUID) -> dict[str, str]:
    """The numbers of a published version, which are remembered because they never change."""
    if not AgreementVersion.objects.filter(pk=agreement_id, published_at__isnull=False).exists():
        raise _NotPublishedError  # so that nothing of a draft is remembered
    return get_clause_numbers(agreement_id)


class _NotPublishedError(Exception):
    pass


def get_clause_number(agreement_id: UUID | None, rule: Rule) -> str:
    """The number of the clause that states `rule` in a version, as "3.2"; "" for no version."""
    if not agreement_id:
        return ""
    try:
        return _get_published_numbers(agreement_id).get(rule.value, "")
    except _NotPublishedError:
        return get_clause_numbers(agreement_id).get(rule.value, "")


def cite_clause(agreement: AgreementVersion | None, rule: Rule) -> str:
    """The clause of `agreement` that states `rule`, with its version: "3.2 of version 1"; "" without an agreement."""
    number = get_clause_number(agreement.pk, rule) if agreement else ""
    return f"{number} of version {agreement.name}" if agreement and number else ""
