"""Orders as tracking shows them, with a button that imports some, and how a shop's order got its categories."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.category_names import CategoryNames, load_category_names
from lib.admin.bases import ReadOnlyInline
from lib.admin.staff_action import StaffPage
from lib.text import fold_code
from payouts.admin.commissions import CommissionInline
from shops.admin.order_files import IMPORT_PERMISSION
from shops.connectors.categories import BY_CONNECTION
from shops.models import ShopOrder, ShopOrderLine
from tracking.admin import orders
from tracking.models import Order

admin.site.unregister(Order)


@admin.register(Order)
class OrderAdmin(orders.OrderAdmin):
    actions_list = ("import_file",)
    inlines: tuple[type[ReadOnlyInline], ...] = (*orders.OrderAdmin.inlines, CommissionInline)
    fields: tuple[str, ...] = (*orders.OrderAdmin.fields[:-1], "shop_categories", *orders.OrderAdmin.fields[-1:])
    readonly_fields: tuple[str, ...] = (*orders.OrderAdmin.readonly_fields, "shop_categories")

    @admin.display(description=gettext_lazy("categories in the shop"))
    def shop_categories(self, order: Order) -> SafeString | str:
        """Return the connection, what is approximate, and for each line which mapping gave it its category."""
        found = ShopOrder.objects.select_related("connection").filter(order_id=order.order_id).first()
        if found is None:
            return "-"
        names = load_category_names()
        lines = format_html_join("", "<li>{}</li>", ((_describe_line(line, names),) for line in found.lines.all()))
        notes = format_html_join("", "<li>{}</li>", ((note,) for note in found.notes))
        return format_html("{}<ul>{}{}</ul>", found.connection, lines, notes)

    @StaffPage(gettext_lazy("Import a CSV file"), permission=IMPORT_PERMISSION)
    def import_file(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:shops_orderfile_upload"))


def _describe_line(line: ShopOrderLine, names: CategoryNames) -> str:
    values = {
        "line": line.line_id,
        "names": ", ".join(line.shop_categories) or _("no category"),
        # As the shop writes it; mappings are compared without case.
        "mapped": next((name for name in line.shop_categories if fold_code(name) == line.mapped_by), line.mapped_by),
        "category": names[line.category],
    }
    if line.mapped_by == BY_CONNECTION:
        return _("Line %(line)s: %(names)s. Not mapped, so the category of the connection: %(category)s.") % values
    if line.mapped_by:
        return _("Line %(line)s: %(names)s. Mapped by “%(mapped)s” to %(category)s.") % values
    return _("Line %(line)s: %(names)s. Not mapped, so %(category)s.") % values
