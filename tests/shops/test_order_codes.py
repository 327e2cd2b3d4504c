"""Coupon codes, click ids and categories of orders are read as people mean them, on every way in (specification 4)."""

import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from affiliates.models import Affiliate, State
from agreements.models import Program
from payouts.closing.replay import replay
from payouts.models import Commission
from shops import rejects
from shops.admin.reject_forms import build_reject_form
from shops.csv_import import files
from shops.models import OrderFile, Reject
from tests.factories import make_affiliate, make_staff
from tests.scenarios import NOW, build_order, close_months, import_affiliates, parse_utc, send_orders
from tests.shops.conftest import COMPLETED
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Coupon, Order, OrderSnapshot

pytestmark = pytest.mark.django_db
PLACED_AT = parse_utc("2026-01-10T12:00:00")


@pytest.fixture
def click_of_ben(shop, tmp_path) -> str:
    """A genuine click id on a link of the affiliate BEN, an hour before the orders."""
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    ben = import_affiliates(["BEN"], tmp_path)["BEN"]
    link = tracking_links.create_link(affiliate=ben, target="https://shop.example.com/", now=NOW, by=None)
    return click_ids.sign_click_id(link.pk, PLACED_AT - timedelta(hours=1))


def assign(code: str, affiliate: str = "ANN") -> Coupon:
    return coupons.assign_coupon(
        affiliate=Affiliate.objects.get(code=affiliate), code=code, assigned_from=PLACED_AT, now=NOW, by=None
    )


def get_credit(**order: Any) -> tuple[str | None, str | None, str | None]:
    """Send a new order of 100.00 in home-decor; return its affiliate, reason and commission."""
    [row] = send_orders(build_order("A1", **order))
    return row.affiliate, row.reason, row.commission


SPELLINGS = (
    "ANN ",
    " ann",
    "\tANN\r\n",
    "ANN\u200b",
    "\ufeffAnN",
    "A\xadNN",
    "\u200eANN\u200f",
    "\xa0ANN\u3000",
    "ANN\u2060",
)


@pytest.mark.parametrize("code", SPELLINGS, ids=ascii)
def test_coupon_is_found_whatever_surrounds_it(shop, code):
    assert get_credit(coupon=code) == ("ANN", "coupon", "5.00")
    assert Order.objects.get().coupon_code.upper() == "ANN"


def test_coupon_with_a_space_precedes_a_click_of_another_affiliate(shop, click_of_ben):
    assert get_credit(coupon="ANN ", click=click_of_ben) == ("ANN", "coupon", "5.00")


def test_unassigned_coupon_does_not_stand_in_the_way_of_a_click(shop, click_of_ben):
    assert get_credit(coupon="NOBODY", click=click_of_ben) == ("BEN", "click", "5.00")
    assert Order.objects.get().coupon_code == "NOBODY"


@pytest.mark.parametrize(
    ("assigned", "sent"),
    [
        ("10% OFF", "10% off"), ("10% OFF", "10%\xa0OFF"), ("ZO\xcb10", "zo\xeb10"), ("ZO\xcb10", "zoe\u030810"),
        ("STRASSE", "stra\xdfe"), ("<b>&'\"\\;{}", "<B>&'\"\\;{}"), ("夏10", "夏10"), ("🎉50", "🎉50\ufe0f"),
        ("x" * 64, "X" * 64),
    ],
)  # fmt: skip
def test_code_of_any_printable_characters_is_found(shop, assigned, sent):
    assign(assigned)
    assert get_credit(coupon=sent) == ("ANN", "coupon", "5.00")


@pytest.mark.parametrize("other", ["zo\xeb10", "ZOE\u030810", " ZO\xcb10\u200b"], ids=ascii)
def test_code_is_assigned_once_however_it_is_spelled(shop, other):
    assign("ZO\xcb10")
    with pytest.raises(Exception, match="ANN"):
        coupons.assign_coupon(affiliate=make_affiliate(), code=other, assigned_from=None, now=NOW, by=None)


def test_database_refuses_a_second_assignment_in_another_spelling(shop):
    assign("ZO\xcb10")
    with pytest.raises(Exception, match="unique_assigned_coupon_code"):
        Coupon.objects.bulk_create([Coupon(affiliate=make_affiliate(), code="zoe\u030810", created_at=NOW)])


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        (["NOBODY", "ANN"], "ANN"), (["ANN", "NOBODY"], "ANN"), (["BEN", "ANN"], "BEN"), ([" ann ", "BEN"], "ANN"),
        (["", "\u200b", "ANN"], "ANN"), (["N"] * 9 + ["ANN"], "ANN"), (["NOBODY", "NONE"], None),
    ],
)  # fmt: skip
def test_first_assigned_code_of_several_counts(shop, click_of_ben, sent, counts):
    affiliate, reason, commission = get_credit(coupons=sent)
    assert (affiliate, reason) == (counts, "coupon" if counts else "coupon_unknown")
    assert commission == ("5.00" if counts else "0.00")
    assert Order.objects.get().coupon_code.upper() == (counts or "NOBODY")
    assert shop.get("A1").json()["coupon"].upper() == (counts or "NOBODY")
    assert len(shop.get("A1").json()["coupons"]) == len([code for code in sent if code and code != "\u200b"])


def test_assignment_at_the_time_of_the_order_decides_which_code_counts(shop, click_of_ben):
    coupons.unassign_coupon(coupon=Coupon.objects.get(code="BEN"), now=PLACED_AT, by=None)
    assert get_credit(coupons=["BEN", "ANN"]) == ("ANN", "coupon", "5.00")


def test_second_code_does_not_replace_a_first_one_that_may_not_earn(shop, click_of_ben):
    make_affiliate(state=State.APPROVED)
    waiting = Affiliate.objects.exclude(code__in=["ANN", "BEN"]).get()
    coupons.assign_coupon(affiliate=waiting, code="WAITING", assigned_from=PLACED_AT, now=NOW, by=None)
    assert get_credit(coupons=["WAITING", "ANN"]) == (None, "not_active", "0.00")


@pytest.mark.parametrize(
    ("fields", "field", "cause"),
    [
        ({"coupon": "ANN", "coupons": ["BEN"]}, "coupons", "must not be sent together with coupon"),
        ({"coupons": ["X"] * 11}, "coupons", "must have at most 10 codes, not 11"),
        ({"coupons": "ANN"}, "coupons", "must be a list"),
        ({"coupons": {"code": "ANN"}}, "coupons", "must be a list"),
        ({"coupons": ["ANN", 7]}, "coupons[1]", "must be a string"),
        ({"coupons": ["ANN", ["BEN"]]}, "coupons[1]", "must be a string"),
        ({"coupons": ["x" * 65]}, "coupons[0]", "must have at most 64 characters"),
        ({"coupons": ["x" * 9_000]}, "coupons[0]", "must have at most 64 characters"),
        ({"coupons": ["A\0"]}, "coupons[0]", "contains a NUL character"),
        ({"coupons": ["\ud800"]}, "coupons[0]", "contains a lone surrogate"),
        ({"coupon": "A\x07NN"}, "coupon", "contains a character that cannot be printed"),
    ],
)
def test_bad_codes_are_refused_with_field_and_cause(shop, fields, field, cause):
    response = shop.put(json.dumps(build_order("A1", **fields)))
    error = response.json()["error"]
    assert (response.status_code, error["field"], error["message"]) == (422, field, cause)
    assert Reject.objects.get().field == field


@pytest.mark.parametrize("fields", [{"coupons": None}, {"coupons": []}, {"coupons": [""]}, {"coupon": " "}, {}])
def test_order_without_a_code_has_no_claim(shop, fields):
    assert get_credit(**fields) == (None, "no_claim", "0.00")


@pytest.mark.parametrize("fields", [{"coupon": "ANN", "coupons": None}, {"coupon": "ANN", "coupons": [""]}])
def test_empty_coupons_beside_a_coupon_are_ignored(shop, fields):
    assert get_credit(**fields) == ("ANN", "coupon", "5.00")


@pytest.mark.parametrize(
    "again",
    [{"coupon": "ANN"}, {"coupon": "ann\u200b "}, {"coupons": [" Ann"]}, {"coupons": ["", "ANN"], "coupon": ""}],
)
def test_snapshot_with_its_code_in_another_spelling_is_unchanged(shop, again):
    send_orders(build_order("A1", ("home-decor", "100.00"), coupon=" ANN"))
    [row] = send_orders(build_order("A1", (" Home-DECOR", "100.00"), **again))
    assert (row.outcome, row.affiliate) == ("unchanged", "ANN")
    assert OrderSnapshot.objects.count() == 1


@pytest.mark.parametrize("again", [{"coupon": "ANN2"}, {"coupons": ["ANN", "BEN"]}, {"coupons": ["BEN", "ANN"]}, {}])
def test_snapshot_with_other_codes_is_a_conflict(shop, again):
    send_orders(build_order("A1", coupon="ANN"))
    [row] = send_orders(build_order("A1", **again))
    assert row.outcome == "conflict"


@pytest.mark.parametrize("category", ["home-decor", "Home-Decor ", "HOME-DECOR\u200b", "\ufeffhome-decor"], ids=ascii)
def test_category_earns_its_rate_in_any_spelling(shop, category):
    [row] = send_orders(build_order("A1", (category, "100.00"), coupon="ANN"))
    assert row.commission == "5.00"
    assert Commission.objects.get().category == "home-decor"


def test_category_without_a_rate_is_one_category_in_any_spelling(shop):
    send_orders(build_order("A1", ("Garten & MÖBEL", "100.00"), ("garten & mo\u0308bel ", "100.00"), coupon="ANN"))
    assert set(Commission.objects.values_list("category", "rate")) == {("garten & möbel", Decimal("3.00"))}


@pytest.mark.parametrize("category", ["\u200b", " \xa0", "x" * 65, "ß" * 33])
def test_category_that_is_empty_or_long_as_read_is_refused(shop, category):
    [row] = send_orders(build_order("A1", (category, "1.00")))
    assert row.field == "lines[0].category"


def test_line_ids_that_differ_in_white_space_are_one_line(shop):
    order = build_order("A1", ("home-decor", "1.00"), ("home-decor", "2.00"))
    order["lines"][1]["line_id"] = " 1\u200b"
    assert send_orders(order)[0].reason == "lines[1].line_id: is used by another line of this order"


@pytest.mark.parametrize(
    "template",
    [
        "{}", " {}\n", "{}\u200b", "{}?utm_source=newsletter", "{}&gclid=Cj0KCQ", "{}#top", "click_id={}",
        "https://shop.example.com/p?a=1&click_id={}&utm_source=x", "https://shop.example.com/p?click_id={}#reviews",
        "https%3A%2F%2Fshop.example.com%2Fp%3Fclick_id%3D{}%26a%3D1",
        "https://login.example.com/?next=https%253A%252F%252Fshop.example.com%252F%253Fclick_id%253D{}%2526a%253D1",
    ],
)  # fmt: skip
def test_click_id_is_found_in_what_the_shop_sends(shop, click_of_ben, template):
    assert get_credit(click=template.format(click_of_ben)) == ("BEN", "click", "5.00")
    assert Order.objects.get().click_id == click_of_ben


@pytest.mark.parametrize("template", ["x{}", "{}x", "{}-", "https://shop.example.com/{}AAAA"])
def test_longer_token_is_no_click_id(shop, click_of_ben, template):
    assert get_credit(click=template.format(click_of_ben)) == (None, "click_not_genuine", "0.00")


def test_same_click_in_a_landing_url_is_unchanged(shop, click_of_ben):
    send_orders(build_order("A1", click=click_of_ben))
    [row] = send_orders(build_order("A1", click=f"https://shop.example.com/?click_id={click_of_ben}"))
    assert row.outcome == "unchanged"


def test_replay_of_a_month_with_several_and_misspelled_codes_finds_no_difference(shop, click_of_ben):
    facts = {"completed": COMPLETED["completed"], "at": COMPLETED["at"]}
    send_orders(build_order("A1", (" Home-Decor", "100.00"), coupons=["NOBODY", "ann "], **facts))
    send_orders(build_order("A2", coupon="ben\u200b", **facts), build_order("A3", click=f"{click_of_ben}?a", **facts))
    [_january, february] = close_months("2026-01", "2026-02")
    assert replay(february) == []


def test_reject_with_several_codes_is_corrected_in_its_form_and_resent(shop):
    order = build_order("A1", ("home-decor", "100.0"), coupon=None, coupons=["NOBODY", "ann "])
    send_orders(order)
    reject = Reject.objects.get()
    form = build_reject_form(reject.content)
    assert form["coupons"].value() == '["NOBODY", "ann "]'
    posted = {field.html_name: field.value() or "" for field in form} | {"lines[0].amount": "100.00"}
    posted = {name: value for name, value in posted.items() if value is not False}
    corrected = build_reject_form(reject.content, posted)
    assert corrected.is_valid()
    result = rejects.correct(reject=reject, text=corrected.to_json(), now=NOW, by=make_staff())
    assert (result.affiliate, result.commission) == ("ANN", "5.00")


def test_error_of_one_code_is_shown_beside_the_codes(shop):
    send_orders(build_order("A1", coupons=["ANN", 7]))
    form = build_reject_form(Reject.objects.get().content, {})
    assert form.is_valid()
    form.add_rejection("coupons[1]", "must be a string")
    assert form.errors == {"coupons": ["must be a string"]}


def test_file_with_codes_and_categories_in_any_spelling_is_imported(shop):
    clerk = make_staff("payout preparers")
    text = (
        "order_id,updated_at,status,placed_at,currency,coupons,line_id,category,quantity,amount,refunded\n"
        'A1,2026-01-10T12:00:00Z,paid,2026-01-10T12:00:00Z,USD,"NOBODY, ann\u200b",1,Home-DECOR,1,100.00,0.00\n'
    )
    file = files.store_file(name="orders.csv", content=io.BytesIO(text.encode()), now=NOW, by=clerk)
    files.match_columns(file=file, mapping=files.propose_mapping(file), now=NOW)
    file = OrderFile.objects.get()
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    assert Commission.objects.get().amount == Decimal("5.00")


def test_imported_affiliate_keeps_a_code_with_signs(shop, tmp_path):
    file = tmp_path / "affiliates.csv"
    file.write_text("code,email,name,country,coupon\nZOE,zoe@example.org,Zoe,GB, 10% OFF\u200b \n", encoding="utf-8")
    call_command("import_affiliates", str(file), "--accepted-offline", "2026-01-01", "--evidence", "paper")
    assert Coupon.objects.get(affiliate__code="ZOE").code == "10% OFF"
    assert get_credit(coupon="10% off")[0] == "ZOE"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coupon": "AN\nNA10"}, "coupon"),
        ({"coupon": "AN\tNA10"}, "coupon"),
        ({"coupons": ["ANN", None]}, "coupons[1]"),
    ],
)
def test_code_with_a_control_character_or_none_is_refused(shop, changes, field):
    [result] = send_orders(build_order("A1") | {"coupon": None} | changes)
    assert (result.outcome, result.field) == ("rejected", field)


@pytest.mark.parametrize("order_id", ["a" * 65, "t47\n", "t\u0663"], ids=ascii)
def test_result_names_a_refused_order_as_it_was_sent(shop, order_id):
    [result] = send_orders(build_order("A1") | {"order_id": order_id})
    assert result.to_public_dict()["order_id"] == order_id
