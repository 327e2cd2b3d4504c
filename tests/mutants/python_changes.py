"""Every small change of a module's Python code, each as a mutant with its own syntax tree."""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from tests.mutants import sql_changes


class Mutant(NamedTuple):
    module: str
    line: int
    change: str
    tree: ast.Module


_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip

# A node and its replacement: None removes a statement.
Change = tuple[ast.AST, ast.AST | None]


def list_mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield the mutants of a module in the order of its source; texts for people and annotations are not changed."""
    tree = ast.parse(source)
    for index, node in enumerate(list(_walk(tree))):
        for number, _change in enumerate(_list_changes(node)):
            copy = deepcopy(tree)
            old, new = list(_list_changes(list(_walk(copy))[index]))[number]
            before = ast.unparse(old)
            changed = ast.fix_missing_locations(_Replace(old, new).visit(copy))
            description = _describe(before, ast.unparse(new) if new else "removed")
            yield Mutant(module, getattr(old, "lineno", 0), description, changed)
    yield from _list_sql_mutants(module, tree)


def _list_sql_mutants(module: str, tree: ast.Module) -> Iterator[Mutant]:
    for index, node in enumerate(list(_walk(tree))):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and sql_changes.is_sql(node.value)):
            continue
        for offset, change, text in sql_changes.list_changes(node.value):
            copy = deepcopy(tree)
            target = list(_walk(copy))[index]
            assert isinstance(target, ast.Constant)
            target.value = text
            yield Mutant(module, node.lineno + node.value.count("\n", 0, offset), f"SQL: {change}", copy)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except docstrings and annotations, in the order of the source."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not is_docstring:
                yield child
                yield from _walk(child)


def _list_changes(node: ast.AST) -> Iterator[Change]:
    for kind, change in _CHANGES_BY_KIND:
        if isinstance(node, kind):
            yield from change(node)


def _copy_with(node: Any, **values: Any) -> Any:
    new = deepcopy(node)
    for name, value in values.items():
        setattr(new, name, value)
    return new


def _change_comparison(node: ast.Compare) -> Iterator[Change]:
    for index, operator in enumerate(node.ops):
        ops = list(node.ops)
        ops[index] = _COMPARE[type(operator)]()
        yield node, _copy_with(node, ops=ops)


def _change_boolean(node: ast.BoolOp) -> Iterator[Change]:
    yield node, _copy_with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if len(node.values) > 2:
        for index in range(len(node.values)):
            yield node, _copy_with(node, values=node.values[:index] + node.values[index + 1 :])


def _change_arithmetic(node: ast.BinOp) -> Iterator[Change]:
    is_formatting = isinstance(node.left, ast.Constant | ast.Call | ast.JoinedStr) and isinstance(node.op, ast.Mod)
    if not is_formatting and type(node.op) in _ARITHMETIC:
        yield node, _copy_with(node, op=_ARITHMETIC[type(node.op)]())


def _remove_unary(node: ast.UnaryOp) -> Iterator[Change]:
    yield node, node.operand


def _change_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield node, ast.Constant(not value)
    elif isinstance(value, int):
        yield node, ast.Constant(value + 1)
    elif isinstance(value, str) and value.replace(".", "", 1).isdigit():
        yield node, ast.Constant(value[:-1] + str((int(value[-1]) + 1) % 10))


def _return_none(node: ast.Return) -> Iterator[Change]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield node, ast.Return(ast.Constant(None))


def _remove_statement(node: ast.stmt) -> Iterator[Change]:
    yield node, None


def _negate_condition(node: ast.If | ast.IfExp) -> Iterator[Change]:
    if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield node.test, ast.UnaryOp(ast.Not(), deepcopy(node.test))


def _remove_comprehension_filter(node: ast.comprehension) -> Iterator[Change]:
    for condition in node.ifs:
        yield condition, ast.Constant(True)


def _remove_lookup(node: ast.Call) -> Iterator[Change]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("filter", "exclude"):
        for keyword in node.keywords:
            yield node, _copy_with(node, keywords=[k for k in deepcopy(node.keywords) if k.arg != keyword.arg])


def _swap_min_and_max(node: ast.Call) -> Iterator[Change]:
    if isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        yield node, _copy_with(node, func=ast.Name("max" if node.func.id == "min" else "min", ast.Load()))


_CHANGES_BY_KIND: tuple[tuple[Any, Callable[[Any], Iterator[Change]]], ...] = (
    (ast.Compare, _change_comparison),
    (ast.BoolOp, _change_boolean),
    (ast.BinOp, _change_arithmetic),
    (ast.UnaryOp, _remove_unary),
    (ast.Constant, _change_constant),
    (ast.Return, _return_none),
    (ast.Expr | ast.Raise | ast.AugAssign | ast.Break | ast.Continue, _remove_statement),
    (ast.If | ast.IfExp, _negate_condition),
    (ast.comprehension, _remove_comprehension_filter),
    (ast.Call, _remove_lookup),
    (ast.Call, _swap_min_and_max),
)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self.old:
            return self.new or ast.Pass()
        return self.generic_visit(node)


def _describe(before: str, after: str) -> str:
    """Return both texts on one line, long ones shortened to the part where they differ."""
    before, after = (" ".join(text.split()) for text in (before, after))
    start = 0
    if after != "removed" and len(before) > 40:
        first_difference = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = max(0, first_difference - 20)
    end = start + 60
    cut = ["…" * (start > 0) + text[start:end] + "…" * (len(text) > end) for text in (before, after)]
    return f"`{cut[0]}` → {'removed' if after == 'removed' else f'`{cut[1]}`'}"
