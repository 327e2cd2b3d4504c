"""Where visits of a tracking link go: deep links, passed-on parameters and replaced click ids."""

from urllib.parse import quote, urlsplit

import pytest

from tracking.clicks.destinations import resolve_destination

TARGET = "https://shop.example/p?a=1#top"
HOSTS = frozenset({"shop.example", "www.shop.example", "dev.example:8080"})


def resolve(query: str, target: str = TARGET) -> str:
    return resolve_destination(query, target=target, hosts=HOSTS, click_id_parameter="click_id").address


def find_failure(query: str) -> str:
    return resolve_destination(query, target=TARGET, hosts=HOSTS, click_id_parameter="click_id").failed_deep_link


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # As copied from a browser, not encoded.
        ("to=https://shop.example/search?q=garden+hose", "https://shop.example/search?q=garden+hose"),
        ("to=https://shop.example/search?q=a%26b&c=d", "https://shop.example/search?q=a%26b&c=d"),
        ("to=https://shop.example/search?q=garden hose", "https://shop.example/search?q=garden%20hose"),
        ("to=https://shop.example/für?q=ñ", "https://shop.example/f%C3%BCr?q=%C3%B1"),
        ("to=https://shop.example/p?x=1&sub1=s", "https://shop.example/p?x=1"),
        # Encoded, wholly or partly.
        ("to=" + quote("https://shop.example/ü?q=1&r=2#f", safe=""), "https://shop.example/%C3%BC?q=1&r=2#f"),
        ("to=https://shop.example/p%3Fx%3D1%26y%3D2", "https://shop.example/p?x=1&y=2"),
        ("to=https%3A%2F%2Fshop.example%2Fsearch%3Fq%3Dgarden%2Bhose", "https://shop.example/search?q=garden+hose"),
        ("to=https%3A%2F%2Fshop.example%2Fgarden+hose", "https://shop.example/garden%20hose"),
        ("to=%20https%3A%2F%2Fshop.example%2Fgarden%20hose%0A", "https://shop.example/garden%20hose"),
        ("to=https%3A%2F%2Fshop.example%2Fa%C2%A0b%09c%E3%80%80d", "https://shop.example/a%C2%A0b%09c%E3%80%80d"),
        ("to=https%3A%2F%2Fshop.example%2F%22x%22%7Cy", "https://shop.example/%22x%22%7Cy"),
        ("to=https://shop.example/%DA%AF%E2%80%8C%D9%87", "https://shop.example/%DA%AF%E2%80%8C%D9%87"),
        ("to=%EF%BB%BFhttps%3A%2F%2Fshop.example%2Fx%E2%80%8B", "https://shop.example/x"),
        ("to=HTTPS://SHOP.example/Path", "HTTPS://SHOP.example/Path"),
        ("x=1&" * 60 + "to=https://www.shop.example/", "https://www.shop.example/?" + "&".join(["x=1"] * 60)),
    ],
)
def test_deep_link_leads_to_the_page_that_it_names(query: str, expected: str) -> None:
    assert resolve(query) == expected
    assert find_failure(query) == ""


def test_line_breaks_in_a_deep_link_are_encoded() -> None:
    address = resolve("to=https://shop.example/%0d%0aX:y")
    assert address == "https://shop.example/%0D%0AX:y"


@pytest.mark.parametrize(
    ("query", "sample"),
    [
        ("to=" + quote("//evil.example"), "//evil.example"),
        ("to=https://evil.example/p?email=a@b.example#x", "https://evil.example/p"),
        ("to=" + quote("https://shop.example@evil.example/"), "https://shop.example@evil.example/"),
        ("to=" + quote("https://shop.example\\.evil.example/"), "https://shop.example\\.evil.example/"),
        ("to=https://shop.example%20/", "https://shop.example /"),
        ("to=https%253A%252F%252Fshop.example%252F", "https%3A%2F%2Fshop.example%2F"),
        ("to=https://shop.example/x&to=https://shop.example/y", "https://shop.example/x"),
        ("to=/p/2", "/p/2"),
        ("to=javascript:alert(1)", "javascript:alert(1)"),
        ("to=", "to="),
        ("to", "to="),
        ("to=%00%0a", "to="),
        ("to=%ff%fe", "\ufffd\ufffd"),
        ("to=https://dev.example/", "https://dev.example/"),
        ("to=https://shop.example/" + "a" * 2000, "https://shop.example/" + "a" * 179),
    ],
)
def test_unusable_deep_link_leads_to_own_target_and_is_noted(query: str, sample: str) -> None:
    assert resolve(query) == TARGET
    assert find_failure(query) == sample


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("to=http://shop.example/x?y=1", "https://shop.example/x?y=1"),
        ("to=http://shop.example:80/x", "https://shop.example/x"),
        ("to=HTTP://SHOP.EXAMPLE", "https://shop.example"),
        ("to=http://dev.example:8080/x", "https://dev.example:8080/x"),
    ],
)
def test_deep_link_has_the_scheme_of_the_links_target(query: str, expected: str) -> None:
    assert resolve(query) == expected


def test_deep_link_of_a_link_without_https_keeps_its_scheme() -> None:
    assert resolve("to=http://shop.example/x", target="http://shop.example/") == "http://shop.example/x"
    assert resolve("to=https://shop.example/x", target="http://shop.example/") == "https://shop.example/x"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("to=https%3A%2F%2Fshop.example%2Fp%3Fclick_id%3DOLD", "https://shop.example/p"),
        ("to=https://shop.example/p?click_id=OLD", "https://shop.example/p"),
        (
            "to=https%3A%2F%2Fshop.example%2F%3Fx%3D1%26click_id%3DA%26y%3D2%26click_id%3DB",
            "https://shop.example/?x=1&y=2",
        ),
        ("to=https%3A%2F%2Fshop.example%2F%3FClick_ID%3DOLD%26click%255Fid%3DOLD%23f", "https://shop.example/#f"),
        ("click_id=OLD", TARGET),
        ("CLICK_ID=OLD&click%5Fid=OLD&%20click_id=OLD", TARGET),
    ],
)
def test_older_click_id_is_removed(query: str, expected: str) -> None:
    assert resolve(query) == expected
    assert find_failure(query) == ""


@pytest.mark.parametrize(
    ("query", "passed"),
    [
        ("utm_source=newsletter", "utm_source=newsletter"),
        ("b=2&c=3&b=1", "b=2&c=3&b=1"),
        ("a=2&b=3", "b=3"),
        ("%61=2", ""),
        ("A=2", "A=2"),
        ("sub1=x&sub5=y&sub6=z", "sub6=z"),
        ("flag&empty=&=x", "flag&empty=&=x"),
        ("&&x=1&&", "x=1"),
        ("q=a+b%20c%2Bd", "q=a+b%20c%2Bd"),
        ("bad=%zz%&x=%E0%A4", "bad=%zz%&x=%E0%A4"),
        ("latin=%FC&ü=日本", "latin=%FC&%C3%BC=%E6%97%A5%E6%9C%AC"),
        ('x="<>\x00\r\n\x7f\\^`{|}#', "x=%22%3C%3E%00%0D%0A%7F%5C%5E%60%7B%7C%7D%23"),
        ("x=\ufffd", "x=%EF%BF%BD"),
        ("list[]=1&list[]=2", "list[]=1&list[]=2"),
        ("long=" + "x" * 3000, "long=" + "x" * 3000),
    ],
)
def test_other_parameters_are_passed_on_unless_the_target_sets_them(query: str, passed: str) -> None:
    assert resolve(query) == (f"https://shop.example/p?a=1&{passed}#top" if passed else TARGET)


def test_deep_link_decides_which_parameters_it_sets() -> None:
    assert resolve("to=https%3A%2F%2Fshop.example%2F%3Fx%3D1&a=2&x=3") == "https://shop.example/?x=1&a=2"


def test_parameters_beyond_a_sensible_number_are_ignored() -> None:
    assert resolve("x=1&" * 5000).count("x=1") == 200


def test_sub_ids_are_decoded_and_cut() -> None:
    query = "sub1=news&sub3=%C3%BC&sub4=" + "x" * 200 + "&sub5=a%00b&sub1=second"
    destination = resolve_destination(query, target=TARGET, hosts=HOSTS, click_id_parameter="click_id")
    assert destination.sub_ids == ("news", "", "ü", "x" * 100, "ab")


def test_every_redirect_stays_on_a_permitted_host() -> None:
    for text in ("\\evil.example", "@evil.example", ".evil.example", ":80@evil.example", "%2eevil.example", "\tevil"):
        for query in (f"to=https://shop.example{text}", "to=" + quote(f"https://shop.example{text}", safe="")):
            assert urlsplit(resolve(query)).hostname == "shop.example"
