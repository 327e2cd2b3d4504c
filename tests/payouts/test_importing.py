"""Importing affiliates ..."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import User
from affiliates.models import Affiliate, Channel, State, StatusChange
from affiliates.status_history import get_state_at
from agreements import chain
from agreements.applicable_version import get_applicable_version
from agreements.models import Acceptance
from agreements.seeding import publish_seed_agreement
from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from payouts.errors import BadRows
from payouts.models import PayoutDetails
from payouts.payout_details.details import get_account
from portal.affiliate_import.affiliate_import import ImportSummary, PaperAcceptance, import_affiliates
from portal.affiliate_import.import_file import read_rows
from tests.factories import make_affiliate, make_user
from tracking.links import coupons
from tracking.models import Coupon

NOW = datetime(2011, 5, 1, 12, 0, tzinfo=UTC)
FROM = datetime(2010, 11, 1, tzinfo=UTC)
ACCEPTED = datetime(2010, 11, 2, tzinfo=UTC)
PAPER = PaperAcceptance(ACCEPTED, "signed paper, folder 3")

HEADER = "code,email,name,country,coupon,website,payout_method,payout_account"
ADA = "R0001,Ada@Example.com,Ada Lovelace,gb,ADA10,example.com/ada,paypal,pay@example.com"
BOB = "R0002,bob@example.com,Bob Müller,Germany,,,sepa,DE89 3704 0044 0532 0130 00"
EVE = "R0003,eve@example.com,Eve,US,,,,"


def file(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def problems(content: bytes) -> list[str]:
    return [str(problem) for problem in read_rows(content)[1]]


def bring(content: bytes, paper: PaperAcceptance | None = None) -> ImportSummary:
    return import_affiliates(content=content, paper=paper, now=NOW, by=None)


@pytest.fixture
def agreement(db: None) -> None:
    publish_seed_agreement(effective_at=FROM, now=NOW, by=None)


# --- What is stored ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_brings_each_over_as_approved_with_all_that_the_file_says() -> None:
    assert bring(file(ADA, BOB, EVE)) == ImportSummary(affiliates=3, coupons=1, channels=1, payout_details=2)
    ada = Affiliate.objects.get(code="R0001")
    assert (ada.name, ada.country, ada.state, ada.email) == ("Ada Lovelace", "GB", State.APPROVED, "ada@example.com")
    assert not ada.user.has_usable_password()
    assert EmailAddress.objects.get(user=ada.user, primary=True).verified
    assert Channel.objects.values_list("kind", "address", "state").get() == (
        "website",
        "https://example.com/ada",
        "approved",
    )
    assert Coupon.objects.values_list("affiliate__code", "code", "assigned_from").get() == ("R0001", "ADA10", None)
    assert Affiliate.objects.get(code="R0002").country == "Germany"
    assert not Acceptance.objects.exists()
    assert AuditRecord.objects.filter(action="affiliate approved").count() == 3
    change = StatusChange.objects.get(affiliate=ada)
    assert (change.before, change.after, change.at, change.recorded_at) == ("", "approved", NOW, NOW)


@pytest.mark.django_db
def test_confirms_payout_details_by_the_retailer_without_a_hold() -> None:
    bring(file(ADA, BOB))
    ada, bob = PayoutDetails.objects.order_by("affiliate__code")
    assert (ada.method, get_account(ada), ada.holder) == ("paypal", "pay@example.com", "Ada Lovelace")
    assert (bob.method, get_account(bob)) == ("sepa", "DE89370400440532013000")
    for details in (ada, bob):
        assert details.confirmation == "retailer, at import"
        assert details.confirmed_at == details.usable_from == NOW


@pytest.mark.django_db
def test_makes_active_from_the_date_on_the_paper_whoever_signed_one(agreement: None) -> None:
    bring(file(ADA, EVE), PAPER)
    ada = Affiliate.objects.get(code="R0001")
    assert (ada.state, ada.state_since) == (State.ACTIVE, ACCEPTED)
    changes = list(StatusChange.objects.filter(affiliate=ada))
    assert [change.after for change in changes] == ["approved", "active"]
    assert get_state_at(changes, ACCEPTED) == State.ACTIVE
    assert get_state_at(changes, ACCEPTED - timedelta(microseconds=1)) == State.APPROVED
    record = Acceptance.objects.get(affiliate=ada)
    assert (record.method, record.accepted_at, record.recorded_at) == ("offline", ACCEPTED, NOW)
    assert (record.box_ticked, record.person.evidence) == (False, "signed paper, folder 3")
    assert get_applicable_version(ada.pk, at=ACCEPTED)[0] == record.agreement
    assert get_applicable_version(ada.pk, at=ACCEPTED - timedelta(microseconds=1))[0] is None
    assert Coupon.objects.get().assigned_from == ACCEPTED
    assert PayoutDetails.objects.get().confirmed_at == ACCEPTED
    assert chain.verify_chain() == (2, "")


@pytest.mark.django_db
def test_writes_to_each_how_to_set_a_password(agreement: None) -> None:
    bring(file(ADA))
    bring(file(EVE), PAPER)
    approved, active = Message.objects.filter(kind="account_imported").order_by("context__code")
    assert (approved.to, active.to) == ("ada@example.com", "eve@example.com")
    mail = render(kind="account_imported", context=approved.context)
    assert "/accounts/password/reset/" in mail.text
    assert "asked to read and accept the agreement" in mail.text
    assert "signed agreement of 2010-11-02 is on record" in render(kind="account_imported", context=active.context).text


@pytest.mark.django_db
def test_needs_no_column_but_the_first_four_and_takes_them_in_any_order() -> None:
    bring(file("Ada,R0001,GB,ada@example.com", header="name,code,country,email"))
    assert Affiliate.objects.get().code == "R0001"


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_takes_a_byte_order_mark_and_any_line_ends_and_quotes(end: str) -> None:
    content = b"\xef\xbb\xbf" + file('R0001,ada@example.com,"Lovelace, Ada ""A""",GB,,,,', "").replace(
        b"\n", end.encode()
    )
    bring(content)
    assert Affiliate.objects.get().name == 'Lovelace, Ada "A"'


# --- What is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",a@example.com,Ada,GB,,,,", "code: this is required."),
        ("R 1,a@example.com,Ada,GB,,,,", "code: Letters, digits, - and _ only."),
        (f"{'R' * 33},a@example.com,Ada,GB,,,,", "code: Ensure this value has at most 32 characters (it has 33)."),
        ("R1,,Ada,GB,,,,", "email: this is required."),
        ("R1,nobody,Ada,GB,,,,", "email: Enter a valid email address."),
        ("R1,a@example.com,,GB,,,,", "name: this is required."),
        (f"R1,a@example.com,{'x' * 201},GB,,,,", "name: At most 200 characters."),
        ("R1,a@example.com,A\x07da,GB,,,,", "name: Control characters are not allowed."),
        ("R1,a@example.com,Ada,,,,,", "country: this is required."),
        ("R1,a@example.com,Ada,ZZ,,,,", "country: ZZ is not the code of a country."),
        (f"R1,a@example.com,Ada,{'x' * 61},,,,", "country: At most 60 characters."),
        ("R1,a@example.com,Ada,GB,TEN %,,,", "coupon: Enter a valid value."),
        (
            "R1,a@example.com,Ada,GB,,javascript:x,,",
            "website: Enter a web address that begins with http:// or https://.",
        ),
        (
            "R1,a@example.com,Ada,GB,,,paypal,",
            "payout_account: payout_method and payout_account go together: give both or neither.",
        ),
        (
            "R1,a@example.com,Ada,GB,,,,a@example.com",
            "payout_account: payout_method and payout_account go together: give both or neither.",
        ),
        ("R1,a@example.com,Ada,GB,,,cash,a@example.com", "payout_account: Choose one of: paypal, sepa, bank."),
        ("R1,a@example.com,Ada,GB", "This row has 4 cells, but there are 8 headings."),
        ("R1,a@example.com,Ada,GB,,,,,", "This row has 9 cells, but there are 8 headings."),
    ],
)
def test_refuses_a_bad_row_by_line_and_cause(row: str, said: str) -> None:
    assert problems(file(EVE, row)) == [f"line 3: {said}"]


@pytest.mark.parametrize(
    ("method", "account"), [("paypal", "nobody"), ("sepa", "DE89370400440532013001"), ("bank", "=1+1")]
)
def test_refuses_an_account_that_cannot_be(method: str, account: str) -> None:
    (problem,) = problems(file(f"R1,a@example.com,Ada,GB,,,{method},{account}"))
    assert problem.startswith("line 2: payout_account: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"",
            [
                "line 1: The column code is missing.",
                "line 1: The column email is missing.",
                "line 1: The column name is missing.",
                "line 1: The column country is missing.",
            ],
        ),
        (file(header="code,email,name"), ["line 1: The column country is missing."]),
        (file(header=f"{HEADER},email"), ["line 1: The column email is there twice."]),
        (
            file(header=f"{HEADER},phone"),
            [f"line 1: Unknown column “phone”; known are {HEADER.replace(',', ', ')}."],
        ),
        (file(EVE) + b"R1,\xff@example.com,Ada,GB,,,,\n", ["line 3: This is not UTF-8. Save the file as CSV in UTF-8."]),
        (file(EVE) + b"R1,a@example.com,A\x00da,GB,,,,\n", ["line 3: There is a NUL character. Save the file as CSV in UTF-8, not as a workbook or in UTF-16."]),
        (file(EVE, 'R1,a@example.com,"Ada,GB,,,,', ""), ["line 3: This is not CSV: unexpected end of data."]),
    ],
)
def test_refuses_what_is_no_such_file(content: bytes, said: list[str]) -> None:
    assert problems(content) == said


def test_names_the_line_on_which_a_row_begins_though_a_field_has_several() -> None:
    assert problems(file('R1,a@example.com,"two\nlines",GB,,,,', "", "R2,b@example.com,Bob,ZZ,,,,")) == [
        "line 5: country: ZZ is not the code of a country."
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("R0001,x@example.com,X,GB,,,,", "code: R0001 is on line 2 already."),
        ("R9,ADA@example.COM,X,GB,,,,", "email: ada@example.com is on line 2 already."),
        ("R9,x@example.com,X,GB,ada10,,,", "coupon: ada10 is on line 2 already."),
    ],
)
def test_refuses_what_is_in_the_file_twice_without_regard_to_case(row: str, said: str) -> None:
    assert problems(file(ADA, row)) == [f"line 3: {said}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("known,x@example.com,X,GB,,,,", "code: known is known already."),
        ("R9,KNOWN@example.com,X,GB,,,,", "email: known@example.com is known already."),
        ("R9,staff@example.com,X,GB,,,,", "email: staff@example.com is known already."),
        ("R9,x@example.com,X,GB,KNOWN10,,,", "coupon: KNOWN10 is known already."),
    ],
)
def test_refuses_what_is_another_affiliates(row: str, said: str) -> None:
    make_user(email="staff@example.com")
    affiliate = make_affiliate(user=make_user(email="known@example.com"), at=NOW)
    Affiliate.objects.update(code="known")
    coupons.assign_coupon(affiliate=affiliate, code="known10", assigned_from=NOW, now=NOW, by=None)
    with pytest.raises(BadRows) as refusal:
        bring(file(EVE, row))
    assert [str(problem) for problem in refusal.value.problems] == [f"line 3: {said}"]


@pytest.mark.django_db
def test_stores_nothing_of_a_file_with_one_bad_row() -> None:
    with pytest.raises(BadRows):
        bring(file(ADA, BOB, "R3,nobody,Eve,ZZ,,,,"))
    for model in (User, Affiliate, Channel, Coupon, PayoutDetails, Message, StatusChange, AuditRecord, EmailAddress):
        assert not model.objects.exists(), model


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("paper", "field"),
    [
        (PaperAcceptance(FROM - timedelta(microseconds=1), "x"), "accepted_offline"),
        (PaperAcceptance(NOW + timedelta(days=1), "x"), "accepted_offline"),
        (PaperAcceptance(ACCEPTED, "  "), "evidence"),
    ],
)
def test_refuses_a_date_without_an_agreement_or_in_the_future_and_paper_without_evidence(
    agreement: None, paper: PaperAcceptance, field: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        bring(file(ADA), paper)
    assert list(refusal.value.message_dict) == [field]
    assert not Affiliate.objects.exists()


# --- The command ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_says_in_one_line_what_it_stored(tmp_path: Path, agreement: None) -> None:
    (tmp_path / "a.csv").write_bytes(file(ADA, EVE))
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
def test_takes_the_date_as_midnight_in_the_programs_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("agreements.seed", fromlist=["TERMS"]).TERMS, "time_zone", "Europe/Berlin")
    publish_seed_agreement(effective_at=FROM, now=NOW, by=None)
    (tmp_path / "a.csv").write_bytes(file(EVE))
    call_command(
        "import_affiliates", str(tmp_path / "a.csv"), accepted_offline="2010-11-02", evidence="x", stdout=StringIO()
    )
    assert Acceptance.objects.get().accepted_at == datetime(2010, 11, 1, 23, 0, tzinfo=UTC)
    assert Message.objects.get(kind="account_imported").context["accepted_on"] == "2010-11-02"


@pytest.mark.django_db
def test_lists_every_bad_row_on_standard_error_up_to_a_cap_with_their_number(tmp_path: Path) -> None:
    rows = [f"R{number},nobody,Eve,GB,,,," for number in range(250)]
    (tmp_path / "a.csv").write_bytes(file(*rows))
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="nothing was stored; 250 problems") as refusal:
        call_command("import_affiliates", str(tmp_path / "a.csv"), stdout=out, stderr=err)
    assert refusal.value.returncode == 1
    lines = err.getvalue().splitlines()
    assert lines[0] == "line 2: email: Enter a valid email address."
    assert len(lines) == 201
    assert lines[-1] == "... and 50 more"
    assert out.getvalue() == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"accepted_offline": "2010-11-02"}, "go together"),
        ({"evidence": "x"}, "go together"),
        ({"accepted_offline": "2010-11-02", "evidence": "x"}, "--accepted-offline: No agreement was in effect"),
    ],
)
def test_refuses_half_of_the_options_and_a_date_before_any_agreement(
    tmp_path: Path, options: dict[str, str], said: str
) -> None:
    (tmp_path / "a.csv").write_bytes(file(EVE))
    with pytest.raises(CommandError, match=said):
        call_command("import_affiliates", str(tmp_path / "a.csv"), **options)
    assert not Affiliate.objects.exists()


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_affiliates", str(tmp_path / "no.csv"))


def test_names_a_date_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"02\.11\.2010 is no date"):
        call_command("import_affiliates", "x.csv", "--accepted-offline", "02.11.2010", "--evidence", "x")
