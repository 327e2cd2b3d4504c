"""The form of paths and its preview (specification 11)."""

import json

import pytest

from shops.admin.generic_paths import GROUPS
from shops.connectors.generic.example import EXAMPLE
from shops.connectors.generic.forms import PATHS, GenericForm
from shops.connectors.generic.options import DEFAULT_PATHS, DEFAULTS
from shops.connectors.generic.preview import build_preview
from tests.scenarios import NOW
from tests.shops.connectors.generic.generic_shop import build_connection, build_options


def fill_form(**changes):
    """Return the form, posted as it was shown but for the changes."""
    shown = GenericForm(DEFAULTS)
    posted = {name: shown.get_initial_for_field(field, name) for name, field in shown.fields.items()}
    return GenericForm(DEFAULTS, posted | {name.replace("__", "-"): value for name, value in changes.items()})


def preview(sample=EXAMPLE, **options):
    return build_preview(connection=build_connection(), options=build_options(**options), sample=sample, now=NOW)


def test_unchanged_form_gives_the_defaults():
    form = fill_form()
    assert form.is_valid(), form.errors
    assert form.cleaned_data["options"] == {**DEFAULTS, "revision": 1}


def test_page_shows_every_path():
    assert {name for names in GROUPS.values() for name in names} == set(PATHS) == set(DEFAULT_PATHS)


def test_form_reads_words_and_topics():
    form = fill_form(statuses="Shipped = completed\n\n a = b = paid \n= = ignored", topics="order.paid,, order.sent ")
    assert form.is_valid(), form.errors
    options = form.cleaned_data["options"]
    assert options["statuses"] == {"shipped": "completed", "a = b": "paid", "=": "ignored"}
    assert options["topics"] == ["order.paid", "order.sent"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"path__amount": "lines[.amount"}, "path-amount"),
        ({"path__amount": ""}, "path-amount"),
        ({"path__title": "a" * 301}, "path-title"),
        ({"amounts": "tax_rate"}, "path-tax"),
        ({"amounts": "other"}, "amounts"),
        ({"signature": "hmac", "signature_header": ""}, "signature_header"),
        ({"signature": "hmac", "path__updated_at": ""}, "path-updated_at"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"statuses": "shipped"}, "statuses"),
        ({"statuses": "shipped = sent"}, "statuses"),
        ({"statuses": "= paid"}, "statuses"),
        ({"statuses": "\n".join(f"w{n} = paid" for n in range(101))}, "statuses"),
        ({"revision": "x"}, "revision"),
    ],
)
def test_form_names_the_wrong_field(changes, field):
    form = fill_form(**changes)
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_preview_shows_snapshot_and_what_paths_find():
    shown = preview()
    assert shown.row
    assert [(line["line_id"], line["amount"]) for line in shown.row["lines"]] == [("1", "36.00")]
    assert shown.found["lines"].startswith("{'id': '1'")
    assert shown.found["category"] == "Kitchen"
    assert "click_id" not in shown.found


@pytest.mark.parametrize(
    ("sample", "options", "message"),
    [
        ("{", {}, "The sample is not JSON"),
        ("", {}, "The sample is not JSON"),
        ("\ud800", {}, "The sample is not JSON"),
        ("[]", {}, "No snapshot: order_id is missing: nothing is at data.id."),
        (
            EXAMPLE,
            {"paths": {"amount": "data.lines[].price"}},
            "lines[0].amount is missing: nothing is at data.lines[]",
        ),
        (EXAMPLE, {"paths": {"amount": "data.lines[.price"}}, "has an invalid path"),
        (EXAMPLE, {"topics": ["order.paid"]}, "No snapshot: the topic order.updated is not used."),
        (EXAMPLE, {"statuses": {}}, "No snapshot: status is 'paid', which is not in the connection's table of words."),
    ],
)
def test_preview_says_why_there_is_no_snapshot(sample, options, message):
    shown = preview(sample, **options)
    assert shown.row is None
    assert message in shown.message


def test_preview_shows_few_values_of_many():
    lines = [{"id": n, "amount": "1.00", "title": "x" * 100} for n in range(5)]
    sample = json.loads(EXAMPLE)
    sample["data"]["lines"] = lines
    shown = preview(json.dumps(sample))
    assert shown.found["line_id"] == "0 · 1 · 2 …"
    assert len(shown.found["title"]) == 3 * 60 + 8
