"""Small changes of the source, each of which some test ought to notice: signs, borders, numbers, answers.

Left alone is what computes nothing: types, decorators, messages, words with numbers in them, to how many digits a
figure is told, guards against division by nothing, and arguments that only assert or tidy.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult,
}  # fmt: skip
_LOGIC = {ast.And: ast.Or, ast.Or: ast.And}
_SILENT = ("__all__", "TYPE_CHECKING")
_TIDY = ("strict", "copy", "missing_ok", "exist_ok", "parents", "ignore_errors", "daemon", "log_to_driver", "repr",
         "maxsize", "stacklevel")  # fmt: skip
_GUARD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of a file below `src`: its line, what stood there, what stands there now; source: the new file.

    lines: first and last of the statement. names: what the statement defines, where it stands in no function.
    """

    file: str
    line: int
    before: str
    after: str
    source: str
    lines: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"


def count_in(path: Path) -> int:
    """Return how many mutants a file has; words, types and messages of errors are left alone."""
    return sum(1 for _ in _changes(ast.parse(path.read_text(encoding="utf-8"))))


def mutant_of(path: Path, root: Path, place: int) -> Mutant:
    """Return one mutant of a file below `root`, by its number."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node, change = list(_changes(tree))[place]
    line, before = node.lineno, _short(node)
    statement, names = statement_at(tree, line)
    change()
    file = path.relative_to(root).as_posix()
    return Mutant(
        file=file, line=line, before=before, after=_short(node), source=ast.unparse(tree), lines=statement, names=names
    )


def statement_at(tree: ast.Module, line: int) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the first and last line of the innermost statement on a line, and what it defines outside of functions."""
    held, inside = None, False
    about: list[ast.stmt] = [one for one in tree.body if _covers(one, line)]
    while about:
        held = about[0]
        body = [one for name in ("body", "orelse", "finalbody", "handlers") for one in getattr(held, name, [])]
        about = [
            part for one in body for part in ([one] if isinstance(one, ast.stmt) else one.body) if _covers(part, line)
        ]
        inside |= bool(about) and isinstance(held, ast.FunctionDef)
    assert held is not None
    body = getattr(held, "body", None)
    last = body[0].lineno - 1 if body else held.end_lineno or held.lineno
    names = () if inside else tuple(_named(one) for one in _targets(held) if _named(one))
    return (held.lineno, max(last, held.lineno)), names


def _covers(statement: ast.stmt, line: int) -> bool:
    return statement.lineno <= line <= (statement.end_lineno or statement.lineno)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return [
            one for target in statement.targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])
        ]
    return [statement.target] if isinstance(statement, ast.AnnAssign) else []


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}..."


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, Callable[[], object]]]:
    for node in _walked(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARE:
            yield node, lambda node=node: node.ops.__setitem__(0, _COMPARE[type(node.ops[0])]())
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _ARITHMETIC:
            yield node, lambda node=node: setattr(node, "op", _ARITHMETIC[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            yield node, lambda node=node: setattr(node, "op", _LOGIC[type(node.op)]())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            yield node, lambda node=node: _turned(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float) and not _is_guard(node):
            yield node, lambda node=node: setattr(node, "value", _other(node.value))
        elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
            yield node, lambda node=node: setattr(node, "value", ast.Constant(None))


def _turned(node: ast.UnaryOp) -> None:
    """Take a sign or a `not` away."""
    if isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
    else:
        node.operand = ast.UnaryOp(op=ast.Not(), operand=node.operand)


def _other(value: float) -> float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 1.5 or 1.0


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_guard(node: ast.Constant) -> bool:
    return isinstance(node.value, float) and 0 < abs(node.value) <= _GUARD


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that say what is computed."""
    if isinstance(node, ast.Raise | ast.JoinedStr) or (
        isinstance(node, ast.Assign) and _named(node.targets[0]) in _SILENT
    ):
        return
    if isinstance(node, ast.If) and _named(node.test) in _SILENT:
        return
    if isinstance(node, ast.keyword) and node.arg in _TIDY:
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "args") and not isinstance(
            node, ast.Call
        ):
            continue
        digits = isinstance(node, ast.Call) and field == "args" and _named(node.func) == "round"
        for one in value[:1] if digits else value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                yield from _walked(one)


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
