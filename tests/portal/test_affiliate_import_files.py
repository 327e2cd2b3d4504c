"""Files of affiliates as spreadsheets write them: countries, several websites, payout methods that cannot be paid."""

import pytest

from affiliates.models import Affiliate, Channel
from payouts.errors import BadRows
from payouts.forms import DetailsForm
from portal.affiliate_import.import_file import read_affiliates, split_websites
from tests.portal.test_affiliate_import import EVE, HEADER, agreement, build_file, list_problems, run_import

__all__ = ["agreement"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"code;email;name;country\nR1;zo@example.org;Zo\xc3\xab;NL\n",
        b"code\temail\tname\tcountry\nR1\tzo@example.org\tZo\xc3\xab\tNL\n",
        b"code|email|name|country\nR1|zo@example.org|Zo\xc3\xab|NL\n",
        b"code,email,name,country\nR1,zo@example.org,Zo\xc3\xab,NL\n,,,\n\n",
        b"Code,Email,Name,Country\nR1,zo@example.org,Zo\xc3\xab,NL\n",
        b"sep=,\ncode,email,name,country\nR1,zo@example.org,Zo\xc3\xab,NL\n",
        b"\xef\xbb\xbfsep=;\r\nCountry; E-Mail ;NAME;affiliate_code\r\nnl;zo@example.org; Zo\xc3\xab ;R1\r\n;;;\r\n",
        "Code\tEmail address\tFull name\tCountry code\nR1\tzo@example.org\tZoë\tNLD\n".encode("utf-16"),
        b"phone,code,email,name,country,\n1,R1,zo@example.org,Zo\xc3\xab,The Netherlands,\n",
    ],
)
def test_file_as_a_spreadsheet_writes_it_stores_one_affiliate(content: bytes) -> None:
    assert run_import(content).affiliates == 1
    assert Affiliate.objects.values_list("code", "user__email", "name", "country").get() == (
        "R1", "zo@example.org", "Zoë", "NL",
    )  # fmt: skip


def test_columns_that_are_not_imported_are_named() -> None:
    file = read_affiliates(build_file(EVE + ",1,2", header=f"{HEADER},Phone,VAT id"), currency="USD")
    assert file.problems == []
    assert file.notes == ["Columns that are not imported: Phone, VAT id."]


@pytest.mark.parametrize(
    ("cell", "websites"),
    [
        ("a.example b.example", ["a.example", "b.example"]),
        ("a.example,b.example", ["a.example", "b.example"]),
        ("a.example; b.example;", ["a.example", "b.example"]),
        ("https://a.example/x\nhttps://b.example/y", ["https://a.example/x", "https://b.example/y"]),
        ("https://a.example/x,y;z", ["https://a.example/x,y;z"]),
        ("https://a.example/?q=1,2,https://b.example", ["https://a.example/?q=1,2", "https://b.example"]),
        ("a.example|b.example", ["a.example", "b.example"]),
        (" ,; ", []),
        ("", []),
    ],
)
def test_cell_is_divided_into_websites(cell: str, websites: list[str]) -> None:
    assert split_websites(cell) == websites


@pytest.mark.django_db
def test_every_website_becomes_a_channel_once() -> None:
    header = "code,email,name,country,Website,Website 2,website_3"
    row = 'R1,a@example.com,Ada,GB,"a.example; b.example/x https://A.example/",c.example,'
    assert run_import(build_file(row, header=header)).channels == 3
    assert sorted(Channel.objects.values_list("address", flat=True)) == [
        "https://a.example/", "https://b.example/x", "https://c.example/",
    ]  # fmt: skip
    assert set(Channel.objects.values_list("affiliate__code", "state")) == {("R1", "approved")}


def test_bad_website_and_too_many_websites_are_reported() -> None:
    many = " ".join(f"w{number}.example" for number in range(101))
    header = "code,email,name,country,website,website 2"
    rows = ["R1,a@example.com,Ada,GB,a.example,ftp://b.example", f"R2,b@example.com,Bob,GB,,{many}"]
    assert list_problems(build_file(*rows, header=header)) == [
        "line 2: website 2: Enter a web address that starts with http:// or https://.",
        "line 3: website 2: Enter at most 100 websites.",
    ]


@pytest.mark.parametrize(("currency", "problems"), [("USD", 1), ("GBP", 1), ("EUR", 0)])
def test_payout_method_that_the_program_cannot_pay_is_refused(currency: str, problems: int) -> None:
    content = build_file("R1,a@example.com,Ada,DE,,,SEPA,DE89 3704 0044 0532 0130 00")
    cause = f"SEPA transfers are in EUR only; this program pays in {currency}."
    file = read_affiliates(content, currency=currency)
    assert [str(problem) for problem in file.problems] == [f"line 2: payout_method: {cause}"] * problems


@pytest.mark.django_db
def test_method_of_another_currency_is_refused_by_the_import_and_not_offered_on_the_page(agreement: None) -> None:
    with pytest.raises(BadRows) as error:
        run_import(build_file(EVE, "R1,a@example.com,Ada,DE,,,sepa,DE89370400440532013000"))
    assert [str(problem).split(": ")[:2] for problem in error.value.problems] == [["line 3", "payout_method"]]
    assert not Affiliate.objects.exists()
    assert "sepa" not in str(DetailsForm()["method"])
    assert "bank" in str(DetailsForm()["method"])


def test_all_problems_of_all_rows_are_listed_with_line_and_field() -> None:
    rows = [
        "R 1,invalid,Ada,ZZ,,,,",
        "R2,b@example.com",
        "R3,c@example.com,Cy,GB,,,cash,x",
        "",
        "=1+1,d@example.com,,GB,,,,",
    ]
    assert [(problem.line, problem.field) for problem in read_affiliates(build_file(*rows), currency="USD").problems] == [
        (2, "code"), (2, "country"), (2, "email"), (3, ""), (4, "payout_method"), (6, "code"), (6, "name"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gb", "GB"), ("UK", "GB"), ("uk", "GB"), ("U.K.", "GB"), ("GBR", "GB"), ("gbr", "GB"), ("DEU", "DE"),
        ("United Kingdom", "GB"), ("great  britain", "GB"), ("germany", "DE"), ("Viet Nam", "VN"), ("Vietnam", "VN"),
        ("USA", "US"), ("U.S.A.", "US"), ("United States", "US"), ("The Netherlands", "NL"), ("EL", "GR"),
        # Neither code nor name: no country has these.
        ("XXX", ""), ("276", ""), ("ZZ", ""), ("G B", ""), ("\u216b", ""),
    ],
)  # fmt: skip
def test_country_is_accepted_as_code_or_english_name(text: str, code: str) -> None:
    file = read_affiliates(build_file(f"R1,a@example.com,Ada,{text},,,,"), currency="USD")
    assert file.rows[0].country == code
    assert [problem.field for problem in file.problems] == ([] if code else ["country"])
