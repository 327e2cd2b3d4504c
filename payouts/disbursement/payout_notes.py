"""What an approver should know about a payout, in words: why it is unusual, and why it is below the threshold."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State, StatusChange
from agreements.clauses import cite_clause
from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from audit.models import AuditRecord
from lib.formatting import format_datetime, format_money
from payouts.closing.dry_run import PayoutWarning
from payouts.disbursement import approval
from payouts.models import Payout, PayoutBatch, PayoutDetails

# An affiliate and the fingerprint of their account.
AccountKey = tuple[UUID, str]


def explain_payouts(
    payouts: Sequence[Payout], warnings: Mapping[UUID, Sequence[PayoutWarning]]
) -> dict[UUID, list[str]]:
    """Return the notes on each payout that has any: its warnings, what it replaces, and a sum below the threshold."""
    notes: dict[UUID, list[str]] = defaultdict(list)
    unusual = [payout for payout in payouts if payout.pk in warnings]
    returns = find_last_returns(payout.details for payout in unusual)
    for payout in unusual:
        for warning in warnings[payout.pk]:
            last = returns.get(_get_key(payout.details)) if warning == PayoutWarning.CAME_BACK else None
            notes[payout.pk].append(_describe_warning(warning, payout, last))
    for pk, reason in list_retry_reasons(payouts).items():
        notes[pk].append(_("Paid again because: %(reason)s") % {"reason": reason})
    small = _explain_small_payouts(payouts)
    for payout in payouts:
        if payout.pk in small:
            notes[payout.pk].append(small[payout.pk])
        elif payout.affiliate.state == State.TERMINATED:
            at = format_datetime(payout.affiliate.state_since)
            notes[payout.pk].append(
                _("The affiliate was terminated on %(at)s; this is what they had earned") % {"at": at}
            )
        if payout.details.is_abroad():
            notes[payout.pk].append(_describe_country(payout))
    return dict(notes)


def explain_batch(batch: PayoutBatch, payouts: Sequence[Payout]) -> dict[UUID, list[str]]:
    """Return the notes on each of the `payouts` of `batch` that has any: these are its unusual payouts."""
    return explain_payouts(payouts, approval.list_payout_warnings(batch))


def find_last_returns(details: Iterable[PayoutDetails]) -> dict[AccountKey, Payout]:
    """Return the last payout to each account with a result, where it failed or was returned."""
    keys = {_get_key(one) for one in details}
    rows = Payout.objects.filter(
        state__in=(Payout.State.FAILED, Payout.State.PAID),
        affiliate__in={affiliate for affiliate, _fingerprint in keys},
        details__fingerprint__in={fingerprint for _affiliate, fingerprint in keys},
    ).select_related("details")
    last = rows.order_by("affiliate_id", "details__fingerprint", "-created_at", "-pk").distinct(
        "affiliate_id", "details__fingerprint"
    )
    return {
        key: payout
        for payout in last
        if payout.state == Payout.State.FAILED and (key := _get_key(payout.details)) in keys
    }


def describe_return(payout: Payout) -> str:
    """Say when a payout came back and why."""
    at = format_datetime(payout.returned_at) if payout.returned_at else ""
    return _("%(reference)s, %(at)s: %(reason)s") % {
        "reference": payout.reference,
        "at": at,
        "reason": payout.failure,
    }


def list_retry_reasons(payouts: Iterable[Payout]) -> dict[UUID, str]:
    """Return why staff paid again, for each payout that is a retry."""
    retries = {str(payout.pk): payout.pk for payout in payouts if payout.replaces_id is not None}
    records = AuditRecord.objects.filter(
        subject_type=Payout._meta.label_lower, subject_id__in=list(retries), action="payout reissued"
    )
    return {retries[record.subject_id]: record.reason for record in records} if retries else {}


def _get_key(details: PayoutDetails) -> AccountKey:
    return details.affiliate_id, details.fingerprint


def _describe_warning(warning: PayoutWarning, payout: Payout, last: Payout | None) -> str:
    label = str(warning.label)
    if last is not None:
        return f"{label}: {describe_return(last)}"
    if warning == PayoutWarning.OVER_LIMIT:
        limit = format_money(Decimal(settings.UNUSUAL_PAYOUT), get_program_currency())
        return _("%(label)s of %(limit)s") % {"label": label, "limit": limit}
    if warning == PayoutWarning.CHANGED_DETAILS:
        at = format_datetime(payout.details.entered_at)
        return _("%(label)s, entered on %(at)s") % {"label": label, "at": at}
    return label


def _describe_country(payout: Payout) -> str:
    return _("The account is in %(account)s, the affiliate in %(affiliate)s") % {
        "account": payout.details.country.name,
        "affiliate": payout.affiliate.country.name,
    }


def _explain_small_payouts(payouts: Sequence[Payout]) -> dict[UUID, str]:
    """Say why payouts below the threshold of their time are paid: there is none after the end (specification 6.3)."""
    small = Payout.objects.filter(
        pk__in=[payout.pk for payout in payouts], amount__lt=F("statement__agreement__payout_minimum")
    ).select_related("affiliate", "statement__agreement")
    breaches = _list_breaches(small)
    texts = {}
    for payout in small:
        version = payout.statement.agreement if payout.statement else None
        if version is None:
            continue
        values = {
            "minimum": format_money(version.payout_minimum, get_program_currency()),
            "cause": _describe_end(payout.affiliate, breaches),
            "clause": cite_clause(version, Rule.FINAL_CLOSE) or cite_clause(version, Rule.PAYOUT_MINIMUM),
        }
        texts[payout.pk] = (
            _("Below the threshold of %(minimum)s, which does not apply after the end: %(cause)s (clause %(clause)s)")
            % values
        )
    return texts


def _describe_end(affiliate: Affiliate, breaches: Collection[UUID]) -> str:
    since = format_datetime(affiliate.state_since)
    if affiliate.pk in breaches:
        return _("terminated for breach on %(since)s") % {"since": since}
    if affiliate.state == State.TERMINATED:
        return _("terminated on %(since)s") % {"since": since}
    if affiliate.notice_ends_at is not None:
        return _("the notice ended on %(at)s") % {"at": format_datetime(affiliate.notice_ends_at)}
    return _("the program has ended")


def _list_breaches(payouts: QuerySet[Payout]) -> set[UUID]:
    changes = StatusChange.objects.in_effect().filter(
        affiliate__in=payouts.values("affiliate"),
        affiliate__state=State.TERMINATED,
        after=State.TERMINATED,
        breach=True,
    )
    return set(changes.values_list("affiliate_id", flat=True))
