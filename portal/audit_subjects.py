"""What audit records are about, found by what people know of it: codes, order numbers, names (specification 9)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db.models import CharField, Model, Q, QuerySet, Value
from django.db.models.functions import Cast

from accounts.models import User
from affiliates.affiliate_search import list_affiliate_ids
from affiliates.models import Affiliate, AffiliateNote, Channel
from agreements.models import Acceptance, Decline
from compliance.models import Review, TerminationNotice
from lib.text import fold_code
from messaging.models import Conversation
from payouts.models import Adjustment, Payout, PayoutDetails, PayoutHold
from portal.models import ErasureRequest
from tracking.models import Coupon, Link, Order

# A search that finds more is too wide to be of use.
MAX_FOUND = 20
# Of each kind of an affiliate's rows, the newest.
MAX_ROWS = 200
# With a field `affiliate`, and few rows of each affiliate.
_KINDS: tuple[type[Model], ...] = (
    *(AffiliateNote, Channel, Acceptance, Decline, Link, Coupon, Adjustment, Payout, PayoutDetails, PayoutHold),
    *(Review, TerminationNotice, Conversation, ErasureRequest),
)


def match_affiliates(affiliate_ids: Collection[UUID], kinds: Sequence[type[Model]] = _KINDS) -> Q:
    """Return the condition that an audit record is about one of the affiliates, or a row of theirs of `kinds`.

    Their rows are links, coupons, conversations, payouts and so on; all are read by one query.
    """
    if not affiliate_ids:
        return Q(pk__in=())
    own = [(Affiliate._meta.label_lower, str(pk)) for pk in affiliate_ids]
    if not kinds:
        return _match(own)
    first, *others = (
        kind._default_manager.filter(affiliate__in=affiliate_ids).order_by("-pk")[:MAX_ROWS] for kind in kinds
    )
    rows = _list_ids(first).union(*map(_list_ids, others), all=True)
    return _match(own + list(rows))


def match_visible(affiliate: Affiliate, user: User) -> Q:
    """Return the condition that a record is about `affiliate` or by them, and of a kind of rows that `user` may view."""
    kinds: list[type[Model]] = [
        kind for kind in _KINDS if user.has_perm(f"{kind._meta.app_label}.view_{kind._meta.model_name}")
    ]
    about = match_affiliates([affiliate.pk], kinds)
    # What a member of staff does is about others.
    if affiliate.user.is_staff:
        return about
    visible: list[type[Model]] = [*kinds, Affiliate, User]
    names = [kind._meta.label_lower for kind in visible]
    return about | Q(by=affiliate.user_id, subject_type__in=names)


def match_text(text: str) -> Q:
    """Return the condition that an audit record is about what `text` names.

    That is an affiliate by code, e-mail address or name, a coupon code, an order number or a payout reference.
    """
    coupons = Coupon.objects.filter(key=fold_code(text)).order_by("-pk")[:MAX_FOUND]
    orders = Order.objects.filter(order_id=text).order_by("-pk")[:MAX_FOUND]
    payouts = Payout.objects.filter(reference=text.upper()).order_by("-pk")[:MAX_FOUND]
    rows = _list_ids(coupons).union(_list_ids(orders), _list_ids(payouts), all=True)
    return _match(rows) | match_affiliates(list_affiliate_ids(text, limit=MAX_FOUND))


def _list_ids(rows: QuerySet[Model]) -> QuerySet[Model, tuple[str, str]]:
    """Return (kind, id) of `rows` as audit records have them."""
    kind = Value(rows.model._meta.label_lower, output_field=CharField())
    found: QuerySet[Model, tuple[str, str]] = rows.annotate(
        audited_kind=kind, audited_id=Cast("pk", CharField())
    ).values_list("audited_kind", "audited_id")
    return found


def _match(subjects: Iterable[tuple[str, str]]) -> Q:
    ids: dict[str, list[str]] = defaultdict(list)
    for kind, key in subjects:
        ids[kind].append(key)
    # By kind, as the index is.
    condition = Q(pk__in=())
    for kind, keys in ids.items():
        condition |= Q(subject_type=kind, subject_id__in=keys)
    return condition
