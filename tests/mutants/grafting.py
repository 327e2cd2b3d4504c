"""Replace a module with its mutant in a process that already uses the module."""

import ast
import inspect
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

_UNCHANGED = {"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__orig_bases__", "__annotations__"}


def graft(module: ModuleType, tree: ast.Module) -> None:
    """Give the functions of `module` the code of `tree`, and replace changed constants wherever they are imported."""
    mutated = ModuleType(module.__name__)
    names = ("__file__", "__package__", "__spec__", "__loader__")
    mutated.__dict__.update({name: vars(module)[name] for name in names})
    exec(compile(tree, module.__file__ or "", "exec"), mutated.__dict__)
    _replace(module, vars(module), vars(mutated), module.__name__)


def _replace(owner: Any, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> None:
    for key, value in new.items():
        if key in _UNCHANGED or (key.startswith("__") and owner.__name__ == name and isinstance(owner, ModuleType)):
            continue
        old_value = old.get(key)
        before, after = _get_function(old_value), _get_function(value)
        if before is not None and after is not None:
            if after.__module__ == name:
                before.__code__, before.__defaults__ = after.__code__, after.__defaults__
                before.__kwdefaults__ = after.__kwdefaults__
        elif isinstance(old_value, type) and isinstance(value, type):
            if value.__module__ == name:
                _replace(old_value, dict(vars(old_value)), dict(vars(value)), name)
        elif isinstance(owner, ModuleType) and not isinstance(value, ModuleType) and old_value != value:
            _replace_constant(key, old_value, value)


def _get_function(value: Any) -> FunctionType | None:
    """Return the function without its decorators, None for other values."""
    if isinstance(value, property):
        value = value.fget
    function = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else value
    return function if isinstance(function, FunctionType) else None


def _replace_constant(key: str, old_value: Any, value: Any) -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(key, ...) is old_value:
            setattr(module, key, value)
