"""What the preview of an order file tells beforehand."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.factories import make_staff
from tests.scenarios import create_program, import_affiliates
from tests.shops.order_files import build_file, build_row, import_file, upload_and_preview
from tracking.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    create_program()
    return make_staff("payout preparers")


def test_coupon_codes_that_credit_no_one_are_named_before_the_import(clerk, tmp_path):
    import_affiliates(["ANNA10"], tmp_path)
    rows = (build_row("A1", coupon="ANNA10"), build_row("A2", coupon="nope "), build_row("A3", coupon="nope"))
    file = upload_and_preview(clerk, build_file(*rows, build_row("A4", coupon="GONE"), build_row("A5")))
    assert file.notes[-1] == (
        "3 orders are credited to no one, because their coupon codes are not assigned to an affiliate at their time:"
        " nope, GONE."
    )
    assert not Order.objects.exists()


def test_file_whose_codes_are_all_assigned_has_no_such_note(clerk, tmp_path):
    import_affiliates(["ANNA10"], tmp_path)
    file = upload_and_preview(clerk, build_file(build_row("A1", coupon="anna10"), build_row("A2")))
    assert not any("credited to no one" in note for note in file.notes)


def test_sample_file_is_imported_as_it_is(clerk):
    file = import_file(clerk, Path(settings.BASE_DIR, "static/orders-sample.csv").read_bytes())
    assert file.outcomes == {"created": 2}
    assert Order.objects.get(order_id="1001").lines.count() == 2
