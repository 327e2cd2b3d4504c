"""Display names of categories, from the rate cards (specification 2)."""

from django.db.models import OuterRef, Subquery

from agreements.models import AgreementVersion, Rate
from lib.formatting import format_category
from lib.request_values import read_once


class CategoryNames(dict[str, str]):
    """{category code: display name}; a code without a rate gets a name made from it: "Garden tools" for "garden-tools"."""

    def __missing__(self, code: str) -> str:
        return format_category(code)


@read_once
def load_category_names() -> CategoryNames:
    """Return the names in the published versions; the newest version that has a rate for a category names it."""
    rates = Rate.objects.filter(agreement__in=AgreementVersion.objects.published())
    newest = rates.order_by("category", "-agreement__effective_at").distinct("category")
    return CategoryNames(newest.values_list("category", "name"))


def build_name_subquery(field: str) -> Subquery:
    """Return the display name of the category in `field` of each row; NULL for one without a rate."""
    rates = Rate.objects.filter(agreement__in=AgreementVersion.objects.published(), category=OuterRef(field))
    return Subquery(rates.order_by("-agreement__effective_at").values("name")[:1])
