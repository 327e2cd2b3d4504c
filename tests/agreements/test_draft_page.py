"""The admin page of a draft."""

import pytest

from agreements import version_drafts
from agreements.models import AgreementVersion, Rate
from audit.models import AuditRecord
from tests.agreements.page_data import build_admin_url, build_form_data, find_row_index
from tests.portal.html_tree import Element, parse_html

pytestmark = pytest.mark.django_db


def test_draft_form_shows_units_and_bounds(staff, draft):
    page = staff.get(build_admin_url("agreementversion_change", draft.pk)).content.decode()
    assert "1 to 90: days from click to order" in page
    field = page[page.index('name="attribution_days"') :].split("</span>")[0]
    assert 'min="1"' in field
    assert 'max="90"' in field
    assert field.endswith('<span class="unit">days')
    assert page[page.index('name="payout_minimum"') :].split("</span>")[0].endswith('<span class="unit">USD')
    assert "Ready to publish" in page


def test_each_clause_lists_placeholders_with_values(staff, draft):
    page = staff.get(build_admin_url("agreementversion_change", draft.pk)).content.decode()
    # Plus two empty rows: one to use without JavaScript, and the template that JavaScript copies.
    assert page.count("<code>{attribution_days}</code> <small>3 days</small>") == draft.clauses.count() + 2


def test_draft_is_saved_with_its_parts(staff, draft):
    posted = build_form_data(draft) | {"validation_days": 14}
    posted[f"rates-{find_row_index(draft, 'rates', category='home-decor')}-percent"] = "5.50"
    response = staff.post(build_admin_url("agreementversion_change", draft.pk), posted)
    assert response.status_code == 302, response.context["errors"]
    draft.refresh_from_db()
    assert draft.validation_days == 14
    assert str(draft.rates.get(category="home-decor").percent) == "5.50"
    record = AuditRecord.objects.get(action="agreementversion changed")
    assert record.before == {"validation_days": "30", "rate home-decor 5.00 %: percent": "5.00"}
    assert record.after == {"validation_days": "14", "rate home-decor 5.00 %: percent": "5.50"}


def test_audit_record_has_row_values_before_and_after(staff, draft):
    posted = build_form_data(draft)
    changed, removed = find_row_index(draft, "clauses", number="2.3"), find_row_index(draft, "clauses", number="5.3")
    posted |= {f"clauses-{changed}-body": "Other words.", f"clauses-{removed}-DELETE": "on"}
    last = posted["rates-TOTAL_FORMS"]
    posted |= {"rates-TOTAL_FORMS": last + 1, f"rates-{last}-category": "new", f"rates-{last}-percent": "3.00"}
    posted |= {f"rates-{last}-name": "New", f"rates-{last}-position": "", f"rates-{last}-agreement": draft.pk}
    clause, deleted = draft.clauses.get(number="2.3"), draft.clauses.get(number="5.3")
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    record = AuditRecord.objects.get(action="agreementversion changed")
    assert record.before[f"clause {clause}: body"] == clause.body
    assert record.after[f"clause {clause}: body"] == "Other words."
    assert record.before[f"clause {deleted}: body"] == deleted.body
    assert f"clause {deleted}: body" not in record.after
    assert record.after["rate new 3.00 %: percent"] == "3.00"
    assert "rate new 3.00 %: percent" not in record.before
    assert not any(": id" in key or ": agreement" in key for key in record.before | record.after)


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("validation_days", "181", "less than or equal to 180"),
        ("rate_floor", "9.00", "The lowest rate is higher than the highest rate."),
        ("currency", "JPY", "Enter the ISO 4217 code"),
        ("currency", "EUR", "It must be USD, the same in every version."),
        ("time_zone", "Europe/Berlin", "It must be UTC, the same in every version."),
        ("time_zone", "Nowhere", "Enter the name of a time zone"),
        ("payout_minimum", "-1", "Enter an amount of at least 0"),
        ("order_commission_cap", "0", "Enter an amount of at least 0.01"),
        ("time_zone", "localtime", "Enter the name of a time zone"),
        ("payout_minimum", "99999999999.00", "Enter an amount of at most 999999999.99."),
        ("order_commission_cap", "999999999999.99", "Enter an amount of at most 999999999.99."),
        ("order_commission_cap", "1e9", "Enter an amount with two decimals, such as 15.30."),
        ("target_orders", "99999999999", "less than or equal to"),
    ],
)
def test_invalid_term_shows_error_beside_field(staff, draft, field, value, cause):
    response = staff.post(build_admin_url("agreementversion_change", draft.pk), build_form_data(draft) | {field: value})
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert cause in " ".join(errors[field])
    assert list(errors) == [field]


def test_draft_with_problems_is_saved_and_lists_them(staff, draft):
    posted = build_form_data(draft) | {"rates-0-everything_else": "on", "rates-1-category": "home-decor"}
    clause = find_row_index(draft, "clauses", number="2.2")
    posted |= {f"clauses-{clause}-body": "Within {no_such_term}.", f"clauses-{clause}-rules": ""}
    posted |= {"rates-2-percent": "9.00", f"clauses-{find_row_index(draft, 'clauses', number='2')}-DELETE": "on"}
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    page = staff.get(build_admin_url("agreementversion_change", draft.pk)).content.decode()
    summary = page[page.index('class="problem-summary"') : page.index("</section>")]
    assert "The draft has 8 problems, listed at the top of its page" in page
    assert "Fix 8 issues before publishing" in summary
    for anchor, cause in (
        ("id_rates-0-category", "Mark exactly one row as everything else; 2 are marked."),
        ("id_rates-1-category", "The category has more than one row."),
        ("id_rates-2-category", "The category has more than one row."),
        ("id_rates-2-category", "9.00 % is not between 2.60 % and 8.50 %."),
        ("id_rates-10-category", "Mark exactly one row as everything else; 2 are marked."),
        (f"id_clauses-{clause - 1}-body", "{no_such_term} is not a placeholder."),
        ("clauses-group", "Section 2 is missing."),
        ("rule-unapproved_channel", "No clause states the rule unapproved_channel"),
    ):
        assert any(cause in line and f'"#{anchor}"' in line for line in summary.split("<li>"))
        assert f'id="{anchor}"' in page
        assert page.count(cause) >= 2  # in the summary and beside the row
    response = staff.get(build_admin_url("agreementversion_publish", draft.pk), follow=True)
    assert "Fix the problems listed at the top of this page" in response.content.decode()


def test_invalid_form_lists_errors_and_keeps_input(staff, draft):
    posted = build_form_data(draft) | {
        "validation_days": "181",
        "clauses-3-body": "Just typed.",
        "rates-2-category": "Not Ours",
    }
    page = staff.post(build_admin_url("agreementversion_change", draft.pk), posted).content.decode()
    summary = page[page.index('class="problem-summary wrong"') : page.index("</section>")]
    assert "Nothing was saved." in summary
    assert 'href="#id_validation_days"' in summary
    assert 'href="#id_rates-2-category"' in summary
    assert "Use only lowercase letters, digits and single hyphens." in summary
    assert "Just typed." in page
    draft.refresh_from_db()
    assert draft.validation_days == 30


def test_term_that_differs_from_program_shows_problem(staff, draft):
    AgreementVersion.objects.filter(pk=draft.pk).update(currency="EUR")
    page = staff.get(build_admin_url("agreementversion_change", draft.pk)).content.decode()
    assert page.count("It must be USD, the same in every version.") == 2


def test_clause_numbers_can_be_swapped_in_one_save(staff, draft):
    one, other = (find_row_index(draft, "clauses", number=number) for number in ("3.1", "3.2"))
    headings = [draft.clauses.get(number=number).heading for number in ("3.1", "3.2")]
    posted = build_form_data(draft) | {f"clauses-{one}-number": "3.2", f"clauses-{other}-number": "3.1", "_sort": "1"}
    response = staff.post(build_admin_url("agreementversion_change", draft.pk), posted)
    assert response.headers["Location"].endswith("#clauses")
    assert [draft.clauses.get(number=number).heading for number in ("3.2", "3.1")] == headings
    numbers = [clause.number for clause in draft.clauses.order_by("position")]
    assert numbers[numbers.index("3.1") + 1] == "3.2"
    assert version_drafts.find_problems(draft) == []


def test_rows_follow_position_numbers(staff, draft):
    order = list(draft.rates.values_list("category", flat=True))
    posted = build_form_data(draft) | {"rates-4-position": "2", "rates-7-position": "9"}
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    up, down = order[4], order[7]
    expected = [order[0], up, *(c for c in order[1:9] if c not in (up, down)), down, *order[9:]]
    assert list(draft.rates.values_list("category", flat=True)) == expected
    assert list(draft.rates.values_list("position", flat=True)) == list(range(1, len(order) + 1))


def test_rows_follow_dragged_order(staff, draft):
    order = list(draft.activities.values_list("code", flat=True))
    positions = enumerate([2, 0, 1, *range(3, len(order))])
    posted = build_form_data(draft) | {f"activities-{index}-position": position for position, index in positions}
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    assert list(draft.activities.values_list("code", flat=True)) == [order[2], order[0], order[1], *order[3:]]


def test_new_clause_is_placed_by_its_number(staff, draft):
    last = draft.clauses.count()
    posted = build_form_data(draft) | {"clauses-TOTAL_FORMS": last + 1, f"clauses-{last}-agreement": draft.pk}
    posted |= {f"clauses-{last}-number": "2.4", f"clauses-{last}-heading": "New", f"clauses-{last}-body": "New words."}
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    numbers = [clause.number for clause in draft.clauses.order_by("position")]
    assert numbers[numbers.index("2.3") + 1] == "2.4"


def test_renumbering_updates_references(staff, draft):
    first, second = (find_row_index(draft, "clauses", number=number) for number in ("10.1", "10.2"))
    heading, position = draft.clauses.get(number="10.2").heading, draft.clauses.get(number="10.1").position
    posted = build_form_data(draft) | {f"clauses-{second}-position": position, "_renumber": "1"}
    assert "clause 10.1" in draft.clauses.get(number="9.5").body
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    assert first < second
    assert draft.clauses.get(number="10.1").heading == heading
    assert "clause 10.2" in draft.clauses.get(number="9.5").body
    assert version_drafts.find_problems(draft) == []
    assert AuditRecord.objects.filter(action="clauses renumbered").count() == 1


def test_display_name_of_a_category_is_required(staff, draft):
    posted = build_form_data(draft) | {"rates-2-name": " "}
    page = staff.post(build_admin_url("agreementversion_change", draft.pk), posted).content.decode()
    assert 'href="#id_rates-2-name"' in page[page.index('class="problem-summary wrong"') : page.index("</section>")]


def test_draft_can_be_deleted(staff, draft):
    staff.post(build_admin_url("agreementversion_delete", draft.pk), {"post": "yes", "audit_reason": "Not needed."})
    assert not AgreementVersion.objects.filter(pk=draft.pk).exists()


def test_rate_card_with_hundreds_of_categories_is_saved(staff, draft):
    draft.rates.bulk_create(
        Rate(
            agreement=draft,
            category=f"category-{number}",
            name=f"Category {number}",
            percent="5.00",
            position=100 + number,
        )
        for number in range(300)
    )
    posted = build_form_data(draft)
    assert len(posted) > 1_000  # Django's default limit of fields
    posted["rates-200-percent"] = "5.50"
    assert staff.post(build_admin_url("agreementversion_change", draft.pk), posted).status_code == 302
    assert draft.rates.filter(percent="5.50", category__startswith="category-").count() == 1


def read_form_data(form: Element) -> dict[str, list[str]]:
    """Return the fields of an HTML form as a browser submits them, including empty ones and first options."""
    data: dict[str, list[str]] = {}
    for field in form.descendants():
        default = "on" if field.attributes.get("type") == "checkbox" else ""
        name, value = field.attributes.get("name", ""), field.attributes.get("value", default)
        if field.tag == "textarea":
            value = "".join(child for child in field.content if isinstance(child, str)).removeprefix("\n")
        elif field.tag == "select":
            options = [child for child in field.descendants() if child.tag == "option"]
            selected = [option for option in options if "selected" in option.attributes] or options[:1]
            value = selected[0].attributes["value"]
        elif field.tag != "input" or field.attributes.get("type") == "submit":
            continue
        if field.attributes.get("type") != "checkbox" or "checked" in field.attributes:
            data.setdefault(name, []).append(value)
    return data


def test_saving_unchanged_form_changes_nothing(staff, draft):
    before = [list(getattr(draft, part).values()) for part in version_drafts.PARTS]
    page = parse_html(staff.get(build_admin_url("agreementversion_change", draft.pk)).content.decode())
    form = next(one for one in page.descendants() if one.attributes.get("id") == "agreementversion_form")
    response = staff.post(build_admin_url("agreementversion_change", draft.pk), read_form_data(form))
    assert response.status_code == 302, parse_html(response.content.decode()).text[:2000]
    assert [list(getattr(draft, part).values()) for part in version_drafts.PARTS] == before
