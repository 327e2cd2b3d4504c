"""The order exports of Shopify and WooCommerce, read by their presets."""

import pytest

from lib.csv_columns import detect_preset, guess_mapping
from shops.csv_import import files
from shops.csv_import.columns import LAYOUT
from shops.csv_import.order_cells import OrderReading
from shops.models import Reject
from tests.scenarios import NOW, import_affiliates
from tests.shops.order_files import import_file, upload, upload_and_preview
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db

SHOPIFY = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Created at",
    "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem discount", "Shipping Country",
    "Note Attributes", "Cancelled at", "Refunded Amount", "Vendor", "Id",
)  # fmt: skip
PLACED = "2026-11-20 12:00:00 +0100"
FIRST = {
    "Name": "#1001", "Email": "canary@example.org", "Financial Status": "paid", "Paid at": PLACED,
    "Fulfillment Status": "unfulfilled", "Currency": "USD", "Subtotal": "45.00", "Shipping": "5.00", "Taxes": "4.50",
    "Total": "54.50", "Discount Code": "ANN", "Discount Amount": "5.00", "Created at": PLACED,
    "Lineitem quantity": "2", "Lineitem name": "Lantern", "Lineitem price": "20.00", "Lineitem sku": "L-1",
    "Lineitem discount": "0.00", "Shipping Country": "DE", "Refunded Amount": "0.00", "Vendor": "Lights", "Id": "77",
}  # fmt: skip
SECOND = {
    "Name": "#1001", "Email": "canary@example.org", "Lineitem quantity": "1", "Lineitem name": "Bulb",
    "Lineitem price": "10.00", "Lineitem sku": "B-1", "Lineitem discount": "0.00", "Vendor": "Lights",
}  # fmt: skip
WOOCOMMERCE = {
    "order_id": "727", "order_number": "727", "date": "2026-11-20 12:00:00", "status": "completed",
    "shipping_total": "5.00", "tax_total": "4.50", "order_total": "54.50", "refunded_total": "0",
    "order_currency": "USD", "customer_id": "0", "billing_email": "canary@example.org", "billing_country": "GB",
    "item_id": "11", "item_name": "Lantern", "item_sku": "L-1", "item_quantity": "2", "item_subtotal": "40",
    "item_total": "36", "item_refunded": "0", "coupon_items": "code:ANN|description:|amount:5.00",
}  # fmt: skip


def build_export(headings, *rows, delimiter=","):
    cells = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
    return "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in [*cells, []]).encode()


def read_lines(order_id="1001"):
    content = OrderSnapshot.objects.filter(order_id=order_id).latest("sequence").content
    return [(line["line_id"], line["amount"], line["refunded"]) for line in content["lines"]]


def test_shopify_export_is_recognized_and_its_name_is_the_order():
    mapping = guess_mapping(LAYOUT, SHOPIFY)
    assert mapping.preset is not None
    assert mapping.preset.name == "shopify"
    assert mapping.columns["order_id"] == SHOPIFY.index("Name")
    assert mapping.columns["title"] == SHOPIFY.index("Lineitem name")


def test_shopify_export_becomes_one_order_with_discount_spread_over_its_lines(clerk, tmp_path):
    affiliates = import_affiliates(["ANN"], tmp_path)
    file = import_file(clerk, build_export(SHOPIFY, FIRST, SECOND))
    assert file.outcomes == {"created": 1}
    content = OrderSnapshot.objects.get(order_id="1001").content
    assert (content["status"], content["completed_at"], content["coupons"]) == ("paid", None, ["ann"])
    assert (content["placed_at"], content["customer"]["country"]) == ("2026-11-20T11:00:00Z", "DE")
    assert {line["category"] for line in content["lines"]} == {"everything-else"}
    assert [line["quantity"] for line in content["lines"]] == [2, 1]
    # 45.00 is what is left of 2 x 20.00 + 10.00: 36.00 and 9.00. At 3.00 %: 1.08 + 0.27.
    assert read_lines() == [("1", "36.00", "0.00"), ("2", "9.00", "0.00")]
    order = Order.objects.get()
    assert order.affiliate == affiliates["ANN"]
    assert sorted(str(line.commission.amount) for line in order.lines.all()) == ["0.27", "1.08"]
    assert file.notes[0] == "Read as: order export of Shopify."
    assert "There is no column for category: the category for everything else is taken." in file.notes
    assert any(note.startswith("Columns that are not imported: Paid at, ") and "Vendor" in note for note in file.notes)


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        # A fifth of 54.50 is refunded: 9.00 of the goods, 7.20 and 1.80.
        ({"Refunded Amount": "10.90", "Financial Status": "partially_refunded"}, (("36.00", "7.20"), ("9.00", "1.80"))),
        ({"Refunded Amount": "54.50", "Financial Status": "refunded"}, (("36.00", "36.00"), ("9.00", "9.00"))),
        ({"Refunded Amount": "", "Financial Status": "refunded"}, (("36.00", "36.00"), ("9.00", "9.00"))),
        # Prices with tax: 50.00 holds 8.00 of it, so the goods are 42.00: 33.60 and 8.40.
        (
            {"Subtotal": "50.00", "Shipping": "0", "Taxes": "8.00", "Total": "50.00"},
            (("33.60", "0.00"), ("8.40", "0.00")),
        ),
        # With commas, as a German Excel saves the file.
        (
            {"Subtotal": "45,00", "Shipping": "5", "Taxes": "4,5", "Total": "54,50", "Lineitem price": "20,00"},
            (("36.00", "0.00"), ("9.00", "0.00")),
        ),
    ],
)
def test_shopify_refunds_and_taxes_are_spread(clerk, changed, lines):
    import_file(clerk, build_export(SHOPIFY, FIRST | changed, SECOND, delimiter=";"))
    assert tuple(line[1:] for line in read_lines()) == lines


@pytest.mark.parametrize(
    ("changed", "status", "completed"),
    [
        ({}, "paid", None),
        ({"Fulfillment Status": "partial"}, "paid", None),
        (
            {"Fulfillment Status": "fulfilled", "Fulfilled at": "2026-11-21 09:00:00 +0100"},
            "completed",
            "2026-11-21T08:00:00Z",
        ),
        ({"Cancelled at": "2026-11-21 09:00:00 +0100"}, "cancelled", None),
        ({"Financial Status": "refunded"}, "paid", None),
    ],
)
def test_shopify_status_comes_from_payment_fulfillment_and_cancellation(clerk, changed, status, completed):
    import_file(clerk, build_export(SHOPIFY, FIRST | changed, SECOND))
    content = OrderSnapshot.objects.get().content
    assert (content["status"], content["completed_at"]) == (status, completed)


@pytest.mark.parametrize("word", ["pending", "authorized", "voided", "expired"])
def test_unpaid_orders_are_left_out_and_named(clerk, word):
    unpaid = FIRST | {"Name": "#1002", "Financial Status": word}
    file = import_file(clerk, build_export(SHOPIFY, FIRST, SECOND, unpaid))
    assert (file.outcomes, file.orders) == ({"created": 1}, 1)
    assert "1 order that is not paid is left out: 1002." in file.notes


def test_order_name_that_is_blank_on_further_lines_continues_the_order(clerk):
    file = import_file(clerk, build_export(SHOPIFY, FIRST, SECOND | {"Name": "", "Email": ""}))
    assert file.outcomes == {"created": 1}
    assert len(read_lines()) == 2


def test_click_id_is_read_from_the_note_attributes(clerk):
    note = FIRST | {"Note Attributes": "gift: yes\nclick_id: abc.def"}
    import_file(clerk, build_export(SHOPIFY, note, SECOND))
    assert OrderSnapshot.objects.get().content["click_id"] == "abc.def"


def test_contradicting_and_unreadable_cells_are_rejected_and_cannot_be_resent_with_wrong_amounts(clerk):
    other = FIRST | {"Name": "#1002", "Subtotal": "1,234"}
    file = upload_and_preview(
        clerk, build_export(SHOPIFY, FIRST, SECOND | {"Financial Status": "pending"}, other | {"Lineitem price": "4"})
    )
    causes = {reject.order_id: (reject.row, reject.heading, reject.cause) for reject in file.rejects.all()}
    assert causes["1001"][:2] == (3, "Financial Status")
    assert causes["1002"][:2] == (4, "Subtotal")
    assert "may be 1234 or 1.234" in causes["1002"][2]
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    [content] = [reject.content for reject in Reject.objects.all() if '"1002"' in reject.content]
    assert '"amount": "1,234"' in content


def test_customer_email_is_stored_only_as_a_hash(clerk):
    file = upload_and_preview(clerk, build_export(SHOPIFY, FIRST, SECOND | {"Financial Status": "pending"}))
    assert b"canary" not in bytes(file.content or b"")
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    stored = [
        *OrderSnapshot.objects.values_list("content", flat=True),
        *(reject.content for reject in Reject.objects.all()),
    ]
    assert "canary" not in str(stored) + str(file.notes)


def test_woocommerce_export_is_read_with_one_row_per_item(clerk):
    second = WOOCOMMERCE | {"item_id": "12", "item_name": "Bulb", "item_total": "9", "item_quantity": "1"}
    content = build_export(tuple(WOOCOMMERCE), WOOCOMMERCE, second)
    file = import_file(clerk, content)
    assert file.outcomes == {"created": 1}
    assert file.preset == "woocommerce"
    stored = OrderSnapshot.objects.get().content
    assert (stored["order_id"], stored["status"], stored["coupons"]) == ("727", "completed", ["ann"])
    # The file does not say when: at the latest when it was uploaded.
    assert stored["completed_at"] == stored["updated_at"] == "2026-11-22T12:00:00Z"
    assert read_lines("727") == [("11", "36.00", "0.00"), ("12", "9.00", "0.00")]
    assert "Times without an offset are read in the program's time zone, UTC." in file.notes


@pytest.mark.parametrize(
    ("changed", "refunds"),
    [
        ({"item_refunded": "7.20", "refunded_total": "8"}, ["7.20", "0.00"]),
        # A refund without items: 10.90 of 54.50, so 9.00 of the goods.
        ({"refunded_total": "10.90"}, ["7.20", "1.80"]),
        ({"status": "refunded"}, ["36.00", "9.00"]),
    ],
)
def test_woocommerce_refunds_are_those_of_the_items_or_spread(clerk, changed, refunds):
    order_changes = {name: text for name, text in changed.items() if name != "item_refunded"}
    second = WOOCOMMERCE | order_changes | {"item_id": "12", "item_total": "9", "item_refunded": "0"}
    import_file(clerk, build_export(tuple(WOOCOMMERCE), WOOCOMMERCE | changed, second))
    assert [line[2] for line in read_lines("727")] == refunds


@pytest.mark.parametrize(
    ("word", "outcomes"),
    [("wc-processing", {"created": 1}), ("on-hold", {}), ("pending", {}), ("cancelled", {"created": 1}),
     ("my-own-status", {"rejected": 1})],
)  # fmt: skip
def test_woocommerce_status_words(clerk, word, outcomes):
    content = build_export(tuple(WOOCOMMERCE), WOOCOMMERCE | {"status": word})
    assert upload_and_preview(clerk, content).expected_outcomes == outcomes


def test_woocommerce_analytics_download_is_read_with_one_row_per_order(clerk):
    headings = ("Date", "Order #", "Status", "Customer", "Product(s)", "Items sold", "Coupon(s)", "Net Sales")
    row = dict(
        zip(headings, ("2026-11-20 12:00:00", "727", "Processing", "A", "2× Hat", "2", "ann", "36.5"), strict=True)
    )
    assert import_file(clerk, build_export(headings, row)).outcomes == {"created": 1}
    assert read_lines("727") == [("1", "36.50", "0.00")]


def test_staff_may_override_the_preset(clerk):
    file = upload(clerk, build_export(SHOPIFY, FIRST))
    proposed = files.propose_mapping(file)
    columns = {"order_id": 0, "status": 2, "placed_at": 14, "category": 24, "amount": 17}
    files.match_columns(file=file, mapping=proposed._replace(columns=columns, preset=None), now=NOW)
    file.refresh_from_db()
    assert (file.preset, file.expected_outcomes) == ("", {"created": 1})
    # The next file with the same headings is read in the same way.
    assert files.propose_mapping(upload(clerk, build_export(SHOPIFY, FIRST))).preset is None


def test_file_of_our_own_is_read_without_a_preset():
    assert detect_preset(LAYOUT, ["order_id", "name", "status", "amount"]) is None


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("NOPE, ANN", ["NOPE", "ANN"]),
        ("code:NOPE|description:|amount:5.00;code: ANN |description:|amount:2.00", ["NOPE", "ANN"]),
        ("code:NOPE;code:ANN", ["NOPE", "ANN"]),
        ("code:ANN|description:code of Ann|amount:5.00", ["ANN"]),
    ],
)
def test_several_coupons_in_a_cell_of_a_shops_export_are_read_one_by_one(cell, codes):
    reading = OrderReading.__new__(OrderReading)
    reading.cells, reading.is_preset, reading.snapshot = {"coupon": cell}, True, {}
    coupon = reading._read_order_field("coupon")
    assert reading.snapshot.get("coupons", [coupon]) == codes
