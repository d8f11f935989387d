"""Small slips, made by machine: an exercise's solution with one thing changed, again and again.

Where a checker calls such an answer right, its inputs or its comparison let a mistake through, or
the change makes no difference. The ones called right are listed in survivors.txt:

    python tests/exercises/mutants.py          count, and write the list
"""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Iterator
from pathlib import Path

from lenet_course.exercises import Exercise, checking, every_exercise

SURVIVORS = Path(__file__).with_name("survivors.txt")
SECONDS = 3.0
"""How long a mutant may run before it is taken for an endless loop."""

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
ROUNDED = {ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult}
TURNED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
TAKEN_FOR = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin"}
TAKEN_FOR |= {"argmin": "argmax", "amax": "amin", "zeros": "ones"}
NEEDS_GRADIENTS = ("backward", "autograd", "requires_grad")


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a slip may make of one node: what it is called, and the node in its place."""
    match node:
        case ast.BinOp(left, operator, right):
            for table, name in ((SIGNS, "sign"), (ROUNDED, "operator")):
                if type(operator) in table:
                    yield name, ast.BinOp(left, table[type(operator)](), right)
            yield "left out", left
            yield "left out", right
            if isinstance(operator, (ast.Sub, ast.Div, ast.MatMult, ast.FloorDiv)):
                yield "exchanged", ast.BinOp(right, operator, left)
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield "sign", operand
        case ast.Constant(bool(value)):
            yield "turned round", ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield "one more", ast.Constant(value + 1)
            yield "one less", ast.Constant(value - 1)
        case ast.Compare(left, [operator], [right]) if type(operator) in TURNED:
            yield "comparison", ast.Compare(left, [TURNED[type(operator)]()], [right])
        case ast.Attribute(value, "T" | "mT"):
            yield "no transpose", value
        case ast.Attribute(value, name) if name in TAKEN_FOR:
            yield "taken for another", ast.Attribute(value, TAKEN_FOR[name], node.ctx)
        case ast.Name(name) if name in TAKEN_FOR:
            yield "taken for another", ast.Name(TAKEN_FOR[name], node.ctx)
        case ast.Slice(lower, upper, step):
            yield from (("left out", part) for part in _shorter_slices(lower, upper, step))
    if isinstance(node, ast.Call):
        yield from _changed_calls(node)


def _shorter_slices(lower, upper, step) -> Iterator[ast.Slice]:
    if lower is not None:
        yield ast.Slice(None, upper, step)
    if upper is not None:
        yield ast.Slice(lower, None, step)
    if step is not None:
        yield ast.Slice(lower, upper, None)


def _changed_calls(call: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(call.func, ast.Attribute) and not _is_module(call.func.value):
        yield "call left out", call.func.value
    for position in range(len(call.keywords)):
        fewer = call.keywords[:position] + call.keywords[position + 1 :]
        yield "setting left out", ast.Call(call.func, call.args, fewer)
    if len(call.args) > 1 and not any(isinstance(one, ast.Starred) for one in call.args[:2]):
        first, second, *rest = call.args
        yield "exchanged", ast.Call(call.func, [second, first, *rest], call.keywords)


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"torch", "math", "functional", "nn", "numpy"}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Every changed source, with the change in words: "line 2, sign: `a + b` -> `a - b`"."""
    tree = ast.parse(source)
    inside = [node for statement in tree.body[0].body for node in ast.walk(statement)]
    for node in inside:
        for name, other in changes(node):
            if ast.unparse(other) != ast.unparse(node):
                yield _told(tree, node, name, other)
    for node in inside:
        if isinstance(node, (ast.Expr, ast.AugAssign)) and not _is_text(node):
            yield _told(tree, node, "statement left out", ast.Pass())
        if isinstance(node, ast.Return) and any(word in source for word in NEEDS_GRADIENTS):
            cut = ast.Call(ast.Attribute(node.value, "detach", ast.Load()), [], [])
            yield _told(tree, node.value, "gradient cut", cut)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _told(tree, node, name, other) -> tuple[str, str]:
    changed = copy.deepcopy(tree)
    place = [found is node for found in ast.walk(tree)].index(True)
    old = list(ast.walk(changed))[place]
    changed = _Exchange(old, copy.deepcopy(other)).visit(changed)
    ast.fix_missing_locations(changed)
    words = f"line {node.lineno}, {name}: `{ast.unparse(node)}` -> `{ast.unparse(other)}`"
    return words, ast.unparse(changed)


class _Exchange(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def answer(problem: Exercise, source: str) -> object:
    """The function or class that a mutant's source defines, beside the solution's own names."""
    names = dict(vars(sys.modules[problem.solution.__module__]))
    exec(compile(source, f"<mutant of {problem.name}>", "exec"), names)
    return names[problem.name]


def tried(problem: Exercise) -> tuple[int, list[str]]:
    """How many mutants an exercise's solution has, and those that its checker calls right."""
    count, survivors = 0, []
    limit, checking.TIME_LIMIT = checking.TIME_LIMIT, SECONDS
    try:
        for words, source in mutants(problem.source):
            count += 1
            if checking.examine(problem, answer(problem, source)).status == "right":
                survivors.append(f"{problem.chapter} {problem.name}, {words}")
    finally:
        checking.TIME_LIMIT = limit
    return count, survivors


def main() -> None:
    """Try them all and write those that were called right."""
    total, lines = 0, []
    for problem in every_exercise().values():
        count, survivors = tried(problem)
        total += count
        lines += survivors
        print(f"{problem.chapter} {problem.name}: {count - len(survivors)} of {count} turned away")
    SURVIVORS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{total - len(lines)} of {total}, {1 - len(lines) / total:.1%}")


if __name__ == "__main__":
    main()
