"""The rooms ..."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Field, Model
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

# Lowest first. What is not ours (Django, allauth) is below all of it.
LOCAL_APPS = [
    "audit",
    "accounts",
    "mail",
    "affiliates",
    "agreements",
    "tracking",
    "payouts",
    "compliance",
    "shops",
    "portal",
]
MODELS = [model for model in apps.get_models() if model._meta.app_label in LOCAL_APPS]


def get_layer(model: type[Model]) -> int:
    room = model._meta.app_label
    return LOCAL_APPS.index(room) if room in LOCAL_APPS else -1


# Lower apps name an account by AUTH_USER_MODEL, as any reusable app does.
USER_MODEL = get_user_model()


def is_upward(field: "Field[object, object]") -> bool:
    if field.related_model is USER_MODEL:
        return False
    return field.related_model is not None and get_layer(field.related_model) > get_layer(field.model)


def test_are_these() -> None:
    assert settings.LOCAL_APPS == LOCAL_APPS
    assert {model._meta.app_label for model in MODELS} > {"accounts", "audit", "mail", "affiliates", "payouts"}


def test_import_only_rooms_below_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_imports(no_cache=True, no_logo=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_have_no_key_that_points_upward(model: type[Model]) -> None:
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    assert [field.name for field in fields if is_upward(field)] == []
