"""Choosing an affiliate in a form of the admin."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from affiliates.models import Affiliate


class AffiliateField(forms.CharField):
    """An affiliate by code: a list to choose from would be as long as the program."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Affiliate's code"), max_length=32)

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        affiliate = Affiliate.objects.select_related("user").filter(code__iexact=code).first()
        if affiliate is None:
            raise ValidationError(_("No affiliate has this code."))
        return affiliate
