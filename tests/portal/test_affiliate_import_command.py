"""The command that imports affiliates."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from affiliates.models import Affiliate
from agreements.models import Acceptance
from agreements.seeding import publish_seed_agreement
from mail.models import Message
from tests.portal.test_affiliate_import import ADA, EFFECTIVE, EVE, NOW, agreement, build_file

__all__ = ["agreement"]


@pytest.mark.django_db
def test_command_prints_summary(tmp_path: Path, agreement: None) -> None:
    (tmp_path / "a.csv").write_bytes(build_file(ADA, EVE))
    out, err = StringIO(), StringIO()
    call_command(
        "import_affiliates",
        str(tmp_path / "a.csv"),
        accepted_offline="2010-11-02",
        evidence="folder 3",
        stdout=out,
        stderr=err,
    )
    assert out.getvalue() == "affiliates=2 coupons=1 channels=1 payout_details=1\n"
    assert err.getvalue() == ""
    assert set(Affiliate.objects.values_list("state", flat=True)) == {"active"}


@pytest.mark.django_db
def test_command_date_is_midnight_in_program_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("agreements.seed", fromlist=["TERMS"]).TERMS, "time_zone", "Europe/Berlin")
    publish_seed_agreement(effective_at=EFFECTIVE, now=NOW, by=None)
    (tmp_path / "a.csv").write_bytes(build_file(EVE))
    call_command(
        "import_affiliates", str(tmp_path / "a.csv"), accepted_offline="2010-11-02", evidence="x", stdout=StringIO()
    )
    assert Acceptance.objects.get().accepted_at == datetime(2010, 11, 1, 23, 0, tzinfo=UTC)
    assert Message.objects.get(kind="account_imported").context["accepted_on"] == "2 Nov 2010"


@pytest.mark.django_db
def test_command_lists_limited_number_of_problems(tmp_path: Path) -> None:
    rows = [f"R{number},invalid,Eve,GB,,,," for number in range(250)]
    (tmp_path / "a.csv").write_bytes(build_file(*rows))
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="nothing was stored; 250 problems") as error:
        call_command("import_affiliates", str(tmp_path / "a.csv"), stdout=out, stderr=err)
    assert error.value.returncode == 1
    lines = err.getvalue().splitlines()
    assert lines[0] == "line 2: email: Enter a valid email address."
    assert len(lines) == 201
    assert lines[-1] == "... and 50 more"
    assert out.getvalue() == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accepted_offline": "2010-11-02"}, "or neither"),
        ({"evidence": "x"}, "or neither"),
        ({"accepted_offline": "2010-11-02", "evidence": "x"}, "--accepted-offline: No agreement was in effect"),
    ],
)
def test_command_rejects_incomplete_options_and_date_without_agreement(
    tmp_path: Path, options: dict[str, str], message: str
) -> None:
    (tmp_path / "a.csv").write_bytes(build_file(EVE))
    with pytest.raises(CommandError, match=message):
        call_command("import_affiliates", str(tmp_path / "a.csv"), **options)
    assert not Affiliate.objects.exists()


def test_command_reports_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_affiliates", str(tmp_path / "no.csv"))


def test_command_reports_malformed_date(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"02\.11\.2010 is not a date"):
        call_command("import_affiliates", "x.csv", "--accepted-offline", "02.11.2010", "--evidence", "x")
