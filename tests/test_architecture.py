"""Apps depend only on the apps below them, in imports and in foreign keys."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Field, Model
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

# Lowest first. Third-party apps are below all of them.
LOCAL_APPS = [
    "audit",
    "accounts",
    "mail",
    "affiliates",
    "agreements",
    "tracking",
    "payouts",
    "compliance",
    "creatives",
    "shops",
    "messaging",
    "portal",
]
MODELS = [model for model in apps.get_models() if model._meta.app_label in LOCAL_APPS]


def get_layer(model: type[Model]) -> int:
    label = model._meta.app_label
    return LOCAL_APPS.index(label) if label in LOCAL_APPS else -1


# Lower apps refer to users by AUTH_USER_MODEL, as any reusable app does.
USER_MODEL = get_user_model()


def is_upward(field: "Field[object, object]") -> bool:
    if field.related_model is USER_MODEL:
        return False
    return field.related_model is not None and get_layer(field.related_model) > get_layer(field.model)


def test_local_apps_are_listed_in_order() -> None:
    assert settings.LOCAL_APPS == LOCAL_APPS
    assert {model._meta.app_label for model in MODELS} > {"accounts", "audit", "mail", "affiliates", "payouts"}


def test_apps_import_only_apps_below_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_imports(no_cache=True, no_logo=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_model_has_no_foreign_key_to_a_higher_app(model: type[Model]) -> None:
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    assert [field.name for field in fields if is_upward(field)] == []
