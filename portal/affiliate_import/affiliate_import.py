"""Import of affiliates from another system: the whole file or nothing.

Imported affiliates are approved and accept the agreement when they first sign in. If the retailer holds their signed
acceptance, they are active from its date, and the acceptance record says so (specification 2).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, Channel, State
from affiliates.notifications import Notice, notify_many
from agreements import offline_acceptances
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from lib.csv_columns import ColumnMapping
from lib.formatting import format_datetime, lazy_date
from lib.text import fold_code
from payouts.errors import BadRows
from payouts.payout_details import details
from portal.affiliate_import.import_file import AffiliateFile, Problem, Row, read_affiliates
from portal.invitations import build_token
from tracking.links import coupons
from tracking.models import Coupon

IMPORT_REASON = "imported from another system"
# The states of a history need distinct times, so affiliates are approved just before they become active.
MOMENT_BEFORE = timedelta(microseconds=1)


class PaperAcceptance(NamedTuple):
    """The acceptance on paper by all affiliates of a file: its start and the evidence that the retailer holds."""

    accepted_at: datetime
    evidence: str


class ImportSummary(NamedTuple):
    affiliates: int
    coupons: int
    channels: int
    payout_details: int


def read_file(content: bytes, mapping: ColumnMapping | None = None) -> AffiliateFile:
    """Return the affiliates of the CSV file `content`, with every problem that keeps them from being imported now."""
    file = read_affiliates(content, currency=get_program_currency(), mapping=mapping)
    return file._replace(problems=sorted([*file.problems, *_find_conflicts(file.rows, None)]))


def import_affiliates(
    *, file: AffiliateFile, paper: PaperAcceptance | None, now: datetime, by: User | None
) -> ImportSummary:
    """Store all affiliates of a file that `read_file` has read.

    With `paper` they are active from its date. Raises BadRows with all problems of the file, and ValidationError if the
    date or the evidence of `paper` is invalid.
    """
    agreement = _get_agreement(paper, now) if paper else None
    problems = {*file.problems, *_find_conflicts(file.rows, paper.accepted_at if paper else None)}
    if problems:
        raise BadRows(sorted(problems))
    try:
        with transaction.atomic():
            return _store_affiliates(file.rows, paper, agreement, now, by)
    except IntegrityError:
        cause = _("One of these codes, e-mail addresses or coupons has just been stored. Please try again.")
        raise BadRows([Problem(0, "", cause)]) from None


def _get_agreement(paper: PaperAcceptance, now: datetime) -> AgreementVersion:
    if paper.accepted_at > now:
        raise ValidationError({"accepted_offline": _("The date of acceptance is in the future.")})
    if not paper.evidence.strip():
        raise ValidationError({"evidence": _("Enter the evidence that you hold of the acceptances.")})
    agreement = AgreementVersion.objects.get_in_force(paper.accepted_at)
    if agreement is None:
        day = format_datetime(paper.accepted_at)
        raise ValidationError({"accepted_offline": _("No agreement was in effect on %(day)s.") % {"day": day}})
    return agreement


def _find_conflicts(rows: Sequence[Row], accepted_at: datetime | None) -> Iterator[Problem]:
    """Yield values that are already used in the database, ignoring case.

    The coupon of an affiliate who was terminated is free from then on; coupons of the file start at `accepted_at`, or
    later if it is None.
    """
    terminated = Q(affiliate__state=State.TERMINATED)
    if accepted_at:
        terminated &= Q(affiliate__state_since__lte=accepted_at)
    assigned = Coupon.objects.filter(assigned_until__isnull=True).exclude(terminated)
    lookups: list[tuple[str, QuerySet[Any], Callable[[str], str]]] = [
        ("code", Affiliate.objects.annotate(key=Upper("code")), str.upper),
        ("email", User.objects.annotate(key=Upper("email")), str.upper),
        ("email", EmailAddress.objects.filter(verified=True).annotate(key=Upper("email")), str.upper),
        ("coupon", assigned, fold_code),
    ]
    reported = set()
    for column, stored, fold in lookups:
        wanted = {fold(str(getattr(row, column))): row for row in rows if getattr(row, column)}
        for key in stored.filter(key__in=list(wanted)).values_list("key", flat=True):
            row = wanted[key]
            if (row.line, column) not in reported:
                reported.add((row.line, column))
                cause = _("%(value)s already exists.")
                yield Problem(row.line, column, cause % {"value": getattr(row, column)})


def _store_affiliates(
    rows: Sequence[Row],
    paper: PaperAcceptance | None,
    agreement: AgreementVersion | None,
    now: datetime,
    by: User | None,
) -> ImportSummary:
    imported = list(
        zip(rows, _create_affiliates(rows, paper.accepted_at - MOMENT_BEFORE if paper else now, now, by), strict=True)
    )
    affiliates = [affiliate for _row, affiliate in imported]
    if paper and agreement:
        offline_acceptances.record_offline_acceptances(
            affiliates=affiliates,
            agreement=agreement,
            accepted_at=paper.accepted_at,
            evidence=paper.evidence.strip(),
            now=now,
            by=by,
        )
    if paper and agreement:
        clause = cite_clause(agreement, Rule.ACCEPTANCE_OFFLINE)
        context = {"accepted_on": _format_day(paper, agreement), "clause": clause}
    else:
        context = {"clause": cite_clause(AgreementVersion.objects.get_in_force(now), Rule.ACCEPTANCE)}
    notify_many(
        kind="account_imported",
        notices=[
            Notice(affiliate, str(affiliate.pk), context | {"invitation": build_token(affiliate.user_id)})
            for affiliate in affiliates
        ],
    )
    return ImportSummary(
        affiliates=len(affiliates),
        channels=_create_channels(imported, now, by),
        coupons=_assign_coupons(imported, paper, now, by),
        payout_details=_create_payout_details(imported, paper.accepted_at if paper else now, now, by),
    )


def _format_day(paper: PaperAcceptance, agreement: AgreementVersion) -> str:
    return lazy_date(paper.accepted_at.astimezone(ZoneInfo(agreement.time_zone)))


def _create_affiliates(rows: Sequence[Row], since: datetime, now: datetime, by: User | None) -> list[Affiliate]:
    """Create accounts without a password and their affiliates, approved since `since`."""
    users = [User(email=row.email, name=row.name, password=make_password(None), date_joined=now) for row in rows]
    User.objects.bulk_create(users, batch_size=1000)
    # The retailer vouches for the addresses; setting a password also proves them.
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users], batch_size=1000
    )
    affiliates = [
        Affiliate(
            user=user,
            code=row.code,
            name=row.name,
            country=row.country,
            state=State.APPROVED,
            state_since=since,
            applied_at=since,
        )
        for row, user in zip(rows, users, strict=True)
    ]
    Affiliate.objects.bulk_create(affiliates, batch_size=1000)
    status_history.start_histories(
        affiliates=affiliates, state=State.APPROVED, now=now, at=since, by=by, reason=IMPORT_REASON
    )
    return affiliates


def _create_channels(imported: Sequence[tuple[Row, Affiliate]], now: datetime, by: User | None) -> int:
    """Create the websites as approved channels, because the retailer vetted them. Return their number."""
    channels = [
        Channel(
            affiliate=affiliate,
            kind=Channel.Kind.WEBSITE,
            address=address,
            state=Channel.State.APPROVED,
            added_at=now,
            decided_at=now,
            decided_by=by,
            reason=IMPORT_REASON,
        )
        for row, affiliate in imported
        for address in row.websites
    ]
    return len(Channel.objects.bulk_create(channels, batch_size=1000))


def _assign_coupons(
    imported: Sequence[tuple[Row, Affiliate]], paper: PaperAcceptance | None, now: datetime, by: User | None
) -> int:
    """Assign coupons from the date of acceptance, which may still be to come (specification 4). Return their number."""
    assignments = [(affiliate, row.coupon) for row, affiliate in imported if row.coupon]
    since = paper.accepted_at if paper else None
    return len(coupons.assign_coupons(assignments=assignments, assigned_from=since, now=now, by=by))


def _create_payout_details(
    imported: Sequence[tuple[Row, Affiliate]], confirmed_at: datetime, now: datetime, by: User | None
) -> int:
    """Store payout details as confirmed by the retailer and without a hold (specification 6). Return their number."""
    entries = [
        details.DetailsEntry(
            affiliate=affiliate,
            method=row.payout_method,
            account=row.payout_account,
            holder=row.name,
            confirmed_at=confirmed_at,
            bank_code=row.payout_bank_code,
            country=row.payout_country,
        )
        for row, affiliate in imported
        if row.payout_method
    ]
    return details.import_details(entries=entries, now=now, by=by)
