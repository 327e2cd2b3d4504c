"""Where an affiliate's money goes: entered, encrypted, confirmed and held after a change (CONTRACT 6, clause 5.6)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from audit import trail
from lib.csv import FORMULA_STARTS
from payouts.ledger import booking
from payouts.models import PayoutDetails
from payouts.payout_details import emails
from payouts.payout_details.encryption import compute_fingerprint, decrypt, encrypt
from payouts.payout_details.methods import METHODS
from payouts.payout_details.methods.method import is_printable

CONFIRMED_BY_AFFILIATE = "affiliate, password entered again"
CONFIRMED_BY_RETAILER = "retailer, at import"


class DetailsEntry(NamedTuple):
    """Details as somebody gave them, for `change_many`."""

    affiliate: Affiliate
    method: str
    account: str
    holder: str
    confirmed_at: datetime


@transaction.atomic
def change_details(
    *,
    affiliate: Affiliate,
    method: str,
    account: str,
    holder: str,
    now: datetime,
    by: User | None,
    confirmation: str = CONFIRMED_BY_AFFILIATE,
    hold: bool = True,
    entered_at: datetime | None = None,
) -> PayoutDetails:
    """Store new details of `affiliate`, usable after `payout_details_hold_days` of their version (CONTRACT 6).

    Without `hold` they are usable from `entered_at` (an import: the date of acceptance). The old and the new address and
    the affiliate are told. Refuses, with the field, an account or holder that cannot be; the audit record is masked.
    """
    booking.lock_shared()
    moment = entered_at or _next_entry_time(affiliate, now)
    before = get_current_details(affiliate, max(moment, now))
    details = _build_details(affiliate, method, account, holder, moment, by, confirmation)
    agreement = get_applicable_version(affiliate.pk, at=now)[0]
    if hold:
        details.usable_from += timedelta(days=get_hold_days(agreement, now))
    details.save(force_insert=True)
    trail.record(
        action="payout details changed",
        subject=affiliate,
        now=now,
        by=by,
        before=_mask_details(before),
        after=_mask_details(details),
        reason=confirmation,
    )
    emails.send_details_changed(affiliate=affiliate, before=before, details=details, agreement=agreement)
    return details


@transaction.atomic
def import_details(*, entries: Iterable[DetailsEntry], now: datetime, by: User | None) -> int:
    """Store the details that an import brings: confirmed by the retailer and usable from `confirmed_at` (CONTRACT 6).

    Returns how many. ValidationError names the first affiliate whose details cannot be; then nothing is stored. One audit
    record each; no e-mails, as the affiliates gave these details to the retailer themselves.
    """
    booking.lock_shared()
    rows = []
    for entry in entries:
        try:
            rows.append(
                _build_details(
                    entry.affiliate,
                    entry.method,
                    entry.account,
                    entry.holder,
                    entry.confirmed_at,
                    by,
                    CONFIRMED_BY_RETAILER,
                )
            )
        except ValidationError as error:
            raise ValidationError(f"{entry.affiliate.code}: {'; '.join(error.messages)}") from error
    PayoutDetails.objects.bulk_create(rows, batch_size=1000)
    trail.record_many(
        trail.build_record(
            action="payout details imported",
            subject=row.affiliate,
            now=now,
            by=by,
            after=_mask_details(row),
            reason=CONFIRMED_BY_RETAILER,
        )
        for row in rows
    )
    return len(rows)


def get_current_details(affiliate: Affiliate, at: datetime) -> PayoutDetails | None:
    """The newest details that `affiliate` had entered by `at`; they count even while they are held."""
    return affiliate.payout_details.filter(entered_at__lte=at).first()


def validate_account(*, method: str, account: str, holder: str) -> str:
    """The stored spelling of `account`, or ValidationError with the field: for forms and imports, before `change`."""
    if method not in METHODS:
        raise ValidationError({"method": _("Choose one of: %(names)s.") % {"names": ", ".join(METHODS)}})
    if not is_printable(holder.strip(), 1, 140):
        raise ValidationError({"holder": _("Enter the name of the account holder, at most 140 characters.")})
    normal = METHODS[method].normalize(account)
    if normal.startswith(FORMULA_STARTS):
        # A spreadsheet would run it as a formula, and an account that was changed to prevent that is another account.
        raise ValidationError({"account": _("An account cannot begin with one of = + - @.")})
    return normal


def get_account(details: PayoutDetails) -> str:
    """The account in clear, for the file that is paid from, and nothing else."""
    return decrypt(details.encrypted)


def get_hold_days(agreement: AgreementVersion | None, now: datetime) -> int:
    """`payout_details_hold_days` of the affiliate's version, else of the one in force, else the default of CONTRACT 2."""
    terms = agreement or AgreementVersion.objects.get_in_force(now)
    days: int = (terms or AgreementVersion()).payout_details_hold_days
    return days


def list_shared_details(details: PayoutDetails) -> Sequence[PayoutDetails]:
    """Details of other affiliates with the same account, newest first."""
    others = PayoutDetails.objects.filter(fingerprint=details.fingerprint).exclude(affiliate=details.affiliate_id)
    return list(others.select_related("affiliate").order_by("-entered_at")[:20])


def _next_entry_time(affiliate: Affiliate, now: datetime) -> datetime:
    """`now`, or just after the newest details: a clock that was put back would leave older ones the newest, and paid to."""
    newest = affiliate.payout_details.first()
    return newest.entered_at + timedelta(microseconds=1) if newest and newest.entered_at > now else now


def _build_details(
    affiliate: Affiliate, method: str, account: str, holder: str, at: datetime, by: User | None, how: str
) -> PayoutDetails:
    normal = validate_account(method=method, account=account, holder=holder)
    return PayoutDetails(
        affiliate=affiliate,
        method=method,
        holder=holder.strip(),
        encrypted=encrypt(normal),
        masked=METHODS[method].mask(normal),
        fingerprint=compute_fingerprint(_normalize_for_comparison(normal)),
        entered_at=at,
        entered_by=by,
        confirmation=how,
        confirmed_at=at,
        usable_from=at,
    )


def _normalize_for_comparison(account: str) -> str:
    # The same bank account may be written with other spaces, or once as IBAN and once as plain account.
    return account if "@" in account else "".join(filter(str.isalnum, account.upper()))


def _mask_details(details: PayoutDetails | None) -> dict[str, str]:
    if details is None:
        return {}
    return {
        "method": details.method,
        "account": details.masked,
        "usable from": details.usable_from.isoformat(),
    }
