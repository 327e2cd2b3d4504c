"""Import of affiliates: the file and the stored rows."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError

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
from payouts.payout_details.methods import Account
from portal.affiliate_import.affiliate_import import ImportSummary, PaperAcceptance, import_affiliates, read_file
from portal.affiliate_import.import_file import read_affiliates
from tests.factories import make_affiliate, make_user
from tracking.links import coupons
from tracking.models import Coupon

NOW = datetime(2011, 5, 1, 12, 0, tzinfo=UTC)
EFFECTIVE = datetime(2010, 11, 1, tzinfo=UTC)
ACCEPTED = datetime(2010, 11, 2, tzinfo=UTC)
PAPER = PaperAcceptance(ACCEPTED, "signed paper, folder 3")

HEADER = "code,email,name,country,coupon,website,payout_method,payout_account"
ADA = "R0001,Ada@Example.com,Ada Lovelace,gb,ADA10,example.com/ada,paypal,pay@example.com"
BOB = "R0002,bob@example.com,Bob Müller,Germany,,,Bank transfer,DE89 3704 0044 0532 0130 00"
EVE = "R0003,eve@example.com,Eve,US,,,,"


def build_file(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def list_problems(content: bytes) -> list[str]:
    return [str(problem) for problem in read_affiliates(content, currency="EUR").problems]


def run_import(content: bytes, paper: PaperAcceptance | None = None) -> ImportSummary:
    return import_affiliates(file=read_file(content), paper=paper, now=NOW, by=None)


@pytest.fixture
def agreement(db: None) -> None:
    publish_seed_agreement(effective_at=EFFECTIVE, now=NOW, by=None)


# --- Stored rows ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_affiliates_are_stored_as_approved_with_all_columns() -> None:
    assert run_import(build_file(ADA, BOB, EVE)) == ImportSummary(affiliates=3, coupons=1, channels=1, payout_details=2)
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
    assert Affiliate.objects.get(code="R0002").country == "DE"
    assert not Acceptance.objects.exists()
    assert AuditRecord.objects.filter(action="affiliate approved").count() == 3
    change = StatusChange.objects.get(affiliate=ada)
    assert (change.before, change.after, change.at, change.recorded_at) == ("", "approved", NOW, NOW)


@pytest.mark.django_db
def test_payout_details_are_confirmed_by_retailer_without_hold() -> None:
    run_import(build_file(ADA, BOB))
    ada, bob = PayoutDetails.objects.order_by("affiliate__code")
    assert (ada.method, get_account(ada).account, ada.holder) == ("paypal", "pay@example.com", "Ada Lovelace")
    assert (bob.method, get_account(bob)) == ("bank", Account("DE89370400440532013000", "37040044", "DE"))
    for details in (ada, bob):
        assert details.confirmation == "retailer, at import"
        assert details.confirmed_at == details.usable_from == NOW


@pytest.mark.django_db
def test_offline_acceptance_makes_affiliates_active_from_its_date(agreement: None) -> None:
    run_import(build_file(ADA, EVE), PAPER)
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
def test_email_explains_how_to_set_password(agreement: None) -> None:
    run_import(build_file(ADA))
    run_import(build_file(EVE), PAPER)
    approved, active = Message.objects.filter(kind="account_imported").order_by("context__code")
    assert (approved.to, active.to) == ("ada@example.com", "eve@example.com")
    mail = render(kind="account_imported", context=approved.context)
    assert f"/invitation/{approved.context['invitation']}/" in mail.text
    assert "please read and accept the agreement" in mail.text
    assert "(See clause 1.3 of version 1.)" in mail.text
    text = render(kind="account_imported", context=active.context).text
    assert "signed agreement of 2 Nov 2010 is on record" in text
    assert "(See clause 1.4 of version 1.)" in text


@pytest.mark.django_db
def test_four_columns_in_any_order_are_enough() -> None:
    run_import(build_file("Ada,R0001,GB,ada@example.com", header="name,code,country,email"))
    assert Affiliate.objects.get().code == "R0001"


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_mark_line_ends_and_quotes_are_accepted(end: str) -> None:
    content = b"\xef\xbb\xbf" + build_file('R0001,ada@example.com,"Lovelace, Ada ""A""",GB,,,,', "").replace(
        b"\n", end.encode()
    )
    run_import(content)
    assert Affiliate.objects.get().name == 'Lovelace, Ada "A"'


# --- Rejected files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",a@example.com,Ada,GB,,,,", "code: This field is required."),
        ("R 1,a@example.com,Ada,GB,,,,", "code: Use only letters, digits, - and _."),
        (f"{'R' * 33},a@example.com,Ada,GB,,,,", "code: Ensure this value has at most 32 characters (it has 33)."),
        ("R1,,Ada,GB,,,,", "email: This field is required."),
        ("R1,invalid,Ada,GB,,,,", "email: Enter a valid email address."),
        ("R1,a@example.com,,GB,,,,", "name: This field is required."),
        (f"R1,a@example.com,{'x' * 201},GB,,,,", "name: Enter at most 200 characters."),
        ("R1,a@example.com,A\x07da,GB,,,,", "name: Remove line breaks and other control characters."),
        ("R1,a@example.com,Ada,,,,,", "country: This field is required."),
        (
            "R1,a@example.com,Ada,ZZ,,,,",
            "country: ZZ is not a country code of ISO 3166. Enter two letters, such as GB; see https://www.iso.org/obp/ui/.",
        ),
        (
            "R1,a@example.com,Ada,Atlantis,,,,",
            "country: Atlantis is not a country code of ISO 3166. Enter two letters, such as GB; see https://www.iso.org/obp/ui/.",
        ),
        ("R1,a@example.com,Ada,GB,TEN\x07X,,,", "coupon: Enter 1 to 64 printable characters."),
        (
            "R1,a@example.com,Ada,GB,,javascript:x,,",
            "website: Enter a web address that starts with http:// or https://.",
        ),
        (
            "R1,a@example.com,Ada,GB,,,paypal,",
            "payout_account: Enter both payout_method and payout_account, or neither.",
        ),
        (
            "R1,a@example.com,Ada,GB,,,,a@example.com",
            "payout_method: Enter both payout_method and payout_account, or neither.",
        ),
        ("R1,a@example.com,Ada,GB,,,cash,a@example.com", "payout_method: Choose one of: paypal, sepa, bank."),
        (
            "R1,a@example.com,Ada,GB",
            "This row has 4 cells, but there are 8 headings. The cell for “coupon” is missing.",
        ),
        (
            "R1,a@example.com,Ada,GB,,,,,x",
            "This row has 9 cells, but there are 8 headings. Column 9 has no heading: “x”.",
        ),
    ],
)
def test_invalid_row_is_reported_by_line_and_cause(row: str, problem: str) -> None:
    assert list_problems(build_file(EVE, row)) == [f"line 3: {problem}"]


BANK_HEADER = "code,email,name,country,method,Account number,Sort code,Bank country"


@pytest.mark.django_db
def test_bank_account_is_imported_from_three_columns() -> None:
    run_import(f"{BANK_HEADER}\nR1,a@example.com,Ada,Spain,bank,12345678,12-34-56,United Kingdom\n".encode())
    row = PayoutDetails.objects.get()
    assert get_account(row) == Account("12345678", "123456", "GB")
    assert (row.masked, row.country, row.is_abroad()) == ("GB •••• 5678", "GB", True)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("bank,12345678,12-34-5,GB", "payout_bank_code: Enter the sort code: 6 digits."),
        ("bank,12345678,12-34-56,", "payout_country: Choose the country of the account."),
        ("bank,12345678,12-34-56,Atlantis", "payout_country: Atlantis is not a country code of ISO 3166."),
        ("bank,1234,12-34-56,GB", "payout_account: Enter the account number: 6 to 8 digits"),
        (",,12-34-56,GB", "payout_method: Enter both payout_method and payout_account"),
    ],
)
def test_invalid_bank_account_is_reported_by_column(cells: str, problem: str) -> None:
    (found,) = list_problems(f"{BANK_HEADER}\nR1,a@example.com,Ada,ES,{cells}\n".encode())
    assert found.startswith(f"line 2: {problem}")


@pytest.mark.parametrize(
    ("method", "account"),
    [("paypal", "invalid"), ("sepa", "DE89370400440532013001"), ("bank", "DE89370400440532013001")],
)
def test_invalid_payout_account_is_reported(method: str, account: str) -> None:
    (problem,) = list_problems(build_file(f"R1,a@example.com,Ada,GB,,,{method},{account}"))
    field = "payout_country" if method == "bank" else "payout_account"
    assert problem.startswith(f"line 2: {field}: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["The file is empty."]),
        (build_file(), ["The file has headings but no rows below them."]),
        (
            build_file(EVE, header="phone,fax,x,y,z,u,v,w"),
            [f"line 1: {name}: There is no such column." for name in ("code", "email", "name", "country")],
        ),
        (build_file(header="code,email,name"), ["line 1: country: There is no such column."]),
        (build_file(header=f"{HEADER},email"), ["line 1: Two columns have the heading “email”."]),
        (
            build_file(header=f"{HEADER},Payout-Account"),
            ["line 1: Two columns have the same heading: “payout_account” and “Payout-Account”."],
        ),
        (
            build_file(EVE) + b"R1,\xff@example.com,Ada,GB,,,,\n",
            [
                "line 3: This is not UTF-8, so letters with accents would be wrong. In Excel, save the file as “CSV UTF-8”."
            ],
        ),
        (
            build_file(EVE) + b"R1,a@example.com,A\x00da,GB,,,,\n",
            ["line 3: There is a NUL character. Save the file as CSV in UTF-8, not as a workbook."],
        ),
        (build_file(EVE, 'R1,a@example.com,"Ada,GB,,,,', ""), ["line 3: This is not CSV: unexpected end of data."]),
    ],
)
def test_invalid_file_is_reported(content: bytes, expected: list[str]) -> None:
    assert list_problems(content) == expected


def test_problem_names_first_line_of_multiline_row() -> None:
    assert list_problems(build_file('R1,a@example.com,"two\nlines",GB,,,,', "", "R2,b@example.com,Bob,ZZ,,,,")) == [
        "line 5: country: ZZ is not a country code of ISO 3166. Enter two letters, such as GB; see https://www.iso.org/obp/ui/."
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("R0001,x@example.com,X,GB,,,,", "code: R0001 is already used on line 2."),
        ("R9,ADA@example.COM,X,GB,,,,", "email: ada@example.com is already used on line 2."),
        ("R9,x@example.com,X,GB,ada10,,,", "coupon: ada10 is already used on line 2."),
    ],
)
def test_duplicates_in_file_are_reported_ignoring_case(row: str, problem: str) -> None:
    assert list_problems(build_file(ADA, row)) == [f"line 3: {problem}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("known,x@example.com,X,GB,,,,", "code: known already exists."),
        ("R9,KNOWN@example.com,X,GB,,,,", "email: known@example.com already exists."),
        ("R9,staff@example.com,X,GB,,,,", "email: staff@example.com already exists."),
        ("R9,x@example.com,X,GB,KNOWN10,,,", "coupon: KNOWN10 already exists."),
    ],
)
def test_existing_values_are_reported(row: str, problem: str) -> None:
    make_user(email="staff@example.com")
    affiliate = make_affiliate(user=make_user(email="known@example.com"), at=NOW)
    Affiliate.objects.update(code="known")
    coupons.assign_coupon(affiliate=affiliate, code="known10", assigned_from=NOW, now=NOW, by=None)
    with pytest.raises(BadRows) as error:
        run_import(build_file(EVE, row))
    assert [str(each) for each in error.value.problems] == [f"line 3: {problem}"]


@pytest.mark.django_db
def test_nothing_is_stored_if_one_row_is_invalid() -> None:
    with pytest.raises(BadRows):
        run_import(build_file(ADA, BOB, "R3,invalid,Eve,ZZ,,,,"))
    for model in (User, Affiliate, Channel, Coupon, PayoutDetails, Message, StatusChange, AuditRecord, EmailAddress):
        assert not model.objects.exists(), model


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("paper", "field"),
    [
        (PaperAcceptance(EFFECTIVE - timedelta(microseconds=1), "x"), "accepted_offline"),
        (PaperAcceptance(NOW + timedelta(days=1), "x"), "accepted_offline"),
        (PaperAcceptance(ACCEPTED, "  "), "evidence"),
    ],
)
def test_invalid_date_or_missing_evidence_is_rejected(agreement: None, paper: PaperAcceptance, field: str) -> None:
    with pytest.raises(ValidationError) as error:
        run_import(build_file(ADA), paper)
    assert list(error.value.message_dict) == [field]
    assert not Affiliate.objects.exists()
