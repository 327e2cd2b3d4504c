"""Staff import CSV files in a browser: upload, mapping of the columns, preview, confirmation."""

from playwright.sync_api import expect

from affiliates.models import Affiliate
from tests.browser.conftest import save_screenshots
from tests.shops.test_csv_presets import FIRST, SECOND, SHOPIFY, build_export

AFFILIATES = (
    b"Partner;E-Mail;Full name;Country;Websites;Phone\nR1;ada@example.org;Ada Lovelace;UK;a.example b.example;1\n"
)


def upload(page, content):
    page.locator("input[type=file]").set_input_files({"name": "import.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload", exact=True).click()


def test_affiliates_are_mapped_and_imported(open_admin):
    page = open_admin("/admin/affiliates/affiliate/import_file/")
    save_screenshots(page, "affiliate-upload")
    upload(page, AFFILIATES)
    page.get_by_label("Partner").select_option("code")
    save_screenshots(page, "affiliate-columns")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Columns that are not imported: Phone.")).to_be_visible()
    save_screenshots(page, "affiliate-preview")
    page.get_by_role("button", name="Import affiliates").click()
    expect(page.get_by_text("Affiliates imported: 1, coupons: 0, channels: 2")).to_be_visible()
    assert Affiliate.objects.get().code == "R1"


def test_columns_of_another_preset_are_chosen_by_its_button(open_admin):
    page = open_admin("/admin/shops/orderfile/upload/")
    upload(page, build_export(SHOPIFY, FIRST, SECOND))
    expect(page.get_by_label("Preset")).to_have_value("shopify")
    expect(page.get_by_label("Name", exact=True)).to_have_value("order_id")
    save_screenshots(page, "order-columns")
    page.get_by_label("Preset").select_option("")
    page.get_by_role("button", name="Use the columns of this preset").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("title")
    page.get_by_label("Preset").select_option("shopify")
    page.get_by_role("button", name="Use the columns of this preset").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("order_id")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Read as: order export of Shopify.")).to_be_visible()
    save_screenshots(page, "order-preview")
