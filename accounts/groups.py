"""The four predefined staff groups, each with the minimum of permissions it needs (specification 9).

Everything else (agreements, the program, the approval rule, API keys, users, the audit trail, e-mails) is reserved for
superusers.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _

AFFILIATE_MANAGERS = "affiliate managers"
COMPLIANCE_REVIEWERS = "compliance reviewers"
PAYOUT_PREPARERS = "payout preparers"
PAYOUT_APPROVERS = "payout approvers"
# What the members of each do, for the form that chooses the groups of a user.
DESCRIPTIONS = {
    AFFILIATE_MANAGERS: _("decide applications and channels, write to affiliates, assign coupons, manage creatives"),
    COMPLIANCE_REVIEWERS: _(
        "check signals, open and decide reviews and appeals, suspend affiliates, hold payouts, give notice"
    ),
    PAYOUT_PREPARERS: _("close months, propose adjustments, submit and export payouts, connect shops, import orders"),
    PAYOUT_APPROVERS: _("approve payouts and adjustments that someone else submitted or proposed"),
}

_VIEW_AFFILIATES = [
    "affiliates.view_affiliate",
    "affiliates.view_channel",
    "affiliates.view_statuschange",
    "affiliates.view_affiliatenote",
    "affiliates.add_affiliatenote",
    "affiliates.view_affiliatetag",
    "affiliates.view_applicationanswer",
    "affiliates.view_rulecheck",
    "tracking.view_reports",
]
_VIEW_MONEY = [
    "payouts.view_adjustment",
    "payouts.view_close",
    "payouts.view_commission",
    "payouts.view_commissionhold",
    "payouts.view_ledgerentry",
    "payouts.view_ledgertransaction",
    "payouts.view_payout",
    "payouts.view_payoutbatch",
    "payouts.view_payoutdetails",
    "payouts.view_payoutfile",
    "payouts.view_payouthold",
    "payouts.view_closeexception",
    "payouts.view_statement",
    "payouts.view_statementline",
]

GROUPS: dict[str, list[str]] = {
    AFFILIATE_MANAGERS: [
        *_VIEW_AFFILIATES,
        "affiliates.change_affiliate",
        "affiliates.decide_application",
        "affiliates.import_affiliates",
        "affiliates.decide_channel",
        "affiliates.change_affiliatetag",
        "affiliates.view_applicationquestion",
        "affiliates.add_applicationquestion",
        "affiliates.change_applicationquestion",
        "affiliates.view_rejectiontemplate",
        "affiliates.add_rejectiontemplate",
        "affiliates.change_rejectiontemplate",
        "agreements.view_decline",
        "creatives.view_creative",
        "creatives.add_creative",
        "creatives.change_creative",
        "messaging.view_conversation",
        "messaging.answer_conversation",
        "messaging.view_announcement",
        "messaging.add_announcement",
        "messaging.change_announcement",
        "messaging.send_announcement",
        "tracking.view_link",
        "tracking.add_link",
        "tracking.change_link",
        "tracking.view_coupon",
        "tracking.add_coupon",
        "tracking.change_coupon",
        "tracking.view_click",
        "tracking.view_clickloss",
        "tracking.view_order",
        "tracking.view_orderline",
    ],
    COMPLIANCE_REVIEWERS: [
        *_VIEW_AFFILIATES,
        "agreements.view_acceptance",
        "agreements.view_decline",
        "agreements.view_agreementversion",
        "creatives.view_creative",
        "tracking.view_link",
        "tracking.view_coupon",
        "tracking.view_click",
        "tracking.view_clickloss",
        "tracking.view_order",
        "tracking.view_orderline",
        "payouts.view_commission",
        "payouts.view_commissionhold",
        # To hold payouts during a suspicion, and to release them.
        "payouts.view_payouthold",
        "payouts.release_payouthold",
        "messaging.view_conversation",
        "messaging.answer_conversation",
        "compliance.view_review",
        "compliance.add_review",
        "compliance.change_review",
        "compliance.decide_review",
        "compliance.suspend_affiliate",
        "compliance.view_reviewevent",
        "compliance.view_reviewfile",
        "compliance.view_signal",
        "compliance.change_signal",
        "compliance.view_abusereport",
        "compliance.change_abusereport",
        "compliance.view_targetcheck",
        "compliance.view_targetnotice",
        "compliance.view_targetpause",
        "compliance.add_targetpause",
        "compliance.view_terminationnotice",
        "compliance.add_terminationnotice",
    ],
    PAYOUT_PREPARERS: [
        *_VIEW_AFFILIATES,
        *_VIEW_MONEY,
        "payouts.add_adjustment",
        "payouts.submit_payoutbatch",
        "payouts.export_payoutbatch",
        "payouts.return_payout",
        "payouts.release_payouthold",
        "payouts.close_month",
        "shops.view_connection",
        "shops.add_connection",
        "shops.change_connection",
        "shops.view_orderfile",
        "shops.import_orders",
        "tracking.view_order",
        "tracking.view_orderline",
        "shops.view_reject",
        "shops.change_reject",
    ],
    PAYOUT_APPROVERS: [
        *_VIEW_AFFILIATES,
        *_VIEW_MONEY,
        "payouts.approve_payoutbatch",
        "payouts.approve_adjustment",
        "payouts.release_payouthold",
    ],
}


def sync_groups(**_signal: Any) -> None:
    """Create the four groups and reset their permissions. Other groups are left alone.

    In a partial migration, permissions of tables that do not exist yet are added by the next one.
    """
    from django.contrib.auth.models import Group, Permission

    existing = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for name, permissions in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(existing[permission] for permission in permissions if permission in existing)


def get_last_app() -> AppConfig:
    """Return the app whose post_migrate signal comes last, when the permissions of all apps exist."""
    return [app for app in apps.get_app_configs() if app.models_module is not None][-1]
