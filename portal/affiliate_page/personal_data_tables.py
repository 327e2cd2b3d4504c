"""Tables of the tab for personal data: the deletion request with what it waits for, and what is stored."""

from collections.abc import Sequence

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.admin.pages import build_admin_link
from lib.formatting import format_datetime
from portal import erasure
from portal.affiliate_page.tables import Cells, Context, Table
from portal.models import ErasureRequest
from portal.personal_data.fields import FIELDS, Handling
from portal.personal_data.owned_rows import Rows, collect_rows
from portal.row_counts import CountedRows, count_together

PERMISSION = "portal.view_erasurerequest"
# By weight: what is said of a kind of rows is the first that holds for one of its fields.
_HANDLINGS: tuple[tuple[Handling, str | Promise], ...] = (
    (Handling.RETAINED, gettext_lazy("kept under a pseudonym for the years that the agreement states, then deleted")),
    (Handling.DELETED, gettext_lazy("deleted")),
    (
        Handling.ERASED | Handling.BLANKED | Handling.REPLACED | Handling.SCRUBBED,
        gettext_lazy("kept without the personal fields"),
    ),
)
# The trail has records about others, too; the tab “Timeline” has those of the affiliate.
_LEFT_OUT = ("audit",)


# Where the plural of a model is not what its rows are.
_TITLES: dict[str, str | Promise] = {
    "acceptance_persons": gettext_lazy("Personal fields of acceptances"),
    "email_addresses": gettext_lazy("E-mail addresses of the account"),
    "emails": gettext_lazy("E-mails sent to the affiliate"),
    "orders": gettext_lazy("Orders that earn commission"),
    "orders_claimed": gettext_lazy("Orders that name the affiliate and earn nothing"),
}


def _list_requests(context: Context) -> Sequence[Cells]:
    requests = ErasureRequest.objects.filter(affiliate=context.affiliate)
    return [(build_admin_link(one, format_datetime(one.requested_at)), _describe(one, context)) for one in requests]


def _describe(request: ErasureRequest, context: Context) -> str:
    """Return the state of a request: carried out, or what it waits for."""
    if request.carried_out_at:
        return _("carried out on %(at)s") % {"at": format_datetime(request.carried_out_at)}
    blockers = " ".join(one.for_staff for one in erasure.find_blockers(context.affiliate, context.now))
    if blockers:
        return _("waits: %(blockers)s") % {"blockers": blockers}
    return _("nothing is outstanding: a scheduled task notifies the affiliate, then deletes the data")


def _list_stored(context: Context) -> Sequence[Cells]:
    """Return each kind of rows about the affiliate with their number, and what the deletion makes of them."""
    rows = {name: found for name, found in collect_rows(context.affiliate).items() if name not in _LEFT_OUT}
    counts = count_together({name: CountedRows(found) for name, found in rows.items()})
    return [
        (
            _get_title(name, found),
            f"{counts[name].number:,}",
            _describe_deletion(found.model),
        )
        for name, found in rows.items()
        if counts[name].number
    ]


def _get_title(name: str, rows: Rows) -> str:
    return str(_TITLES.get(name) or capfirst(rows.model._meta.verbose_name_plural))


def _describe_deletion(model: type[Model]) -> str | Promise:
    handlings = FIELDS.get(model._meta.label, {}).values()
    for handling, text in _HANDLINGS:
        if any(one & handling for one in handlings):
            return text
    return _("kept, because it identifies no one")


REQUEST = Table(
    gettext_lazy("Deletion request"),
    PERMISSION,
    (gettext_lazy("Requested"), gettext_lazy("State")),
    _list_requests,
    gettext_lazy(
        "No deletion request. Affiliates make it on their page “My data”; one by letter or telephone is entered with the"
        " button “Enter a deletion request” on this page."
    ),
    ErasureRequest,
    build_filter=lambda _affiliate: "",
)
STORED = Table(
    gettext_lazy("Stored about this affiliate"),
    PERMISSION,
    (gettext_lazy("What"), gettext_lazy("Rows"), gettext_lazy("By a deletion")),
    _list_stored,
    gettext_lazy("Nothing is stored."),
    ErasureRequest,
    build_filter=lambda _affiliate: "",
    numbers=(1,),
)
