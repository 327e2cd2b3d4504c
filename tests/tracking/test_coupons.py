"""Assignment of coupon codes to affiliates."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from affiliates.status_history import change_status
from audit.models import AuditRecord
from compliance.signals import abuse_reports
from tests.factories import NOW, make_affiliate, make_staff
from tests.scenarios import create_program, import_affiliates, parse_utc
from tracking.links import coupons
from tracking.models import Coupon

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def affiliate() -> Affiliate:
    return make_affiliate()


def test_coupon_is_assigned_from_date_or_first_acceptance(affiliate: Affiliate) -> None:
    staff = make_staff()
    dated = coupons.assign_coupon(affiliate=affiliate, code="SPRING-10", assigned_from=NOW, now=NOW, by=staff)
    undated = coupons.assign_coupon(affiliate=affiliate, code="R1850", assigned_from=None, now=NOW, by=staff)
    assert (dated.assigned_from, undated.assigned_from) == (NOW, None)
    records = AuditRecord.objects.filter(action="coupon assigned")
    assert {(record.after["code"], record.by_id) for record in records} == {
        ("SPRING-10", staff.pk),
        ("R1850", staff.pk),
    }


@pytest.mark.parametrize("code", ["", " ", "\u200b", "x" * 65, "a\x00b", "a\x07b", "a\ue000"])
def test_coupon_code_with_invalid_characters_is_rejected(affiliate: Affiliate, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        coupons.assign_coupon(affiliate=affiliate, code=code, assigned_from=NOW, now=NOW, by=None)
    assert list(caught.value.message_dict) == ["code"]


@pytest.mark.parametrize("assigned_from", [None, NOW - timedelta(days=9), LATER])
def test_coupon_code_is_assigned_to_one_affiliate_in_any_letter_case(affiliate: Affiliate, assigned_from: Any) -> None:
    coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=NOW, now=NOW, by=None)
    with pytest.raises(ValidationError, match=affiliate.code) as caught:
        coupons.assign_coupon(affiliate=make_affiliate(), code="sPRING", assigned_from=assigned_from, now=NOW, by=None)
    assert list(caught.value.message_dict) == ["code"]


def test_database_rejects_second_assignment_of_coupon_code(affiliate: Affiliate) -> None:
    coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=NOW, now=NOW, by=None)
    with pytest.raises(IntegrityError):
        Coupon.objects.create(affiliate=make_affiliate(), code="SPRING", assigned_from=None, created_at=NOW)


def test_coupon_can_be_reassigned_only_after_it_was_unassigned(affiliate: Affiliate) -> None:
    coupon = coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=NOW, now=NOW, by=None)
    coupons.unassign_coupon(coupon=coupon, now=LATER, by=make_staff(), reason="Moved")
    other = make_affiliate()
    for too_early in (NOW, LATER - timedelta(microseconds=1), None):
        with pytest.raises(ValidationError):
            coupons.assign_coupon(affiliate=other, code="SPRING", assigned_from=too_early, now=LATER, by=None)
    assert (
        coupons.assign_coupon(affiliate=other, code="SPRING", assigned_from=LATER, now=LATER, by=None).affiliate
        == other
    )
    assert AuditRecord.objects.get(action="coupon unassigned").reason == "Moved"


def test_coupon_cannot_be_unassigned_twice(affiliate: Affiliate) -> None:
    coupon = coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=None, now=NOW, by=None)
    coupons.unassign_coupon(coupon=coupon, now=LATER, by=None)
    with pytest.raises(IllegalTransition):
        coupons.unassign_coupon(coupon=Coupon.objects.get(), now=LATER, by=None)


def test_coupon_unassigned_before_its_start_never_applies(affiliate: Affiliate) -> None:
    coupon = coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=LATER, now=NOW, by=None)
    coupons.unassign_coupon(coupon=coupon, now=NOW, by=None)
    coupon.refresh_from_db()
    assert coupon.assigned_until == coupon.assigned_from == LATER


@pytest.mark.parametrize("state", [State.REJECTED, State.TERMINATED])
def test_rejected_or_terminated_affiliate_gets_no_coupon(state: State) -> None:
    with pytest.raises(ValidationError):
        coupons.assign_coupon(affiliate=make_affiliate(state=state), code="X", assigned_from=NOW, now=NOW, by=None)


def test_bulk_assignment_assigns_all_coupons_or_none(affiliate: Affiliate) -> None:
    many = [(affiliate, f"R{number:04}") for number in range(2000)]
    with pytest.raises(ValidationError, match="r0007"):
        coupons.assign_coupons(assignments=[*many, (affiliate, "r0007")], assigned_from=None, now=NOW, by=None)
    assert not Coupon.objects.exists()
    assert len(coupons.assign_coupons(assignments=many, assigned_from=None, now=NOW, by=None)) == 2000


@pytest.mark.parametrize("assigned_from", [NOW - timedelta(hours=1, microseconds=1), parse_utc("2011-01-01"), None])
def test_backdated_assignment_needs_reason(assigned_from: Any, tmp_path: Path) -> None:
    create_program("2026-01-01")
    affiliate = import_affiliates(["ANN"], tmp_path)["ANN"]
    fields: dict[str, Any] = {
        "affiliate": affiliate,
        "code": "Old",
        "assigned_from": assigned_from,
        "now": NOW,
        "by": make_staff(),
    }
    for empty in ("", " "):
        with pytest.raises(ValidationError, match="Enter a reason") as caught:
            coupons.assign_coupon(**fields, reason=empty)
        assert list(caught.value.message_dict) == ["reason"]
    coupons.assign_coupon(**fields, reason="Printed in their book of January.")
    record = AuditRecord.objects.get(action="coupon assigned", after__code="Old")
    assert record.reason == "Printed in their book of January."


def test_assignment_that_is_not_backdated_needs_no_reason(affiliate: Affiliate) -> None:
    staff = make_staff()
    for code, start in {"A": NOW - timedelta(hours=1), "B": NOW, "C": LATER}.items():
        assert (
            coupons.assign_coupon(affiliate=affiliate, code=code, assigned_from=start, now=NOW, by=staff).assigned_from
            == start
        )
    # The audit trail puts no words into anyone's mouth.
    reasons = AuditRecord.objects.filter(action="coupon assigned").values_list("reason", flat=True)
    assert set(reasons) == {"No reason was given."}


@pytest.mark.parametrize("text", ["10% OFF", " 10% off\u200b", "10%\xa0Off"], ids=ascii)
def test_reported_coupon_code_names_its_affiliate_in_any_spelling(affiliate: Affiliate, text: str) -> None:
    coupons.assign_coupon(affiliate=affiliate, code="10% OFF", assigned_from=NOW, now=NOW, by=None)
    assert abuse_reports.find_affiliate(text) == affiliate
    assert abuse_reports.find_affiliate("20% OFF") is None


def test_key_of_a_code_follows_the_code(affiliate: Affiliate) -> None:
    coupon = coupons.assign_coupon(affiliate=affiliate, code=" 10% OFF\u200b", assigned_from=NOW, now=NOW, by=None)
    assert (coupon.code, coupon.key) == ("10% OFF", "10% off")
    coupon.code = "ERASED"
    coupon.save()
    coupon.refresh_from_db()
    assert coupon.key == "erased"


def terminate(affiliate: Affiliate, at: datetime) -> None:
    change_status(affiliate=affiliate, to=State.TERMINATED, now=at, by=None)


def test_code_of_terminated_affiliate_can_be_assigned_from_the_termination_on(affiliate: Affiliate) -> None:
    old = coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=NOW, now=NOW, by=None)
    terminate(affiliate, LATER)
    other, staff = make_affiliate(), make_staff()
    with pytest.raises(ValidationError, match="Enter a later date"):
        coupons.assign_coupon(affiliate=other, code="spring", assigned_from=NOW, now=LATER, by=None)
    coupons.assign_coupon(affiliate=other, code="spring", assigned_from=LATER, now=LATER, by=staff)
    old.refresh_from_db()
    assert old.ends_at == old.assigned_until == LATER
    record = AuditRecord.objects.get(action="coupon unassigned")
    assert (record.by, record.reason) == (
        staff,
        "The affiliate was terminated, and the code is assigned to another affiliate.",
    )
    with pytest.raises(ValidationError, match="already assigned"):
        coupons.assign_coupon(affiliate=make_affiliate(), code="Spring", assigned_from=LATER, now=LATER, by=None)


def test_assignment_ends_when_it_is_ended_or_its_affiliate_is_terminated(affiliate: Affiliate) -> None:
    coupon = coupons.assign_coupon(affiliate=affiliate, code="Spring", assigned_from=NOW, now=NOW, by=None)
    ended = coupons.assign_coupon(affiliate=affiliate, code="Summer", assigned_from=NOW, now=NOW, by=None)
    coupons.unassign_coupon(coupon=ended, now=NOW + timedelta(hours=1), by=None)
    assert (coupon.ends_at, ended.ends_at) == (None, NOW + timedelta(hours=1))
    terminate(affiliate, LATER)
    found = {row.code: row.ends_at for row in Coupon.objects.select_related("affiliate")}
    assert found == {"Spring": LATER, "Summer": NOW + timedelta(hours=1)}


@pytest.mark.parametrize(("accepted", "is_free"), [("2026-02-01", True), ("2026-01-31", False)])
def test_import_takes_over_the_code_of_terminated_affiliate(tmp_path: Path, accepted: str, is_free: bool) -> None:
    create_program("2026-01-01")
    terminate(import_affiliates(["ANN"], tmp_path)["ANN"], parse_utc("2026-02-01"))
    file = tmp_path / "more.csv"
    file.write_text("code,email,name,country,coupon\nBEN,ben@example.com,Ben,GB,ann\n")
    arguments = ("import_affiliates", str(file), "--accepted-offline", accepted, "--evidence", "signed paper")
    if not is_free:
        with pytest.raises(CommandError, match="1 problems"):
            call_command(*arguments)
        return
    call_command(*arguments)
    rows = Coupon.objects.order_by("assigned_from").values_list("affiliate__code", "assigned_from", "assigned_until")
    end = parse_utc("2026-02-01")
    assert list(rows) == [("ANN", parse_utc("2026-01-02"), end), ("BEN", end, None)]
