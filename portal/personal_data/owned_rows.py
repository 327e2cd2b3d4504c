"""The rows of every app that are about one affiliate: what their archive holds, and what their erasure changes."""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from affiliates.models import (
    Affiliate,
    AffiliateNote,
    AffiliateTag,
    ApplicationAnswer,
    Channel,
    ChannelPreview,
    RuleCheck,
    StatusChange,
)
from agreements.models import Acceptance, AcceptancePerson, Decline, Promotion
from audit.models import AuditRecord
from compliance.models import (
    AbuseReport,
    Review,
    ReviewEvent,
    ReviewFile,
    Signal,
    TargetCheck,
    TargetNotice,
    TerminationNotice,
)
from creatives.models import CreativeLink
from mail.models import Message
from messaging.models import AnnouncementReceipt, Conversation, ConversationMessage, SaleNotice, SaleSubscription
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
from tracking.models import Click, Coupon, Link, LinkName, Order, OrderLine

Rows = QuerySet[Any]
# Rows that are about others as well. What is recorded about them is not about the affiliate.
SHARED = ("tags", "promotions", "orders_claimed")


def collect_rows(affiliate: Affiliate) -> dict[str, Rows]:
    """Return the rows that are about `affiliate`, keyed by the name of their file in the archive."""
    user = affiliate.user
    links = Link.objects.for_affiliate(affiliate)
    rows: dict[str, Rows] = {
        "account": type(user).objects.filter(pk=user.pk),
        "email_addresses": EmailAddress.objects.filter(user=user),
        "second_factors": Authenticator.objects.filter(user=user),
        "affiliate": Affiliate.objects.filter(pk=affiliate.pk),
        "channels": Channel.objects.for_affiliate(affiliate),
        "channel_previews": ChannelPreview.objects.filter(channel__affiliate=affiliate),
        "application_answers": ApplicationAnswer.objects.filter(affiliate=affiliate),
        "application_checks": RuleCheck.objects.filter(affiliate=affiliate),
        "status_history": StatusChange.objects.filter(affiliate=affiliate),
        "tags": AffiliateTag.objects.filter(affiliates=affiliate),
        "notes": AffiliateNote.objects.filter(affiliate=affiliate),
        "acceptances": Acceptance.objects.for_affiliate(affiliate),
        "acceptance_persons": AcceptancePerson.objects.filter(acceptance__affiliate=affiliate),
        "promotions": Promotion.objects.filter(affiliates=affiliate),
        "links": links,
        "link_names": LinkName.objects.filter(link__affiliate=affiliate),
        "creative_links": CreativeLink.objects.filter(affiliate=affiliate),
        "declines": Decline.objects.for_affiliate(affiliate),
        "coupons": Coupon.objects.for_affiliate(affiliate),
        "clicks": Click.objects.filter(link__in=links.values("pk")).order_by("at"),
        "orders": Order.objects.for_affiliate(affiliate),
        "orders_claimed": Order.objects.filter(candidate=affiliate, affiliate=None),
        "order_lines": OrderLine.objects.filter(order__affiliate=affiliate),
        "commissions": Commission.objects.for_affiliate(affiliate),
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
        "review_steps": ReviewEvent.objects.filter(review__affiliate=affiliate),
        "review_files": ReviewFile.objects.filter(event__review__affiliate=affiliate),
        "signals": Signal.objects.filter(affiliate=affiliate),
        "abuse_reports": AbuseReport.objects.filter(signal__affiliate=affiliate),
        "target_checks": TargetCheck.objects.filter(affiliate=affiliate),
        "target_notices": TargetNotice.objects.filter(affiliate=affiliate),
        "termination_notices": TerminationNotice.objects.filter(affiliate=affiliate),
        "emails": collect_messages(affiliate),
        "conversations": Conversation.objects.for_affiliate(affiliate),
        "conversation_messages": ConversationMessage.objects.filter(conversation__affiliate=affiliate),
        "announcements": AnnouncementReceipt.objects.filter(affiliate=affiliate),
        "sale_emails": SaleSubscription.objects.filter(affiliate=affiliate),
        "sale_notices": SaleNotice.objects.filter(affiliate=affiliate),
        "erasure_requests": ErasureRequest.objects.filter(affiliate=affiliate),
    }
    return rows | {"audit": collect_audit_records(affiliate, rows)}


def list_addresses(affiliate: Affiliate) -> set[str]:
    """Return the e-mail addresses of the account, former ones included, in lowercase."""
    user = affiliate.user
    lists = (
        EmailAddress.objects.filter(user=user).values_list("email", flat=True),
        Message.objects.filter(user=user).values_list("to", flat=True),
        AcceptancePerson.objects.filter(acceptance__affiliate=affiliate).values_list("email", flat=True),
    )
    return {address.lower() for address in (user.email, *(one for each in lists for one in each)) if address}


def collect_messages(affiliate: Affiliate) -> QuerySet[Message]:
    """Return the e-mails to the affiliate: to the account, to an address of it, or to a payout account."""
    matches = Q(user=affiliate.user) | Q(context__code=affiliate.code)
    for address in sorted(list_addresses(affiliate)):
        matches |= Q(to__iexact=address)
    return Message.objects.filter(matches)


def collect_audit_records(affiliate: Affiliate, rows: dict[str, Rows]) -> QuerySet[AuditRecord]:
    """Return the audit records about any of the affiliate's `rows`, or of what they did themselves."""
    # What a member of staff did is about others.
    matches = Q(pk=None) if affiliate.user.is_staff else Q(by=affiliate.user)
    for owned in _list_own(rows):
        matches |= Q(subject_type=owned.model._meta.label_lower, subject_id__in=_select_keys(owned))
    return AuditRecord.objects.filter(matches)


def collect_log_entries(rows: dict[str, Rows]) -> QuerySet[LogEntry]:
    """Return the entries of the admin's log about any of the `rows`."""
    matches = Q(pk=None)
    for owned in _list_own(rows):
        content_type = ContentType.objects.get_for_model(owned.model)
        matches |= Q(content_type=content_type, object_id__in=_select_keys(owned))
    return LogEntry.objects.filter(matches)


def _list_own(rows: dict[str, Rows]) -> Iterable[Rows]:
    return [owned for name, owned in rows.items() if name not in (*SHARED, "audit")]


def _select_keys(rows: Rows) -> Rows:
    """Return a subquery of the primary keys as text, as audit records and log entries have them."""
    keys: Rows = rows.order_by().annotate(key_text=Cast("pk", TextField())).values("key_text")
    return keys
