"""Admin pages of the portal and of lower apps whose pages join several apps."""

from portal.admin import (
    affiliates,
    agreement_versions,
    application_settings,
    audit_records,
    channels,
    emails,
    erasure,
    operations,
    payout_holds,
    users,
)

__all__ = [
    "affiliates",
    "agreement_versions",
    "application_settings",
    "audit_records",
    "channels",
    "emails",
    "erasure",
    "operations",
    "payout_holds",
    "users",
]
