"""Promotions in the admin: announced once, then only their end can be moved."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.models import User
from affiliates.models import Affiliate
from agreements import promotions
from agreements.admin.units import UnitInput
from agreements.models import Promotion
from agreements.models.parts import slug_validator
from agreements.terms import format_percent
from lib.admin.actions import run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.typed import action


class EndForm(forms.Form):
    ends_at = forms.SplitDateTimeField(label=gettext_lazy("Until"), widget=UnfoldAdminSplitDateTimeWidget)


class PromotionForm(EndForm):
    """The categories are those of the rate cards that apply; one that none of them names has to be names_confirmed."""

    field_order = ("name", "percent", "categories", "unnamed", "names_confirmed", "codes", "starts_at", "ends_at")

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    percent = forms.DecimalField(
        label=gettext_lazy("Rate, percent"),
        max_digits=5,
        decimal_places=2,
        widget=UnitInput("%", {"step": "0.01", "min": "0", "max": "100"}),
        help_text=gettext_lazy("Whoever has more by the rate card keeps what it gives."),
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Categories"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Those of the rate card, with what it gives; none at all for every category."),
    )
    unnamed = SimpleArrayField(
        forms.CharField(max_length=64, validators=[slug_validator]),
        label=gettext_lazy("Categories that the rate card does not name"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "Separated by commas, each exactly as the shop sends it in its orders. Without the promotion they earn the rate"
            " for everything else."
        ),
    )
    names_confirmed = forms.BooleanField(
        label=gettext_lazy("Orders name these categories exactly so"),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    codes = SimpleArrayField(
        forms.CharField(max_length=32),
        label=gettext_lazy("Codes of affiliates"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Separated by commas; none for everybody."),
    )
    starts_at = forms.SplitDateTimeField(label=gettext_lazy("From"), widget=UnfoldAdminSplitDateTimeWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        card = promotions.collect_card_rates(promotions.list_versions_in_force(timezone.now()))
        rates = (
            (category, " / ".join(format_percent(rate) for rate in dict.fromkeys(given)))
            for category, given in card.items()
        )
        offered = cast("forms.MultipleChoiceField", self.fields["categories"])
        offered.choices = [(category, f"{category} ({given})") for category, given in rates]

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if answers.get("unnamed") and not answers.get("names_confirmed"):
            self.add_error(
                "names_confirmed", _("Look into an order, then confirm it: a name that no order has raises nothing.")
            )
        return answers

    def clean_codes(self) -> list[Affiliate]:
        codes = {code.strip() for code in self.cleaned_data["codes"]}
        found = list(Affiliate.objects.filter(code__in=codes).select_related("user"))
        unknown = codes - {affiliate.code for affiliate in found}
        if unknown:
            raise forms.ValidationError(_("No affiliate has the code %s.") % ", ".join(sorted(unknown)))
        return found


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = ("name", "percent", "categories", "starts_at", "ends_at", "created_by")
    search_fields = ("name",)
    fields = ("name", "percent", "categories", "affiliates", "starts_at", "ends_at", "created_at", "created_by")
    readonly_fields = fields
    actions_list = ("announce",)
    actions_detail = ("move_end",)

    def has_announce_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("agreements.add_promotion")

    def has_move_end_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        rows = Promotion.objects.filter(pk=object_id, ends_at__gt=timezone.now())
        may = request.user.has_perm("agreements.change_promotion")
        return may and (request.method == "POST" or rows.exists())

    @action(description=gettext_lazy("Announce a promotion"), permissions=["announce"])
    def announce(self, request: HttpRequest) -> HttpResponse:
        def do(answers: dict[str, Any]) -> None:
            promotions.create_promotion(
                name=answers["name"],
                rate=answers["percent"],
                categories=answers["categories"],
                unnamed=answers["unnamed"],
                affiliates=answers["codes"],
                starts_at=answers["starts_at"],
                ends_at=answers["ends_at"],
                now=timezone.now(),
                by=cast("User", request.user),
            )

        return run_action(
            request,
            self,
            PromotionForm,
            _("Announce a promotion"),
            do,
            reverse("admin:agreements_promotion_changelist"),
            explanation=_(
                "Those whom it concerns are told by e-mail. Afterwards only its end can be moved. An order line earns the rate"
                " of the version that its affiliate was under, or that of the highest promotion if it is more, up to the"
                " version's highest rate."
            ),
        )

    @action(description=gettext_lazy("Move its end"), permissions=["move_end"])
    def move_end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        promotion = get_object_or_404(Promotion, pk=object_id)
        return run_action(
            request,
            self,
            EndForm,
            _("Move the end of %s") % promotion.name,
            lambda answers: promotions.change_end(
                promotion=promotion, ends_at=answers["ends_at"], now=timezone.now(), by=cast("User", request.user)
            ),
            reverse("admin:agreements_promotion_change", args=[promotion.pk]),
            explanation=_(
                "Those whom it concerns are told by e-mail. Orders that were placed before keep what they earn."
            ),
            initial={"ends_at": promotion.ends_at},
        )
