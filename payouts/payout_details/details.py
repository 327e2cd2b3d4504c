"""Payout details: entered, encrypted, confirmed, and held after a change (specification 6, clause 5.6)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from agreements.program_currency import find_program_currency
from audit import trail
from lib.csv import escape_cell
from lib.errors import NotAllowed
from lib.text import JOINERS, remove_invisible
from payouts.ledger import booking
from payouts.models import PayoutDetails
from payouts.payout_details import emails
from payouts.payout_details.encryption import compute_fingerprint, decrypt, encrypt
from payouts.payout_details.methods import METHODS, Account
from payouts.payout_details.methods.method import is_printable

CONFIRMED_BY_AFFILIATE = "affiliate, password entered again"
CONFIRMED_BY_RETAILER = "retailer, at import"
# How the two are shown to the affiliate.
_CONFIRMATION_TEXTS = {
    CONFIRMED_BY_AFFILIATE: gettext_lazy("you, with your password"),
    CONFIRMED_BY_RETAILER: gettext_lazy("the program, when your account was imported"),
}


class DetailsEntry(NamedTuple):
    """Payout details in clear, as an import brings them."""

    affiliate: Affiliate
    method: str
    account: str
    holder: str
    confirmed_at: datetime
    bank_code: str = ""
    country: str = ""


@transaction.atomic
def change_details(
    *,
    affiliate: Affiliate,
    method: str,
    account: str,
    holder: str,
    now: datetime,
    by: User | None,
    bank_code: str = "",
    country: str = "",
    confirmation: str = CONFIRMED_BY_AFFILIATE,
    hold: bool = True,
    entered_at: datetime | None = None,
) -> PayoutDetails:
    """Store new payout details, usable after `payout_details_hold_days` of the affiliate's version (specification 6).

    `bank_code` and `country` are those of a bank transfer. Without `hold` the details are usable from `entered_at`, such
    as the date of acceptance of an import. The affiliate, the old and the new address are notified. The audit record
    holds masked accounts only. Raises ValidationError for the field at fault.
    """
    booking.lock_shared()
    entered_at = entered_at or _get_next_entry_time(affiliate, now)
    before = get_current_details(affiliate, max(entered_at, now))
    entry = DetailsEntry(affiliate, method, account, holder, entered_at, bank_code, country)
    details = _build_details(entry, by, confirmation)
    check_currency(method, find_program_currency())
    agreement = get_applicable_version(affiliate.pk, at=now)[0]
    if hold:
        details.held_since = details.entered_at
        details.usable_from = details.get_usable_from(get_hold_days(agreement, now))
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
    """Store imported payout details, confirmed by the retailer and usable from `confirmed_at` (specification 6).

    Return how many. Each gets an audit record; no e-mails are sent, as the affiliates gave these details to the
    retailer themselves. Raises ValidationError naming the first affiliate whose details are invalid; then nothing is
    stored.
    """
    booking.lock_shared()
    rows, currency = [], find_program_currency()
    for entry in entries:
        try:
            rows.append(_build_details(entry, by, CONFIRMED_BY_RETAILER))
            check_currency(entry.method, currency)
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
    """Return the affiliate's newest payout details entered by `at`, even while they are held."""
    return affiliate.payout_details.filter(entered_at__lte=at).first()


def confirm_details(*, affiliate: Affiliate, details_id: UUID, now: datetime) -> None:
    """Record that the account is right although a payout to it came back. The details stay as they are, without a hold.

    Raises NotAllowed if `details_id` are not the affiliate's newest details any more.
    """
    current = get_current_details(affiliate, now)
    if current is None or current.pk != details_id:
        raise NotAllowed(_("Your payout details have changed since you opened the page. Check them again."))
    PayoutDetails.objects.filter(pk=current.pk).update(checked_at=now)


def describe_confirmation(details: PayoutDetails) -> str:
    """Return who confirmed the details, in words for the affiliate."""
    return str(_CONFIRMATION_TEXTS.get(details.confirmation, details.confirmation))


def get_method_error(method: str, currency: str) -> str:
    """Return why affiliates of a program in `currency` cannot choose this method; "" if they can."""
    if method not in METHODS:
        return _("Choose one of: %(names)s.") % {"names": ", ".join(METHODS)}
    return METHODS[method].get_currency_error(currency)


def validate_account(*, method: str, account: Account, holder: str) -> Account:
    """Return `account` in the form in which it is stored.

    Raises ValidationError for the field at fault: `method`, `holder`, `account`, `bank_code` or `country`.
    """
    if method not in METHODS:
        raise ValidationError({"method": _("Choose one of: %(names)s.") % {"names": ", ".join(METHODS)}})
    if not is_printable(_clean_holder(holder), 1, 140):
        raise ValidationError({"holder": _("Enter the name of the account holder, at most 140 characters.")})
    if holder_error := METHODS[method].get_holder_error(holder):
        raise ValidationError({"holder": holder_error})
    normalized = METHODS[method].normalize(account)
    if escape_cell(normalized.account) != normalized.account:
        # A spreadsheet would run it as a formula, and escaping it in the payout file would change the account.
        text = _("The account cannot start with =, +, - or @, nor have one of them after a semicolon.")
        raise ValidationError({"account": text})
    return normalized


def check_currency(method: str, currency: str | None) -> None:
    """Raise ValidationError for `method` if a program in `currency` cannot pay by it.

    None, before the first agreement version names the currency, allows every method: it is checked again when a batch
    of payouts is submitted.
    """
    if currency and method in METHODS and (error := METHODS[method].get_currency_error(currency)):
        raise ValidationError({"method": error})


def get_account(details: PayoutDetails) -> Account:
    """Return the account in clear, for payout files only."""
    return Account.split(decrypt(details.encrypted))


def get_hold_days(agreement: AgreementVersion | None, now: datetime) -> int:
    """Return `payout_details_hold_days` of `agreement`, else of the version in force, else the default."""
    terms = agreement or AgreementVersion.objects.get_in_force(now)
    days: int = (terms or AgreementVersion()).payout_details_hold_days
    return days


def get_usable_from(details: PayoutDetails, now: datetime) -> datetime:
    """Return from when payouts can go to `details`, by the version that applies to the affiliate at `now`."""
    agreement = get_applicable_version(details.affiliate_id, at=now)[0]
    return details.get_usable_from(get_hold_days(agreement, now))


def list_shared_details(details: PayoutDetails) -> Sequence[PayoutDetails]:
    """Return up to 20 payout details of other affiliates with the same account, newest first."""
    others = PayoutDetails.objects.filter(fingerprint=details.fingerprint).exclude(affiliate=details.affiliate_id)
    return list(others.select_related("affiliate").order_by("-entered_at")[:20])


def _get_next_entry_time(affiliate: Affiliate, now: datetime) -> datetime:
    # Just after the newest details if the clock was set back: otherwise older details would stay the newest.
    newest = affiliate.payout_details.first()
    return newest.entered_at + timedelta(microseconds=1) if newest and newest.entered_at > now else now


def _build_details(entry: DetailsEntry, by: User | None, confirmation: str) -> PayoutDetails:
    entered = Account(entry.account, entry.bank_code, entry.country)
    account = validate_account(method=entry.method, account=entered, holder=entry.holder)
    method = METHODS[entry.method]
    return PayoutDetails(
        affiliate=entry.affiliate,
        method=entry.method,
        holder=_clean_holder(entry.holder),
        country=account.country,
        encrypted=encrypt(account.join()),
        masked=method.mask(account),
        fingerprint=compute_fingerprint(method.identify(account)),
        entered_at=entry.confirmed_at,
        entered_by=by,
        confirmation=confirmation,
        confirmed_at=entry.confirmed_at,
        usable_from=entry.confirmed_at,
    )


def _clean_holder(holder: str) -> str:
    # Joiners are part of how names are written in several scripts.
    return remove_invisible(holder, keep=JOINERS).strip()


def _mask_details(details: PayoutDetails | None) -> dict[str, str]:
    if details is None:
        return {}
    return {
        "method": details.method,
        "account": details.masked,
        "usable from": details.usable_from.isoformat(),
    }
