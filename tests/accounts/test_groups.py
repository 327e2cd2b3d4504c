"""The predefined staff groups (accounts.groups)."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts import groups
from accounts.groups import (
    AFFILIATE_MANAGERS,
    COMPLIANCE_REVIEWERS,
    GROUPS,
    PAYOUT_APPROVERS,
    PAYOUT_PREPARERS,
)
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

ALL = set(GROUPS)
# The groups with each permission. Permissions without groups are reserved for superusers.
MATRIX = {
    "affiliates.view_affiliate": ALL,
    "affiliates.decide_application": {AFFILIATE_MANAGERS},
    "affiliates.decide_channel": {AFFILIATE_MANAGERS},
    "affiliates.change_affiliate": {AFFILIATE_MANAGERS},
    "tracking.add_coupon": {AFFILIATE_MANAGERS},
    "compliance.add_review": {COMPLIANCE_REVIEWERS},
    "compliance.decide_review": {COMPLIANCE_REVIEWERS},
    "compliance.suspend_affiliate": {COMPLIANCE_REVIEWERS},
    "payouts.add_adjustment": {PAYOUT_PREPARERS},
    "payouts.view_payoutdetails": {PAYOUT_PREPARERS, PAYOUT_APPROVERS},
    "payouts.view_statement": {PAYOUT_PREPARERS, PAYOUT_APPROVERS},
    "compliance.end_program": set(),
    "accounts.view_user": set(),
    "accounts.change_user": set(),
    "auth.change_group": set(),
    "accounts.add_apikey": set(),
    "accounts.change_apikey": set(),
    "agreements.add_agreementversion": set(),
    "agreements.change_agreementversion": set(),
    "agreements.change_program": set(),
    "audit.view_auditrecord": set(),
    "mail.view_message": set(),
}


@pytest.mark.parametrize("permission", MATRIX)
def test_permission_belongs_to_expected_groups(permission: str) -> None:
    assert {name for name in GROUPS if make_staff(name).has_perm(permission)} == MATRIX[permission]


def test_groups_have_only_existing_permissions() -> None:
    existing = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}
    assert {permission for permissions in GROUPS.values() for permission in permissions} - existing == set()


def test_groups_cannot_delete() -> None:
    assert not [permission for permissions in GROUPS.values() for permission in permissions if ".delete_" in permission]


def test_groups_cannot_change_money_or_history() -> None:
    final_models = (
        "ledgerentry",
        "ledgertransaction",
        "statement",
        "statementline",
        "close",
        "acceptance",
        "decline",
        "statuschange",
    )
    granted = {permission for permissions in GROUPS.values() for permission in permissions}
    assert not [
        permission for permission in granted if permission.endswith(final_models) and ".view_" not in permission
    ]


@pytest.mark.parametrize(
    ("proposes", "approves"),
    [
        ("payouts.submit_payoutbatch", "payouts.approve_payoutbatch"),
        ("payouts.add_adjustment", "payouts.approve_adjustment"),
    ],
)
def test_proposing_and_approving_money_are_separate_groups(proposes: str, approves: str) -> None:
    assert {name for name, permissions in GROUPS.items() if proposes in permissions} == {PAYOUT_PREPARERS}
    assert {name for name, permissions in GROUPS.items() if approves in permissions} == {PAYOUT_APPROVERS}


def test_sync_resets_predefined_groups_only() -> None:
    custom = Group.objects.create(name="custom")
    predefined = Group.objects.get(name=PAYOUT_APPROVERS)
    user_permissions = Permission.objects.filter(codename="change_user")
    custom.permissions.set(user_permissions)
    predefined.permissions.set(user_permissions)
    groups.sync_groups()
    assert custom.permissions.count() == 1
    assert predefined.permissions.count() == len(set(GROUPS[PAYOUT_APPROVERS]))
    assert not predefined.permissions.filter(codename="change_user").exists()
