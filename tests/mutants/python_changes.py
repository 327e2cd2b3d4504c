"""Every small change of a module's Python: one mutant each, as a syntax tree."""

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

# A node as it is and as it is to be: None removes a statement.
Change = tuple[ast.AST, ast.AST | None]


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """The mutants of a module, in order of lines; texts for people, annotations and type hints stay as they are."""
    tree = ast.parse(source)
    for place, node in enumerate(list(_walk(tree))):
        for number, _change in enumerate(_changes(node)):
            copy = deepcopy(tree)
            old, new = list(_changes(list(_walk(copy))[place]))[number]
            before = ast.unparse(old)
            changed = ast.fix_missing_locations(_Replace(old, new).visit(copy))
            shown = _shown(before, ast.unparse(new) if new else "removed")
            yield Mutant(module, getattr(old, "lineno", 0), shown, changed)
    yield from _in_sql(module, source, tree)


def _in_sql(module: str, source: str, tree: ast.Module) -> Iterator[Mutant]:
    for place, node in enumerate(list(_walk(tree))):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and sql_changes.is_sql(node.value)):
            continue
        for offset, change, text in sql_changes.changes(node.value):
            copy = deepcopy(tree)
            target = list(_walk(copy))[place]
            assert isinstance(target, ast.Constant)
            target.value = text
            yield Mutant(module, node.lineno + node.value.count("\n", 0, offset), f"SQL: {change}", copy)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but docstrings and annotations, in order of the source."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not text:
                yield child
                yield from _walk(child)


def _changes(node: ast.AST) -> Iterator[Change]:
    for kind, change in _KINDS:
        if isinstance(node, kind):
            yield from change(node)


def _with(node: Any, **values: Any) -> Any:
    new = deepcopy(node)
    for name, value in values.items():
        setattr(new, name, value)
    return new


def _compare(node: ast.Compare) -> Iterator[Change]:
    for place, operator in enumerate(node.ops):
        ops = list(node.ops)
        ops[place] = _COMPARE[type(operator)]()
        yield node, _with(node, ops=ops)


def _boolean(node: ast.BoolOp) -> Iterator[Change]:
    yield node, _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if len(node.values) > 2:
        yield from ((node, _with(node, values=node.values[:n] + node.values[n + 1 :])) for n in range(len(node.values)))


def _arithmetic(node: ast.BinOp) -> Iterator[Change]:
    text = isinstance(node.left, ast.Constant | ast.Call | ast.JoinedStr) and isinstance(node.op, ast.Mod)
    if not text and type(node.op) in _ARITHMETIC:
        yield node, _with(node, op=_ARITHMETIC[type(node.op)]())


def _unary(node: ast.UnaryOp) -> Iterator[Change]:
    yield node, node.operand


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield node, ast.Constant(not value)
    elif isinstance(value, int):
        yield node, ast.Constant(value + 1)
    elif isinstance(value, str) and value.replace(".", "", 1).isdigit():
        yield node, ast.Constant(value[:-1] + str((int(value[-1]) + 1) % 10))


def _return(node: ast.Return) -> Iterator[Change]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield node, ast.Return(ast.Constant(None))


def _statement(node: ast.stmt) -> Iterator[Change]:
    yield node, None


def _test(node: ast.If | ast.IfExp) -> Iterator[Change]:
    if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield node.test, ast.UnaryOp(ast.Not(), deepcopy(node.test))


def _filtered(node: ast.comprehension) -> Iterator[Change]:
    for condition in node.ifs:
        yield condition, ast.Constant(True)


def _lookup(node: ast.Call) -> Iterator[Change]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("filter", "exclude"):
        for keyword in node.keywords:
            yield node, _with(node, keywords=[k for k in deepcopy(node.keywords) if k.arg != keyword.arg])


def _ordered(node: ast.Call) -> Iterator[Change]:
    if isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        yield node, _with(node, func=ast.Name("max" if node.func.id == "min" else "min", ast.Load()))


_KINDS: tuple[tuple[Any, Callable[[Any], Iterator[Change]]], ...] = (
    (ast.Compare, _compare), (ast.BoolOp, _boolean), (ast.BinOp, _arithmetic), (ast.UnaryOp, _unary),
    (ast.Constant, _constant), (ast.Return, _return),
    (ast.Expr | ast.Raise | ast.AugAssign | ast.Break | ast.Continue, _statement),
    (ast.If | ast.IfExp, _test), (ast.comprehension, _filtered), (ast.Call, _lookup), (ast.Call, _ordered),
)  # fmt: skip


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self.old:
            return self.new or ast.Pass()
        return self.generic_visit(node)


def _shown(before: str, after: str) -> str:
    """Both on one line, from where they begin to differ on where they are long."""
    before, after = (" ".join(text.split()) for text in (before, after))
    start = 0
    if after != "removed" and len(before) > 40:
        same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = max(0, same - 20)
    cut = ["…" * (start > 0) + text[start : start + 60] + "…" * (len(text) > start + 60) for text in (before, after)]
    return f"`{cut[0]}` → {'removed' if after == 'removed' else f'`{cut[1]}`'}"
