"""Promotions in the admin: once announced, only their end can be changed."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliatesField
from agreements import promotions
from agreements.admin.units import UnitInput
from agreements.category_names import load_category_names
from agreements.models import Promotion
from agreements.models.parts import slug_validator
from agreements.terms import format_percent
from lib.admin.actions import UsualReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction, StaffPage
from lib.fields import CategoryFormField


class EndForm(UsualReasonForm):
    usual_reason = "Agreed for the program."
    field_order: tuple[str, ...] = ("ends_at", "reason")

    ends_at = forms.SplitDateTimeField(label=gettext_lazy("Until"), widget=UnfoldAdminSplitDateTimeWidget)


class PromotionForm(EndForm):
    """A promotion; categories that no rate card names must be entered separately and confirmed."""

    field_order: tuple[str, ...] = (
        "name",
        "percent",
        "categories",
        "unnamed",
        "names_confirmed",
        "affiliates",
        "starts_at",
        "ends_at",
        "reason",
    )

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    percent = forms.DecimalField(
        label=gettext_lazy("Rate, percent"),
        max_digits=5,
        decimal_places=2,
        widget=UnitInput("%", {"step": "0.01", "min": "0", "max": "100"}),
        help_text=gettext_lazy("Where the rate card gives more, affiliates keep that rate."),
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Categories"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Categories of the rate card with their rates. Select none for all categories."),
    )
    unnamed = SimpleArrayField(
        CategoryFormField(max_length=64, validators=[slug_validator]),
        label=gettext_lazy("Categories not on the rate card"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "Separated by commas, as the shop sends them in orders. Without the promotion they earn the"
            " rate for everything else."
        ),
    )
    names_confirmed = forms.BooleanField(
        label=gettext_lazy("I have checked that these categories appear in orders"),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    affiliates = AffiliatesField(
        help_text=gettext_lazy("Codes, e-mail addresses or names, separated by commas. Leave empty for all affiliates.")
    )
    starts_at = forms.SplitDateTimeField(label=gettext_lazy("From"), widget=UnfoldAdminSplitDateTimeWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = load_category_names()
        card = promotions.collect_card_rates(promotions.list_versions_in_force(timezone.now()))
        rates = (
            (category, " / ".join(format_percent(rate) for rate in dict.fromkeys(percents)))
            for category, percents in card.items()
        )
        field = cast("forms.MultipleChoiceField", self.fields["categories"])
        field.choices = [(category, f"{names[category]} ({rate})") for category, rate in rates]

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if answers.get("unnamed") and not answers.get("names_confirmed"):
            self.add_error(
                "names_confirmed", _("Check an order, then confirm. A category that no order names has no effect.")
            )
        return answers


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    ordering = ("-starts_at", "-pk")
    list_display = ("name", "percent", "categories", "starts_at", "ends_at", "created_by")
    search_fields = ("name",)
    fields = ("name", "percent", "categories", "affiliates", "starts_at", "ends_at", "created_at", "created_by")
    readonly_fields = fields
    actions_list = ("announce",)
    actions_detail = ("move_end",)

    announce = StaffAction(
        gettext_lazy("Announce a promotion"),
        permission="agreements.add_promotion",
        form=PromotionForm,
        do=lambda _row, answers, now, by: promotions.create_promotion(
            name=answers["name"],
            rate=answers["percent"],
            categories=answers["categories"],
            unnamed=answers["unnamed"],
            affiliates=answers["affiliates"],
            starts_at=answers["starts_at"],
            ends_at=answers["ends_at"],
            now=now,
            by=by,
            reason=answers["reason"],
        ),
        explanation=gettext_lazy(
            "Affected affiliates are notified by e-mail. Only the end date can be changed later. An order line earns"
            " the rate of the agreement version that applies to its affiliate, or the rate of the highest promotion if"
            " that is more, up to the version's highest rate."
        ),
        success=gettext_lazy("Promotion announced. The affiliates whom it affects receive an e-mail."),
    )

    @StaffPage(
        gettext_lazy("Change the end date"),
        permission="agreements.change_promotion",
        rows=Q(ends_at__gt=lazy(timezone.now, datetime)()),
    )
    def move_end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        promotion = get_object_or_404(Promotion, pk=object_id)
        return run_action(
            request,
            self,
            EndForm,
            _("Change the end date of %s") % promotion.name,
            lambda answers: promotions.change_end(
                promotion=promotion, now=timezone.now(), by=staff_member(request), **answers
            ),
            reverse("admin:agreements_promotion_change", args=[promotion.pk]),
            success_message=_("End date of %s changed. The affiliates whom it affects receive an e-mail.")
            % promotion.name,
            explanation=_(
                "Affected affiliates are notified by e-mail. Orders placed before the end keep the promotion's rate."
            ),
            initial={"ends_at": promotion.ends_at},
        )
