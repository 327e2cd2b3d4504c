"""The numbers of a draft's clauses and their order, which have to agree before it can be published (CONTRACT 2)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Clause
from audit import trail

# "clause 3.2", "clauses 3.2, 3.3 and 5", "section 4": numbers that stand after a word for a clause, and no others.
_WORDS = r"clauses?|sections?|Ziffern?|Abschnitte?n?|Nr\."
_LIST = r"[1-9]\d*(?:\.[1-9]\d*)?"
_REFERENCE = re.compile(rf"\b(?:{_WORDS})\s+{_LIST}(?:(?:,| and| or| to| und| oder| bis)\s+{_LIST})*", re.IGNORECASE)


def get_sort_key(number: str) -> tuple[int, ...]:
    """What the number of a clause is sorted by: 3.10 comes after 3.9."""
    return tuple(int(part) for part in number.split("."))


def assign_numbers(numbers: Sequence[str]) -> list[str]:
    """The numbers that clauses in this order should have: sections count, and the clauses in each of them.

    Whether a clause is a section is told by its present number, which then has no point.
    """
    made: list[str] = []
    section = within = 0
    for number in numbers:
        if "." not in number:
            section, within = section + 1, 0
            made.append(str(section))
        else:
            section, within = max(section, 1), within + 1
            made.append(f"{section}.{within}")
    return made


def update_references(text: str, renamed: Mapping[str, str]) -> str:
    """`text` with its references to clauses renamed; a number that stands alone is left as it is."""
    one = re.compile(_LIST)
    return _REFERENCE.sub(lambda found: one.sub(lambda n: renamed.get(n[0], n[0]), found[0]), text)


@transaction.atomic
def sort_clauses(*, agreement: AgreementVersion, now: datetime, by: User | None) -> None:
    """Put the clauses of a draft in the order of their numbers."""
    clauses = _get_draft_clauses(agreement)
    in_order = sorted(clauses, key=lambda clause: get_sort_key(clause.number))
    for place, clause in enumerate(in_order, 1):
        clause.position = place
    Clause.objects.bulk_update(in_order, ["position"])
    _record_audit("clauses sorted", agreement, [c.number for c in clauses], [c.number for c in in_order], now, by)


@transaction.atomic
def renumber_clauses(*, agreement: AgreementVersion, now: datetime, by: User | None) -> None:
    """Number the clauses of a draft in the order in which they stand, and rename the references between them."""
    clauses = _get_draft_clauses(agreement)
    before = [clause.number for clause in clauses]
    after = assign_numbers(before)
    # Of two clauses with one number nobody knows which a reference means.
    renamed = {old: new for old, new in zip(before, after, strict=True) if before.count(old) == 1}
    for place, (clause, number) in enumerate(zip(clauses, after, strict=True), 1):
        clause.number, clause.position = number, place
        clause.body = update_references(clause.body, renamed)
    Clause.objects.bulk_update(clauses, ["number", "body", "position"])
    for activity in agreement.activities.all():
        activity.text = update_references(activity.text, renamed)
        activity.save(update_fields=["text"])
    _record_audit("clauses renumbered", agreement, before, after, now, by)


def _get_draft_clauses(agreement: AgreementVersion) -> list[Clause]:
    if AgreementVersion.objects.select_for_update().get(pk=agreement.pk).published_at is not None:
        raise Rejected(_("Version %s is published already.") % agreement.name)
    return list(agreement.clauses.order_by("position", "id"))


def _record_audit(
    action: str, agreement: AgreementVersion, before: list[str], after: list[str], now: datetime, by: User | None
) -> None:
    if before != after:
        was, becomes = {"clauses": ", ".join(before)}, {"clauses": ", ".join(after)}
        trail.record(action=action, subject=agreement, now=now, by=by, before=was, after=becomes)
