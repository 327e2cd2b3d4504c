"""The parts of a draft as rows: rates, prohibited activities, clauses; each says beside it what has to be mended."""

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
        fields = ("category", "percent", "everything_else", "position")
        widgets = {"percent": UnitInput("%", attrs={"step": "0.01", "min": "0", "max": "100"})}


class ActivityForm(RowForm):
    class Meta:
        model = ProhibitedActivity
        fields = ("code", "title", "text", "gravest_consequence", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A browser sends the first choice of a row that nobody filled in: it must say nothing, or the row counts as new.
        box = self.fields.get("gravest_consequence")
        if box is not None:
            cast("forms.TypedChoiceField", box).choices = [("", "---------"), *ProhibitedActivity.Consequence.choices]


class ClauseForm(RowForm):
    rules = SimpleArrayField(
        forms.CharField(max_length=60),
        label=gettext_lazy("Rules"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "The rules that this clause states, by name, separated by commas; the table above lists them."
        ),
    )

    class Meta:
        model = Clause
        fields = ("number", "heading", "body", "rules", "position")
        help_texts = {
            "number": gettext_lazy("A section such as 3, or a clause of it such as 3.2."),
            "body": gettext_lazy(
                "A blank line separates paragraphs. A name in braces stands for a term: copy it, or choose it to put it in."
            ),
        }

    def clean_rules(self) -> list[str]:
        return [rule.strip() for rule in self.cleaned_data["rules"]]


class BodyInput(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold has no types
    """The text of a clause, with the names of the placeholders and what each stands for now beside it."""

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
        """Said once for all clauses: each name with what it stands for now."""
        words = languages.KNOWN.get(self.instance.language, languages.ENGLISH)
        values = rendering.build_placeholder_values(self.instance, settings.PROGRAM_NAME, words)
        names = ((name, values.get(name, "")) for name in rendering.PLACEHOLDERS)
        return format_html_join("", "<li><code>{{{}}}</code> <small>{}</small></li>", names)

    @property
    def part_problems(self) -> tuple[str, ...]:
        """The rules that no clause states, or more than one, among them."""
        return (*super().part_problems, *draft_problems.list_rule_causes(self.instance))

    def get_insert_index(self, row: Clause, rows: list[Clause]) -> int:
        """A new clause for which nobody named a place stands where its number belongs."""
        earlier = [
            at
            for at, other in enumerate(rows, 1)
            if numbering.get_sort_key(other.number) <= numbering.get_sort_key(row.number)
        ]
        return max(earlier, default=0)


class RateInline(DraftInlineMixin, StackedInline):
    model = Rate
    form = RateForm
    formset = RowFormSet
    fields = (("category", "percent", "everything_else"), "position")
    template = "admin/agreements/rows.html"
    intro = "admin/agreements/rates_intro.html"
    ordering_field = "position"
    tab = True


class ActivityInline(DraftInlineMixin, StackedInline):
    model = ProhibitedActivity
    form = ActivityForm
    formset = RowFormSet
    fields = (("code", "gravest_consequence"), "title", "text", "position")
    template = "admin/agreements/rows.html"
    intro = "admin/agreements/activities_intro.html"
    folded = True
    ordering_field = "position"
    tab = True


class ClauseInline(DraftInlineMixin, StackedInline):
    model = Clause
    form = ClauseForm
    formset = ClauseFormSet
    fields = (("number", "heading"), "body", "rules", "position")
    template = "admin/agreements/rows.html"
    intro = "admin/agreements/clauses_intro.html"
    folded = True
    ordering_field = "position"
    tab = True

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "body":
            kwargs["widget"] = BodyInput(attrs={"rows": 7})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
