"""The numbers of a draft's clauses and their order, which must agree before it can be published (specification 2)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Clause
from agreements.version_drafts import DRAFT_EDITED
from audit import trail

# "clause 3.2", "clauses 3.2, 3.3 and 5", "section 4": only numbers after a word for a clause.
_WORDS = r"clauses?|sections?|Ziffern?|Abschnitte?n?|Nr\."
_LIST = r"[1-9]\d*(?:\.[1-9]\d*)?"
_REFERENCE = re.compile(rf"\b(?:{_WORDS})\s+{_LIST}(?:(?:,| and| or| to| und| oder| bis)\s+{_LIST})*", re.IGNORECASE)


def get_sort_key(number: str) -> tuple[int, ...]:
    """Return the sort key of a clause number: 3.10 comes after 3.9."""
    return tuple(int(part) for part in number.split("."))


def assign_numbers(numbers: Sequence[str]) -> list[str]:
    """Return consecutive numbers for clauses in this order.

    A number without a point is a section; the others count within their section.
    """
    assigned: list[str] = []
    section = within = 0
    for number in numbers:
        if "." not in number:
            section, within = section + 1, 0
            assigned.append(str(section))
        else:
            section, within = max(section, 1), within + 1
            assigned.append(f"{section}.{within}")
    return assigned


def update_references(text: str, renamed: Mapping[str, str]) -> str:
    """Return `text` with its references to clauses renamed; numbers without a word for a clause stay."""
    number = re.compile(_LIST)
    return _REFERENCE.sub(lambda match: number.sub(lambda n: renamed.get(n[0], n[0]), match[0]), text)


@transaction.atomic
def sort_clauses(*, agreement: AgreementVersion, now: datetime, by: User | None) -> None:
    """Put the clauses of a draft in the order of their numbers."""
    clauses = _get_draft_clauses(agreement)
    in_order = sorted(clauses, key=lambda clause: get_sort_key(clause.number))
    for position, clause in enumerate(in_order, 1):
        clause.position = position
    Clause.objects.bulk_update(in_order, ["position"])
    _record_audit("clauses sorted", agreement, [c.number for c in clauses], [c.number for c in in_order], now, by)


@transaction.atomic
def renumber_clauses(*, agreement: AgreementVersion, now: datetime, by: User | None) -> None:
    """Number the clauses of a draft in their present order, and update the references between them."""
    clauses = _get_draft_clauses(agreement)
    before = [clause.number for clause in clauses]
    after = assign_numbers(before)
    # A reference to a duplicate number is ambiguous and stays.
    renamed = {old: new for old, new in zip(before, after, strict=True) if before.count(old) == 1}
    for position, (clause, number) in enumerate(zip(clauses, after, strict=True), 1):
        clause.number, clause.position = number, position
        clause.body = update_references(clause.body, renamed)
    Clause.objects.bulk_update(clauses, ["number", "body", "position"])
    for activity in agreement.activities.all():
        activity.text = update_references(activity.text, renamed)
        activity.save(update_fields=["text"])
    _record_audit("clauses renumbered", agreement, before, after, now, by)


def _get_draft_clauses(version: AgreementVersion) -> list[Clause]:
    if AgreementVersion.objects.select_for_update().get(pk=version.pk).published_at is not None:
        raise Rejected(_("Version %s is already published.") % version.name)
    return list(version.clauses.order_by("position", "id"))


def _record_audit(
    action: str, version: AgreementVersion, before: list[str], after: list[str], now: datetime, by: User | None
) -> None:
    if before != after:
        trail.record(
            action=action,
            subject=version,
            now=now,
            by=by,
            before={"clauses": ", ".join(before)},
            after={"clauses": ", ".join(after)},
            reason=DRAFT_EDITED,
        )
