"""The four groups of staff that ship, with the least that each needs (CONTRACT 9).

Whatever is in none of them (agreements, the program, API keys, users, the audit trail, e-mails) is for superusers.
"""

from typing import Any

from django.apps import AppConfig, apps

AFFILIATE_MANAGERS = "affiliate managers"
COMPLIANCE_REVIEWERS = "compliance reviewers"
PAYOUT_PREPARERS = "payout preparers"
PAYOUT_APPROVERS = "payout approvers"

# Whoever the affiliate is, and what they bring, each group has to be able to see.
_AFFILIATE_RIGHTS = [
    "affiliates.view_affiliate",
    "affiliates.view_channel",
    "affiliates.view_statuschange",
    "tracking.view_reports",
]
_MONEY_RIGHTS = [
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
        *_AFFILIATE_RIGHTS,
        "affiliates.change_affiliate",
        "affiliates.decide_application",
        "affiliates.decide_channel",
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
        *_AFFILIATE_RIGHTS,
        "agreements.view_acceptance",
        "agreements.view_agreementversion",
        "tracking.view_link",
        "tracking.view_coupon",
        "tracking.view_click",
        "tracking.view_clickloss",
        "tracking.view_order",
        "tracking.view_orderline",
        "payouts.view_commission",
        "payouts.view_commissionhold",
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
        *_AFFILIATE_RIGHTS,
        *_MONEY_RIGHTS,
        "payouts.add_adjustment",
        "payouts.submit_payoutbatch",
        "payouts.export_payoutbatch",
        "payouts.return_payout",
        "payouts.release_payouthold",
        "payouts.close_month",
        "shops.view_orderfile",
        "shops.import_orders",
        "tracking.view_order",
        "tracking.view_orderline",
        "shops.view_reject",
        "shops.change_reject",
    ],
    PAYOUT_APPROVERS: [
        *_AFFILIATE_RIGHTS,
        *_MONEY_RIGHTS,
        "payouts.approve_payoutbatch",
        "payouts.approve_adjustment",
        "payouts.release_payouthold",
    ],
}


def sync_groups(**_signal: Any) -> None:
    """Make the four groups and give each exactly its rights; a group of your own is left alone.

    Rights whose tables are not there yet, in the middle of a partial migration, follow with the next one.
    """
    from django.contrib.auth.models import Group, Permission

    existing = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for name, rights in GROUPS.items():
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.set(existing[right] for right in rights if right in existing)


def get_last_app() -> AppConfig:
    """The app whose post_migrate comes last: by then the permissions of all the others exist."""
    return [app for app in apps.get_app_configs() if app.models_module is not None][-1]
