"""The names of what audit records are about, where the action alone does not say which channel, coupon or tag it was."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from affiliates.models import Channel
from audit.models import AuditRecord
from messaging.models import Conversation

# The rows whose names the records do not have, with the field that names them.
_FIELDS: dict[str, tuple[type[Model], str]] = {
    Channel._meta.label_lower: (Channel, "address"),
    Conversation._meta.label_lower: (Conversation, "subject"),
}
# The values of a record that name what it is about: the tags of an affiliate, and the code of a coupon.
_SINCE = "since"
_VALUES = {"affiliate tagged": "tags", "coupon assigned": "code", "coupon unassigned": "code"}


def find_names(records: Iterable[AuditRecord]) -> dict[str, str]:
    """Return the names of channels and conversations that `records` are about, by id, read by one query."""
    ids: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.subject_type in _FIELDS:
            ids[record.subject_type].add(record.subject_id)
    if not ids:
        return {}
    first, *others = (_select(*_FIELDS[kind], keys) for kind, keys in ids.items())
    return dict(first.union(*others, all=True))


def _select(model: type[Model], field: str, keys: Iterable[str]) -> QuerySet[Model, tuple[str, str]]:
    rows = model._default_manager.filter(pk__in=keys).order_by()
    columns = {"audited_id": Cast("pk", TextField()), "audited_name": Cast(field, TextField())}
    named: QuerySet[Model, tuple[str, str]] = rows.annotate(**columns).values_list(*columns)
    return named


def name_subject(record: AuditRecord, names: Mapping[str, str]) -> str:
    """Return what `record` is about, or from when its state applied if that was another time; "" if its action says it."""
    after = record.after or {}
    if after.get(_SINCE):
        return _("in effect since %(at)s") % {"at": after[_SINCE]}
    value = _VALUES.get(record.action)
    return str(after.get(value, "")) if value else names.get(record.subject_id, "")
