"""Putting a changed module into a process in which the unchanged one is in use already."""

import ast
import inspect
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

_KEPT = {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__orig_bases__", "__annotations__"}


def graft(module: ModuleType, tree: ast.Module) -> None:
    """Make `module` what `tree` says, wherever it is used: functions get the new code, constants are exchanged."""
    fresh = ModuleType(module.__name__)
    fresh.__dict__.update({name: vars(module)[name] for name in ("__file__", "__package__", "__spec__", "__loader__")})
    exec(compile(tree, module.__file__ or "", "exec"), fresh.__dict__)
    _exchange(module, vars(module), vars(fresh), module.__name__)


def _exchange(holder: Any, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> None:
    for key, value in new.items():
        if key in _KEPT or (key.startswith("__") and holder.__name__ == name and isinstance(holder, ModuleType)):
            continue
        was = old.get(key)
        before, after = _function(was), _function(value)
        if before is not None and after is not None:
            if after.__module__ == name:
                before.__code__, before.__defaults__ = after.__code__, after.__defaults__
                before.__kwdefaults__ = after.__kwdefaults__
        elif isinstance(was, type) and isinstance(value, type):
            if value.__module__ == name:
                _exchange(was, dict(vars(was)), dict(vars(value)), name)
        elif isinstance(holder, ModuleType) and not isinstance(value, ModuleType) and was != value:
            _everywhere(key, was, value)


def _function(value: Any) -> FunctionType | None:
    """The function itself, without what decorates it."""
    if isinstance(value, property):
        value = value.fget
    found = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else value
    return found if isinstance(found, FunctionType) else None


def _everywhere(key: str, was: Any, value: Any) -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(key, ...) is was:
            setattr(module, key, value)
