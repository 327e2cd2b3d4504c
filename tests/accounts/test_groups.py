"""The groups of staff that ship ..."""

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
# Who may do what; whatever is listed for nobody is for superusers alone.
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


@pytest.mark.parametrize("right", MATRIX)
def test_have_the_rights_of_the_matrix(right: str) -> None:
    assert {name for name in GROUPS if make_staff(name).has_perm(right)} == MATRIX[right]


def test_name_only_rights_that_exist() -> None:
    existing = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}
    assert {right for rights in GROUPS.values() for right in rights} - existing == set()


def test_can_delete_nothing() -> None:
    assert not [right for rights in GROUPS.values() for right in rights if ".delete_" in right]


def test_change_no_row_of_money_and_no_history() -> None:
    facts = ("ledgerentry", "ledgertransaction", "statement", "statementline", "close", "acceptance", "statuschange")
    granted = {right for rights in GROUPS.values() for right in rights}
    assert not [right for right in granted if right.endswith(facts) and ".view_" not in right]


@pytest.mark.parametrize(
    ("proposes", "approves"),
    [
        ("payouts.submit_payoutbatch", "payouts.approve_payoutbatch"),
        ("payouts.add_adjustment", "payouts.approve_adjustment"),
    ],
)
def test_keep_proposing_and_approving_money_apart(proposes: str, approves: str) -> None:
    assert {name for name, rights in GROUPS.items() if proposes in rights} == {PAYOUT_PREPARERS}
    assert {name for name, rights in GROUPS.items() if approves in rights} == {PAYOUT_APPROVERS}


def test_get_exactly_their_rights_back_and_leave_other_groups_alone() -> None:
    own = Group.objects.create(name="our own")
    shipped = Group.objects.get(name=PAYOUT_APPROVERS)
    user_rights = Permission.objects.filter(codename="change_user")
    own.permissions.set(user_rights)
    shipped.permissions.set(user_rights)
    groups.sync_groups()
    assert own.permissions.count() == 1
    assert shipped.permissions.count() == len(set(GROUPS[PAYOUT_APPROVERS]))
    assert not shipped.permissions.filter(codename="change_user").exists()
