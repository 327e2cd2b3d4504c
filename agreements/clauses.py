"""Which clause of a version states a rule; everything the system pays, refuses or ends cites it (specification 1)."""

from functools import lru_cache
from uuid import UUID

from agreements.models import AgreementVersion, Clause
from agreements.rules import Rule


def get_clause_numbers(agreement_id: UUID) -> dict[str, str]:
    """Return {rule: number of the clause that states it} of any version, uncached."""
    clauses = Clause.objects.filter(agreement_id=agreement_id).values_list("rules", "number")
    return {rule: number for rules, number in clauses for rule in rules}


@lru_cache(maxsize=256)
def _get_published_numbers(agreement_id: UUID) -> dict[str, str]:
    """Return the clause numbers of a published version, cached because they never change."""
    if not AgreementVersion.objects.filter(pk=agreement_id, published_at__isnull=False).exists():
        raise _NotPublishedError  # an exception keeps drafts out of the cache
    return get_clause_numbers(agreement_id)


class _NotPublishedError(Exception):
    pass


def get_clause_number(agreement_id: UUID | None, rule: Rule) -> str:
    """Return the number of the clause that states `rule` in a version, as "3.2"; "" for no version."""
    if not agreement_id:
        return ""
    try:
        return _get_published_numbers(agreement_id).get(rule.value, "")
    except _NotPublishedError:
        return get_clause_numbers(agreement_id).get(rule.value, "")


def cite_clause(version: AgreementVersion | None, rule: Rule) -> str:
    """Cite the clause of `version` that states `rule`, as "3.2 of version 1"; "" for no version."""
    number = get_clause_number(version.pk, rule) if version else ""
    return f"{number} of version {version.name}" if version and number else ""
