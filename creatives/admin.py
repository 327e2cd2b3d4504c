"""Creatives in the admin: uploaded, changed and withdrawn by staff, with what they brought."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from agreements.program_currency import get_program_currency
from creatives import affiliate_links, image_responses, library
from creatives.forms import BannerForm, ChangeForm, TextForm
from creatives.models import Creative
from lib.admin.actions import ReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin, cache_on_row
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_money


def _explain_withdrawal(creative: Creative) -> str:
    number = library.count_recipients(creative)
    notice = ngettext(
        "%(number)d affiliate who has its link gets an e-mail with your reason.",
        "%(number)d affiliates who have its link get an e-mail with your reason.",
        number,
    ) % {"number": number}
    if creative.kind == Creative.Kind.TEXT:
        effect = _(
            "Affiliates no longer find the text and are asked to remove it where they use it. Links in it keep working."
        )
    else:
        effect = _(
            "The banner is replaced by a neutral image wherever it is shown, within five minutes. Links keep working."
        )
    return f"{effect} {notice} {_('A withdrawal cannot be undone.')}"


@admin.register(Creative)
class CreativeAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "state", "size", "channel_types", "language", "active_from", "active_until")
    list_filter = ("kind", ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "target", "body")
    search_help_text = gettext_lazy("Search by title, text or landing page")
    fields = (
        *("title", "kind", "state", "preview", "size", "alternative_text", "body", "target", "channel_types"),
        *("language", "active_from", "active_until", "usage", "created_at", "created_by"),
        *("withdrawn_at", "withdrawn_by", "withdrawal_reason"),
    )
    readonly_fields = ("state", "preview", "size", "channel_types", "usage")
    actions_list = ("upload_banner", "upload_text")
    actions_detail = ("edit", "withdraw")

    upload_banner = StaffAction(
        gettext_lazy("Upload a banner"),
        permission="creatives.add_creative",
        form=BannerForm,
        do=lambda _row, answers, now, by: library.upload_banner(**answers, now=now, by=by),
        success=gettext_lazy("Banner uploaded. Affiliates find it under Creatives."),
        icon="add_photo_alternate",
    )
    upload_text = StaffAction(
        gettext_lazy("Add a text"),
        permission="creatives.add_creative",
        form=TextForm,
        do=lambda _row, answers, now, by: library.upload_text(**answers, now=now, by=by),
        success=gettext_lazy("Text added. Affiliates find it under Creatives."),
        icon="post_add",
    )
    withdraw = StaffAction(
        gettext_lazy("Withdraw"),
        permission="creatives.change_creative",
        rows=Q(withdrawn_at=None),
        form=ReasonForm,
        do=lambda creative, answers, now, by: library.withdraw_creative(creative=creative, now=now, by=by, **answers),
        title=lambda creative: _("Withdraw %s") % creative,
        explanation=_explain_withdrawal,
        success=lambda creative: _("%s withdrawn.") % creative,
        icon="block",
        variant="danger",
    )

    @StaffPage(gettext_lazy("Edit"), permission="creatives.change_creative", rows=Q(withdrawn_at=None), icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        creative = get_object_or_404(Creative, pk=object_id)

        def save(answers: dict[str, Any]) -> None:
            library.change_creative(creative=creative, **answers, now=timezone.now(), by=staff_member(request))

        return run_action(
            request,
            self,
            ChangeForm,
            _("Edit %s") % creative,
            save,
            reverse("admin:creatives_creative_change", args=[object_id]),
            success_message=_("Creative saved."),
            explanation=_("To use another image, text or landing page, upload a new creative and withdraw this one."),
            initial={name: getattr(creative, name) for name in ChangeForm.base_fields},
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.show_preview)
        return [path("<uuid:object_id>/image/", view, name="creatives_creative_image"), *super().get_urls()]

    def show_preview(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Return the banner's own image, also before its start and after its withdrawal."""
        if not request.user.has_perm("creatives.view_creative"):
            raise PermissionDenied
        banners = Creative.objects.filter(kind=Creative.Kind.BANNER)
        return image_responses.build_preview_response(get_object_or_404(banners, pk=object_id))

    @admin.display(description=gettext_lazy("state"))
    def state(self, creative: Creative) -> str:
        return str(creative.get_state(timezone.now()).label)

    @admin.display(description=gettext_lazy("size in pixels"), ordering="width")
    def size(self, creative: Creative) -> str:
        return creative.size or "-"

    @admin.display(description=gettext_lazy("channel types"))
    def channel_types(self, creative: Creative) -> str:
        return creative.channel_labels

    @admin.display(description=gettext_lazy("preview"))
    def preview(self, creative: Creative) -> SafeString | str:
        if creative.kind == Creative.Kind.TEXT:
            return "-"
        return format_html(
            '<img src="{}" alt="{}" width="{}" height="{}">',
            reverse("admin:creatives_creative_image", args=[creative.pk]),
            creative.alternative_text,
            creative.width,
            creative.height,
        )

    @admin.display(description=gettext_lazy("usage"))
    @cache_on_row
    def usage(self, creative: Creative) -> str:
        used = affiliate_links.measure_usage(creative)
        counts = _("Copied by %(copies)d, %(clicks)d clicks, %(orders)d orders, %(commission)s commission")
        commission = format_money(used.commission, get_program_currency())
        return counts % {**used._asdict(), "commission": commission}
