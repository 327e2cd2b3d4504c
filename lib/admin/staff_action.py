"""Admin actions of staff, each declared once: button, permission, offered rows, form and effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.admin.actions import ConfirmForm, Preview, run_action
from lib.admin.bulk_action import run_for_each
from lib.admin.confirmation import Fact, run_checked_action
from lib.typed import action

Label = str | Promise
Do = Callable[[Any, dict[str, Any], datetime, Any], object]
Explanation = Label | Callable[[Any], Label]
Facts = Callable[[Any, dict[str, Any]], Sequence[Fact]]
Permission = str | Callable[[HttpRequest], bool]
Rows = Q | Callable[[HttpRequest], Q]
# The attribute of an admin with the `rows` of its actions, by their names.
OFFERED_ROWS = "offered_rows"
MakePreview = Callable[[Any, dict[str, Any] | None, datetime, Any], Preview | None]
# Links of a list to an action name its filters, so that staff get back to the same list.
LIST_QUERY = "_changelist_filters"


class StaffAction:
    """An action in the body of a ModelAdmin.

        suspend = StaffAction(
            _("Suspend"), permission="compliance.suspend_affiliate", rows=Q(state="active"), form=ReasonForm,
            do=lambda affiliate, answers, now, by: suspend(affiliate=affiliate, now=now, by=by, **answers),
        )

    Name it in `actions_detail` for a button on a row's page, or in `actions_list` for a button above the list, where
    `row` is None. With `list_label` it is also offered for the rows selected in a list: name `suspend_selected` in
    `actions`.

    Each selected row is done or skipped on its own (`lib.admin.bulk_action`). `find_obstacle(row)` says why a row that
    has the button would be skipped, or "": the page of such a row says so in place of its form. `list_success(count)`
    is the success message. `preview(row, answers, now, by)` returns the e-mail that will be sent; the answers are None
    before the form is filled in.

    `permission` is a Django permission ("app.codename") or a function of the request. `rows` are the rows that get
    the button, or a function of the request if they differ by user, as for a second approval. A POST for another row
    is passed on, so that the domain function says why it is too late. `do(row, answers, now, by)` gets the answers of
    `form`, which may be a function of the row, runs in one transaction, and refuses with ValidationError, NotAllowed
    or PermissionDenied. `facts(row, answers)` says what will change (`lib.admin.confirmation`): beside the form of a
    row, without answers; in a second step without a row, and with `two_steps`, for what is grave. The second step
    shows the e-mail, too. `title`, `explanation` and `success` may be functions of the row; without a row, `success`
    may be a function of what `do` returned.
    """

    def __init__(
        self,
        label: Label,
        *,
        permission: Permission,
        do: Do,
        form: type[forms.Form] | Callable[[Any], type[forms.Form]] = ConfirmForm,
        rows: Rows | None = None,
        title: Explanation | None = None,
        explanation: Explanation = "",
        success: Explanation = "",
        facts: Facts | None = None,
        list_label: Label = "",
        list_title: str | Promise = "%s",
        list_success: Callable[[int], str] | None = None,
        find_obstacle: Callable[[Any], str] | None = None,
        preview: MakePreview | None = None,
        icon: str | None = None,
        variant: str | None = None,
        two_steps: bool = False,
    ) -> None:
        self.label, self.permission, self.do, self.form, self.rows = label, permission, do, form, rows
        self.title, self.explanation, self.success = title or label, explanation, success
        self.facts = facts
        self.list_label, self.list_title, self.list_success = list_label, list_title, list_success or _count_rows
        self.find_obstacle, self.preview = find_obstacle, preview
        self.icon, self.variant, self.two_steps = icon, variant, two_steps

    def __set_name__(self, owner: type[ModelAdmin[Any]], name: str) -> None:
        add_permission_check(owner, name, self.permission, self.rows)
        setattr(owner, name, self._build_button(name))
        if self.list_label:
            setattr(owner, f"{name}_selected", self._build_list_action(name))

    def _build_button(self, name: str) -> Any:
        def run(model_admin: ModelAdmin[Any], request: HttpRequest, object_id: str | None = None) -> HttpResponse:
            row = None if object_id is None else get_object_or_404(model_admin.get_queryset(request), pk=object_id)
            preview = self._bind_preview(request)
            return self._get_runner(row)(
                request,
                model_admin,
                self._get_form(row),
                _resolve_text(self.title, row),
                lambda answers: self.do(row, answers, timezone.now(), request.user),
                _build_back_url(request, model_admin, object_id),
                explanation=_resolve_text(self.explanation, row),
                success_message=(
                    self.success if row is None and callable(self.success) else _resolve_text(self.success, row)
                ),
                variant=self.variant or "primary",
                obstacle=self.find_obstacle(row) if self.find_obstacle and row is not None else "",
                **({"preview": partial(preview, row)} if preview else {}),
            )

        run.__name__ = name
        decorate = action(description=self.label, permissions=[name], icon=self.icon, variant=self.variant or "default")
        return decorate(run)

    def _get_form(self, row: Any) -> type[forms.Form]:
        """Return the form for `row`, None for the selected rows of a list."""
        return self.form if isinstance(self.form, type) else self.form(row)

    def _get_runner(self, row: Any) -> Callable[..., HttpResponse]:
        if self.facts is None:
            return run_action
        if row is None:
            return partial(run_checked_action, check=partial(self.facts, None))
        if self.two_steps:
            return partial(run_checked_action, check=partial(self.facts, row), facts=self.facts(row, {}))
        return partial(run_action, facts=self.facts(row, {}))

    def _build_list_action(self, name: str) -> Any:
        def run(model_admin: ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
            return run_for_each(
                request,
                model_admin,
                queryset,
                self._get_form(None),
                str(self.list_title),
                lambda row, answers: self.do(row, answers, timezone.now(), request.user),
                find_obstacles=self._find_obstacles,
                count_done=self.list_success,
                explanation="" if callable(self.explanation) else str(self.explanation),
                variant=self.variant or "primary",
                preview=self._bind_preview(request),
            )

        run.__name__ = f"{name}_selected"
        return admin.action(description=str(self.list_label), permissions=[name])(run)

    def _find_obstacles(self, rows: Sequence[Any]) -> dict[Any, str]:
        """Return why `rows` would be skipped, by primary key."""
        obstacles = {}
        if isinstance(self.rows, Q) and rows:
            allowed = type(rows[0])._default_manager.filter(self.rows, pk__in=[row.pk for row in rows])
            possible = set(allowed.values_list("pk", flat=True))
            reason = _("Not possible in its present state.")
            obstacles = {row.pk: reason for row in rows if row.pk not in possible}
        if self.find_obstacle:
            found = ((row.pk, self.find_obstacle(row)) for row in rows if row.pk not in obstacles)
            obstacles |= {pk: reason for pk, reason in found if reason}
        return obstacles

    def _bind_preview(self, request: HttpRequest) -> Callable[[Any, Any], Preview | None] | None:
        make = self.preview
        return None if make is None else lambda row, answers: make(row, answers, timezone.now(), request.user)


class StaffPage:
    """A decorator of a ModelAdmin method that renders its own page; `permission` and `rows` are as in StaffAction."""

    def __init__(
        self,
        label: Label,
        *,
        permission: Permission,
        rows: Rows | None = None,
        url_path: str | None = None,
        icon: str | None = None,
        variant: str | None = None,
    ) -> None:
        self.label, self.permission, self.rows = label, permission, rows
        self.url_path, self.icon, self.variant = url_path, icon, variant

    def __call__(self, view: Callable[..., HttpResponseBase]) -> StaffPage:
        self.view = view
        return self

    def __set_name__(self, owner: type[ModelAdmin[Any]], name: str) -> None:
        add_permission_check(owner, name, self.permission, self.rows)
        decorate = action(
            description=self.label,
            permissions=[name],
            url_path=self.url_path,
            icon=self.icon,
            variant=self.variant or "default",
        )
        setattr(owner, name, decorate(self.view))


def add_permission_check(owner: type[ModelAdmin[Any]], name: str, permission: Permission, rows: Rows | None) -> None:
    """Add a method to `owner`: who holds `permission` may do the action `name`, and sees its button on `rows` alone."""

    def check(model_admin: ModelAdmin[Any], request: HttpRequest, object_id: str | None = None) -> bool:
        if not (permission(request) if callable(permission) else request.user.has_perm(permission)):
            return False
        if rows is None or not object_id or request.method == "POST":
            return True
        return name in _list_offered(model_admin, request, object_id)

    if rows is not None:
        setattr(owner, OFFERED_ROWS, {**vars(owner).get(OFFERED_ROWS, {}), name: rows})
    setattr(owner, f"has_{name}_permission", check)


def _list_offered(model_admin: ModelAdmin[Any], request: HttpRequest, object_id: str) -> set[str]:
    """Return the actions whose `rows` include this one: one query for all the buttons of a page."""
    offered: dict[tuple[object, str], set[str]] = vars(request).setdefault("_offered_actions", {})
    key = (model_admin.model, object_id)
    if key not in offered:
        classes = reversed(type(model_admin).__mro__)
        rows = {name: one for each in classes for name, one in vars(each).get(OFFERED_ROWS, {}).items()}
        conditions = {
            f"offers_{name}": Case(When(one(request) if callable(one) else one, then=Value(True)), default=Value(False))
            for name, one in rows.items()
        }
        found = model_admin.model._default_manager.filter(pk=object_id).values(**conditions).first() or {}
        offered[key] = {name for name in rows if found.get(f"offers_{name}")}
    return offered[key]


def _resolve_text(text: Explanation, row: Any) -> str:
    resolved = text(row) if callable(text) else text
    # A safe string keeps its links.
    return resolved if isinstance(resolved, str) else str(resolved)


def _count_rows(count: int) -> str:
    return ngettext("%(count)d row done.", "%(count)d rows done.", count) % {"count": count}


def _build_back_url(request: HttpRequest, model_admin: ModelAdmin[Any], object_id: str | None) -> str:
    """Return the row's page, or the list if a link of the list led to the action."""
    if LIST_QUERY not in request.GET:
        return _build_url(model_admin, object_id)
    query = QueryDict(request.GET[LIST_QUERY]).urlencode()
    return _build_url(model_admin, None) + (f"?{query}" if query else "")


def _build_url(model_admin: ModelAdmin[Any], object_id: str | None) -> str:
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"
    return reverse(f"{name}_change", args=[object_id]) if object_id else reverse(f"{name}_changelist")
