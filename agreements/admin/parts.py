"""The inlines of a draft: rates, prohibited activities and clauses, each row with its problems."""

from functools import cached_property
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agreements import languages, numbering, rendering
from agreements.admin import draft_problems
from agreements.admin.rows import DraftInlineMixin, RowForm, RowFormSet
from agreements.admin.units import UnitInput
from agreements.models import Clause, ProhibitedActivity, Rate
from lib.typed import StackedInline


class RateForm(RowForm):
    class Meta:
        model = Rate
        fields = ("category", "name", "percent", "everything_else", "position")
        widgets = {"percent": UnitInput("%", attrs={"step": "0.01", "min": "0", "max": "100"})}


class ActivityForm(RowForm):
    class Meta:
        model = ProhibitedActivity
        fields = ("code", "title", "text", "gravest_consequence", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Browsers send the first choice of an empty row; unless it is blank, the row counts as filled in.
        field = self.fields.get("gravest_consequence")
        if field is not None:
            cast("forms.TypedChoiceField", field).choices = [("", "---------"), *ProhibitedActivity.Consequence.choices]


class ClauseForm(RowForm):
    rules = SimpleArrayField(
        forms.CharField(max_length=60),
        label=gettext_lazy("Rules"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "The names of the rules that this clause states, separated by commas. See the table above."
        ),
    )

    class Meta:
        model = Clause
        fields = ("number", "heading", "body", "rules", "position")
        help_texts = {
            "number": gettext_lazy("A section, such as 3, or a clause, such as 3.2."),
            "body": gettext_lazy(
                "Separate paragraphs with a blank line. A name in braces is replaced by the term: copy or click it."
            ),
        }

    def clean_rules(self) -> list[str]:
        return [rule.strip() for rule in self.cleaned_data["rules"]]


class BodyInput(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold has no types
    """The text of a clause, with a list of the placeholders and their present values."""

    template_name = "admin/agreements/body.html"
    placeholder_items: SafeString | str = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        return context | {"placeholder_items": self.placeholder_items}


class ClauseFormSet(RowFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["body"].widget.placeholder_items = self.placeholders

    @cached_property
    def placeholders(self) -> SafeString:
        """The placeholders with their present values, rendered once for all clauses."""
        words = languages.KNOWN.get(self.instance.language, languages.ENGLISH)
        values = rendering.build_placeholder_values(self.instance, settings.PROGRAM_NAME, words)
        items = ((name, values.get(name, "")) for name in rendering.PLACEHOLDERS)
        return format_html_join("", "<li><code>{{{}}}</code> <small>{}</small></li>", items)

    @property
    def part_problems(self) -> tuple[str, ...]:
        """The problems of the clauses as a whole, including those of rules."""
        return (*super().part_problems, *draft_problems.list_rule_causes(self.instance))

    def get_insert_index(self, row: Clause, rows: list[Clause]) -> int:
        """Return where a new clause without a position belongs by its number."""
        earlier = [
            index
            for index, other in enumerate(rows, 1)
            if numbering.get_sort_key(other.number) <= numbering.get_sort_key(row.number)
        ]
        return max(earlier, default=0)


class DraftPartInline(DraftInlineMixin, StackedInline):
    """The rows of a version in a tab, ordered by their position."""

    formset = RowFormSet
    template = "admin/agreements/rows.html"
    ordering_field = "position"
    tab = True


class RateInline(DraftPartInline):
    model = Rate
    form = RateForm
    fields = (("category", "name", "percent", "everything_else"), "position")
    intro = "admin/agreements/rates_intro.html"


class ActivityInline(DraftPartInline):
    model = ProhibitedActivity
    form = ActivityForm
    fields = (("code", "gravest_consequence"), "title", "text", "position")
    intro = "admin/agreements/activities_intro.html"
    folded = True


class ClauseInline(DraftPartInline):
    model = Clause
    form = ClauseForm
    formset = ClauseFormSet
    fields = (("number", "heading"), "body", "rules", "position")
    intro = "admin/agreements/clauses_intro.html"
    folded = True

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "body":
            kwargs["widget"] = BodyInput(attrs={"rows": 7})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
