"""The archive of all data held about an affiliate, for their download: a ZIP of JSON and PDFs (specification 9)."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django_countries.fields import Country

from accounts.models import User
from affiliates.models import Affiliate, Channel, StatusChange
from agreements.models import Acceptance, AcceptancePerson, AgreementText, Decline, Promotion
from audit.models import AuditRecord
from compliance.models import Review, ReviewEvent, ReviewFile, Signal, TargetCheck, TargetNotice, TerminationNotice
from mail import attachments
from mail.models import Message
from payouts.models import (
    Adjustment,
    CloseException,
    Commission,
    CommissionHold,
    LedgerEntry,
    Payout,
    PayoutDetails,
    PayoutHold,
    Statement,
    StatementLine,
)
from portal.models import ErasureRequest
from tracking.models import Click, Coupon, Link, Order, OrderLine

# Fields that are useless to the affiliate but useful to a thief.
SECRET_FIELDS = {
    "encrypted",
    "fingerprint",
    "password",
    "salt",
    "data",
    "session",
    "content",
    "customer_hash",
    "click_id",
}
HIDDEN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "clicks": ("address", "user_agent"),
    "emails": ("html", "error", "context", "key"),
}
README = """This archive contains all data that {program} holds about {name} ({code}), as of {now}.

data/ contains one JSON file for each kind of record. Amounts are strings, and times include their UTC offset.
pdf/ contains your statements and the agreements you accepted.
files/ contains the files you attached to replies in reviews.

Your payout account is masked, in case this archive is lost. Clicks on your links are included without the visitors'
IP addresses. Members of staff are not named.
"""
# An affiliate's order can carry another affiliate's coupon, for instance one that was used too late.
FILES_WITH_COUPON_CODES = ("orders", "orders_claimed")
Pdf = tuple[str, Callable[[], bytes]]


def collect_querysets(affiliate: Affiliate) -> dict[str, QuerySet[Any]]:
    """Return the rows of every app that belong to `affiliate`, keyed by the name of their file."""
    user = affiliate.user
    commissions = Commission.objects.for_affiliate(affiliate)
    return {
        "account": type(user).objects.filter(pk=user.pk),
        "email_addresses": EmailAddress.objects.filter(user=user),
        "second_factors": Authenticator.objects.filter(user=user),
        "affiliate": Affiliate.objects.filter(pk=affiliate.pk),
        "channels": Channel.objects.for_affiliate(affiliate),
        "status_history": StatusChange.objects.filter(affiliate=affiliate),
        "acceptances": Acceptance.objects.for_affiliate(affiliate),
        "acceptance_persons": AcceptancePerson.objects.filter(acceptance__affiliate=affiliate),
        "declines": Decline.objects.for_affiliate(affiliate),
        "promotions": Promotion.objects.filter(affiliates=affiliate),
        "links": Link.objects.for_affiliate(affiliate),
        "coupons": Coupon.objects.for_affiliate(affiliate),
        "clicks": Click.objects.filter(link__affiliate=affiliate).order_by("at"),
        "orders": Order.objects.for_affiliate(affiliate),
        "orders_claimed": Order.objects.filter(candidate=affiliate, affiliate=None),
        "order_lines": OrderLine.objects.filter(order__affiliate=affiliate),
        "commissions": commissions,
        "commission_holds": CommissionHold.objects.filter(commission__affiliate=affiliate),
        "statements": Statement.objects.for_affiliate(affiliate),
        "statement_lines": StatementLine.objects.filter(statement__affiliate=affiliate),
        "close_exceptions": CloseException.objects.filter(affiliate=affiliate),
        "ledger_entries": LedgerEntry.objects.filter(affiliate=affiliate),
        "adjustments": Adjustment.objects.filter(affiliate=affiliate),
        "payouts": Payout.objects.for_affiliate(affiliate),
        "payout_details": PayoutDetails.objects.filter(affiliate=affiliate),
        "payout_holds": PayoutHold.objects.filter(affiliate=affiliate),
        "reviews": Review.objects.for_affiliate(affiliate),
        # Private notes of staff are not shown (specification 8).
        "review_steps": ReviewEvent.objects.filter(review__affiliate=affiliate, private=False),
        "review_files": ReviewFile.objects.filter(event__review__affiliate=affiliate, event__private=False),
        "signals": Signal.objects.filter(affiliate=affiliate, review__isnull=False),
        "target_checks": TargetCheck.objects.filter(affiliate=affiliate),
        "target_notices": TargetNotice.objects.filter(affiliate=affiliate),
        "termination_notices": TerminationNotice.objects.filter(affiliate=affiliate),
        "emails": Message.objects.filter(Q(to__iexact=user.email) | Q(context__code=affiliate.code)).exclude(
            kind="account"
        ),
        "audit": AuditRecord.objects.filter(subject_type="affiliates.affiliate", subject_id=str(affiliate.pk)),
        "erasure_requests": ErasureRequest.objects.filter(affiliate=affiliate),
    }


def serialize_row(row: Model, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of `row` without secrets, hidden fields and references to users."""
    left_out = SECRET_FIELDS | set(hidden)
    fields = [field for field in row._meta.concrete_fields if field.name not in left_out]
    values = {field.name: getattr(row, field.attname) for field in fields if field.related_model is not User}
    return {name: value.code if isinstance(value, Country) else value for name, value in values.items()}


def _blank_coupons_of_others(records: list[dict[str, Any]], affiliate: Affiliate) -> None:
    own_codes = {code.upper() for code in Coupon.objects.for_affiliate(affiliate).values_list("code", flat=True)}
    for record in records:
        if record["coupon_code"].upper() not in own_codes:
            record["coupon_code"] = ""


def build_archive(*, affiliate: Affiliate, now: datetime, pdfs: Iterable[Pdf] = ()) -> bytes:
    """Return the ZIP file of `affiliate`'s data; `pdfs` are the names and builders of its documents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        values = {
            "program": settings.PROGRAM_NAME,
            "name": affiliate.name,
            "code": affiliate.code,
            "now": now.isoformat(),
        }
        archive.writestr("README.txt", README.format(**values))
        for name, rows in collect_querysets(affiliate).items():
            records = [serialize_row(row, HIDDEN_FIELDS.get(name, ())) for row in rows.iterator(chunk_size=2000)]
            if name in FILES_WITH_COUPON_CODES:
                _blank_coupons_of_others(records, affiliate)
            text = json.dumps(records, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False)
            archive.writestr(f"data/{name}.json", text)
        for file in ReviewFile.objects.filter(event__review__affiliate=affiliate, event__private=False):
            archive.writestr(f"files/{file.pk}-{file.name.replace('/', '_')}", bytes(file.content))
        for name, build in pdfs:
            archive.writestr(f"pdf/{name}", build())
    return buffer.getvalue()


def list_documents(affiliate: Affiliate) -> Iterator[Pdf]:
    """Yield the name and the builder of each agreement that the affiliate accepted and of each of their statements."""
    accepted = Acceptance.objects.for_affiliate(affiliate).values("agreement")
    for text in AgreementText.objects.filter(agreement__in=accepted).select_related("agreement"):
        yield (
            f"agreement-{text.agreement.number}-{text.language}.pdf",
            partial(_build_document, "agreement", str(text.pk)),
        )
    for statement in Statement.objects.for_affiliate(affiliate).order_by("number"):
        yield f"statement-{statement.number:04d}.pdf", partial(_build_document, "statement_pdf", str(statement.pk))


def _build_document(name: str, key: str) -> bytes:
    return attachments.make(name, key).content
