"""The upload of a shop's products with their categories: map the columns, preview, confirm (specification 11)."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from lib.admin.actions import UsualReasonForm
from lib.csv_columns import ColumnMapping
from payouts.admin.csv_import import SAMPLE_ROWS, Preview
from payouts.models import Upload
from shops.connectors import product_list
from shops.models import Connection


class ProductListForm(UsualReasonForm):
    usual_reason = gettext_lazy("The shop's list of products.")


class ProductImport:
    """All products of a file are stored or, if a row is invalid, none."""

    kind = Upload.Kind.PRODUCTS
    layout = product_list.LAYOUT

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.title = _("Upload products of %(name)s") % {"name": connection}
        self.button = _("Store products")
        self.explanation = _(
            "A CSV file of products with their categories, for shops whose events name no categories. The id is the shop's"
            " product id, as its orders name it. Divide several categories with commas, semicolons or |."
        )
        self.back = reverse("admin:shops_connection_categories", args=[connection.pk])

    def build_form(self, posted: Any) -> forms.Form:
        return ProductListForm(posted)

    def preview(self, content: bytes, mapping: ColumnMapping) -> Preview:
        file = product_list.read_product_list(self.connection, content, mapping, now=timezone.now())
        outcome = product_list.compare(self.connection, file.products)
        counts = {**outcome._asdict(), "problems": len(file.problems)}
        text = _("New products: %(new)d, changed: %(changed)d, unchanged: %(unchanged)d, problems: %(problems)d.")
        return Preview(
            summary=text % counts,
            headings=("id", "title", "categories"),
            rows=[(one.product_key, one.title, ", ".join(one.categories)) for one in file.products[:SAMPLE_ROWS]],
            problems=[(line, "", cause) for line, cause in file.problems],
            outcome=[outcome, len(file.problems)],
            is_importable=bool(file.products) and not file.problems,
        )

    def run(self, request: HttpRequest, content: bytes, mapping: ColumnMapping, answers: dict[str, Any]) -> str:
        stored = product_list.store_product_list(
            connection=self.connection, content=content, mapping=mapping, now=timezone.now(), by=staff_member(request),
            **answers,
        )  # fmt: skip
        text = _(
            "Products stored: %(new)d new, %(changed)d changed. Map new categories, then apply the mappings to orders."
        )
        return text % stored._asdict()
