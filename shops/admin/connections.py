"""Shop connections in the admin: added, set up, watched, paused, deleted (specification 11)."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from lib.admin.actions import CONFIRMED, ReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_changelist_url, render_admin_page
from lib.admin.staff_action import StaffAction, StaffPage
from lib.errors import NotAllowed
from lib.typed import action
from payouts.admin.bases import money_page
from payouts.admin.csv_import import serve_import
from shops import rejects
from shops.admin.connection_categories import serve_categories, serve_repricing
from shops.admin.connection_forms import (
    ApiAddressForm,
    ApiKeyForm,
    CreateConnectionForm,
    PauseForm,
    RequeueForm,
    ResumeForm,
    SecretForm,
    build_settings_form,
)
from shops.admin.connection_page import build_context
from shops.admin.guide import render_guide, serve_file
from shops.admin.product_import import ProductImport
from shops.connectors import connections
from shops.connectors.registry import get_connector
from shops.models import ApiFailure, Connection, Platform, ShopEvent

ADD, CHANGE = "shops.add_connection", "shops.change_connection"
State = Connection.State
NOT_DELETED = ~Q(state=State.DELETED)


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    ordering = ("name",)
    list_display = ("name", "platform", "state", "prefix", "last_event", "api", "created_at")
    list_filter = ("state", "platform")
    search_fields = ("name", "prefix")
    actions_list = ("connect", "guide")
    actions_detail = (
        *("categories", "change_settings", "replace_secret", "set_api_key", "upload_products", "requeue"),
        *("pause", "resume", "remove", "reprice"),
    )
    # As buttons of a connection's page; the others are linked from where they matter.
    buttons = (
        "categories",
        "change_settings",
        "replace_secret",
        "set_api_key",
        "upload_products",
        "pause",
        "resume",
        "remove",
    )

    class Media:
        js = ("copy.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        last = ShopEvent.objects.filter(connection=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
        fails = Exists(ApiFailure.objects.filter(connection=OuterRef("pk")))
        shown: QuerySet[Any] = super().get_queryset(request).annotate(last_event_at=Subquery(last), api_fails=fails)
        return shown

    @admin.display(description=gettext_lazy("last event"), ordering="last_event_at")
    def last_event(self, connection: Any) -> Any:
        return connection.last_event_at or "-"

    @admin.display(description=gettext_lazy("API"))
    def api(self, connection: Any) -> Any:
        if not connection.api_key:
            return "-"
        return _("fails") if connection.api_fails else _("key is set")

    @StaffPage(gettext_lazy("Connect a shop"), permission=ADD)
    def connect(self, request: HttpRequest) -> HttpResponse:
        """Ask for platform, name and secret, add the connection, and show a generated secret once."""
        form = CreateConnectionForm(request.POST if request.method == "POST" else None)

        def create() -> HttpResponse:
            by = staff_member(request)
            made, secret = connections.create_connection(**form.cleaned_data, now=timezone.now(), by=by)
            return self._show_secret(request, made, secret) if secret else HttpResponseRedirect(_get_url(made))

        return self._serve_form(request, form, _("Connect a shop"), build_changelist_url(Connection), create)

    @action(description=gettext_lazy("How to connect a shop"), permissions=["view"])
    def guide(self, request: HttpRequest) -> HttpResponse:
        """Show the documentation of connections, or the picture or file of it that `?file=` names."""
        if name := request.GET.get("file", ""):
            return serve_file(name)
        back = build_changelist_url(Connection)
        return money_page(
            self, request, "admin/shops/guide.html", _("How to connect a shop"), guide=render_guide(), back=back
        )

    @StaffPage(gettext_lazy("Replace secret"), permission=CHANGE, rows=NOT_DELETED)
    def replace_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace the secret, and show a generated one once; the old one stays valid for two days."""
        connection = get_object_or_404(Connection, pk=object_id)
        form = SecretForm(request.POST if request.method == "POST" else None)

        def replace() -> HttpResponse:
            now, by = timezone.now(), staff_member(request)
            secret = connections.replace_secret(connection=connection, **form.cleaned_data, now=now, by=by)
            connection.refresh_from_db()
            return self._show_secret(request, connection, secret)

        title = _("Replace the secret of %(name)s") % {"name": connection}
        explanation = _(
            "The old secret stays valid for two days, so that no event is lost until the shop uses the new one."
        )
        return self._serve_form(request, form, title, _get_url(connection), replace, explanation=explanation)

    @StaffPage(gettext_lazy("Settings"), permission=CHANGE, rows=NOT_DELETED)
    def change_settings(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = get_object_or_404(Connection, pk=object_id)
        form, initial, options = build_settings_form(connection)
        return run_action(
            request, self, form, _("Change settings of %(name)s") % {"name": connection},
            lambda answers: connections.change_settings(
                connection=connection, completion=answers["completion"], completion_days=answers["completion_days"],
                options={name: answers[name] for name in options}, reason=answers["reason"], now=timezone.now(),
                by=staff_member(request),
            ),
            _get_url(connection), initial=initial,
            explanation=_("Settings apply to events from now on, and to an order with its next event."),
            success_message=_("Settings saved."),
        )  # fmt: skip

    @StaffPage(gettext_lazy("API key"), permission=CHANGE, rows=NOT_DELETED)
    def set_api_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = get_object_or_404(Connection, pk=object_id)
        connector = get_connector(connection)
        form = ApiKeyForm if connector.api_url else ApiAddressForm
        has_key = _("A key is set.") if connection.api_key else _("No key is set.")
        return run_action(
            request, self, form, _("Save API key of %(name)s") % {"name": connection},
            lambda answers: connections.set_api_key(
                connection=connection, **{"api_url": "", **answers}, now=timezone.now(), by=staff_member(request)
            ),
            _get_url(connection), initial={"api_url": connection.api_url},
            explanation=f"{has_key} {connector.api_advice}",
            success_message=_("API key saved."),
        )  # fmt: skip

    pause = StaffAction(
        gettext_lazy("Pause"),
        permission=CHANGE,
        rows=Q(state=State.ACTIVE),
        form=PauseForm,
        do=lambda row, answers, now, by: connections.pause(connection=row, now=now, by=by, **answers),
        title=lambda row: _("Pause %(name)s") % {"name": row},
        explanation=gettext_lazy("Events that arrive are stored and processed once the connection is resumed."),
        success=gettext_lazy("Connection paused."),
    )
    resume = StaffAction(
        gettext_lazy("Resume"),
        permission=CHANGE,
        rows=Q(state=State.PAUSED),
        form=ResumeForm,
        do=lambda row, answers, now, by: connections.resume(connection=row, now=now, by=by, **answers),
        title=lambda row: _("Resume %(name)s") % {"name": row},
        explanation=gettext_lazy("Events that arrived in the meantime are processed now."),
        success=gettext_lazy("Connection resumed."),
    )
    remove = StaffAction(
        gettext_lazy("Delete"),
        permission=CHANGE,
        rows=NOT_DELETED,
        variant="danger",
        form=ReasonForm,
        do=lambda row, answers, now, by: connections.delete(connection=row, now=now, by=by, **answers),
        title=lambda row: _("Delete %(name)s") % {"name": row},
        explanation=gettext_lazy(
            "The webhook address answers 404 from now on, and events that wait are not processed. Orders, commissions and"
            " this page stay. This cannot be undone."
        ),
        success=gettext_lazy("Connection deleted."),
    )

    @StaffPage(gettext_lazy("Process again"), permission=CHANGE, rows=NOT_DELETED)
    def requeue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Process rejected events again: the one that the query names, or all."""
        connection = get_object_or_404(Connection, pk=object_id)
        events = connection.events.filter(state=ShopEvent.State.REFUSED)
        if chosen := request.GET.get("event"):
            events = events.filter(delivery=chosen)
        title = _("Process again: %(count)d rejected events") % {"count": events.count()}
        return run_action(
            request, self, RequeueForm, title,
            lambda answers: rejects.requeue_events(
                events=events, now=timezone.now(), by=staff_member(request), **answers
            ),
            _get_url(connection),
            explanation=_(
                "Their rejected orders are closed. What is rejected again becomes a new row. At most 1,000 events"
                " are processed at a time."
            ),
            success_message=_("The events are processed within a minute."),
        )  # fmt: skip

    @StaffPage(gettext_lazy("Upload products"), permission=CHANGE, rows=NOT_DELETED)
    def upload_products(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return serve_import(self, request, ProductImport(get_object_or_404(Connection, pk=object_id)))

    @StaffPage(gettext_lazy("Categories"), permission=CHANGE)
    def categories(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return serve_categories(self, request, get_object_or_404(Connection, pk=object_id))

    @StaffPage(gettext_lazy("Apply mappings to orders"), permission=CHANGE)
    def reprice(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return serve_repricing(self, request, get_object_or_404(Connection, pk=object_id))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the connection: webhook address, checklist, figures and last events."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        connection = get_object_or_404(Connection.objects.select_related("created_by"), pk=object_id)
        return money_page(
            self, request, "admin/shops/connection.html", connection.name, buttons=self._list_buttons(request, object_id),
            has_api=get_connector(connection).has_api,
            can_change=request.user.has_perm(CHANGE), now=timezone.now(),
            requeue_url=_get_url(connection, "requeue"), categories_url=_get_url(connection, "categories"),
            back=build_changelist_url(Connection), **build_context(connection, request.GET.get("state", "")),
        )  # fmt: skip

    def _list_buttons(self, request: HttpRequest, object_id: str) -> list[dict[str, Any]]:
        allowed = [name for name in self.buttons if getattr(self, f"has_{name}_permission")(request, object_id)]
        paths = {
            "label": _("Paths of the shop's JSON"),
            "address": reverse("shops:generic_paths", args=[object_id]),
            "variant": "default",
        }
        connection = Connection.objects.get(pk=object_id)
        has_paths = connection.platform == Platform.GENERIC and "change_settings" in allowed
        if "set_api_key" in allowed and not get_connector(connection).has_api:
            allowed.remove("set_api_key")
        return [paths] * has_paths + [
            {
                "label": getattr(self, name).short_description,
                "address": reverse(f"admin:shops_connection_{name}", args=[object_id]),
                "variant": "danger" if name == "remove" else "default",
            }
            for name in allowed
        ]

    def _serve_form(
        self, request: HttpRequest, form: forms.Form, title: str, back: str, do: Callable[[], HttpResponse], *,
        explanation: str = "",
    ) -> HttpResponse:  # fmt: skip
        if form.is_bound and form.is_valid():
            try:
                return do()
            except ValidationError as error:
                form.add_error(None, error)
            except NotAllowed as error:
                form.add_error(None, str(error))
        return render_admin_page(
            self, request, "admin/confirm.html", title, form=form, back=back, explanation=explanation,
            carried=[(CONFIRMED, "1")],
        )  # fmt: skip

    def _show_secret(self, request: HttpRequest, connection: Connection, secret: str) -> HttpResponse:
        """Show a generated secret in this response only, or go to the page of the connection."""
        if not secret:
            return HttpResponseRedirect(_get_url(connection))
        response = render_admin_page(
            self, request, "admin/shops/connection_secret.html", _("Secret of %(name)s") % {"name": connection},
            connection=connection, secret=secret, back=_get_url(connection),
        )  # fmt: skip
        response["Cache-Control"] = "no-store"
        return response


def _get_url(connection: Connection, to: str = "change") -> str:
    return reverse(f"admin:shops_connection_{to}", args=[connection.pk])
