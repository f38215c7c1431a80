"""Changes the reference in one place at a time, and tells which changes no spec notices.

    python -m tests.proofs.mutants 13               # 100 changes of module 13, drawn at random
    python -m tests.proofs.mutants 10-13 --limit 0  # all changes of these modules

Some changes make no difference: a default that is named, an axis of a single one. Each of the others
is a mistake that a learner may make and never be told of: give a spec what shows it.
"""

from __future__ import annotations

import argparse
import ast
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_tinytorch.course import exercises, selection
from pytest_tinytorch.course.curriculum import Unit
from tests.support import kit

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """A file with one change.

    Attributes:
        line: where the change is.
        before, after: the text that is changed, and what stands there instead.
        source: the whole file.
    """

    line: int
    before: str
    after: str
    source: str


def mutants(source: str, names: Sequence[str]) -> Iterator[Mutant]:
    """Every change of an exercise that this program knows, one at a time.

    Docstrings and the words of errors stay as they are.

    >>> [m.after for m in mutants("def f(x):\\n    return 2 * x\\n", ["f"])]
    ['(2 / x)', '3']
    """
    tree = ast.parse(source)
    for node in filter(None, (exercises.find_node(tree, name) for name in names)):
        for place, after in changes(node):
            first, last = span(source, place)
            before = source.encode()[first:last].decode()
            text = source.encode()[:first] + after.encode() + source.encode()[last:]
            yield Mutant(place.lineno, before, after, text.decode())


def changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """(what is changed, the text instead) below a node of a syntax tree."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or is_text(child):
            continue
        if isinstance(child, ast.If | ast.IfExp):
            yield from ((child.test, answer) for answer in ("True", "False"))
        if isinstance(child, ast.expr | ast.stmt):
            yield from ((child, text) for text in instead(child))
        if not isinstance(child, ast.Raise):
            yield from changes(child)


def instead(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What may stand instead of one expression or statement."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            yield f"({ast.unparse(ast.BinOp(left, OPERATORS[type(op)](), right))})"
        case ast.Compare(left, [op], [right]):
            yield f"({ast.unparse(ast.Compare(left, [COMPARISONS[type(op)]()], [right]))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Constant(int() as value):
            yield str(value + 1)
        case ast.Constant(float() as value):
            yield str(2 * value + 1)
        case ast.Call(function, arguments, keywords):
            for dropped in keywords:
                kept = [word for word in keywords if word is not dropped]
                yield ast.unparse(ast.Call(function, arguments, kept))
        case ast.Expr(ast.Call()) | ast.AugAssign():
            yield "pass"


def is_text(node: ast.AST) -> bool:
    """A docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def span(source: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """First byte of a node in the source, and the one after its last."""
    lengths = [len(line) for line in source.encode().splitlines(keepends=True)]
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first = sum(lengths[: node.lineno - 1]) + node.col_offset
    return first, sum(lengths[: node.end_lineno - 1]) + node.end_col_offset


def unnoticed(unit: Unit, limit: int, seed: int) -> tuple[int, list[Mutant]]:
    """How many changes of a module were tried, and those that its specs did not notice."""
    tried = list(mutants(kit.reference_text(unit.name), list(unit.hints)))
    random.Random(seed).shuffle(tried)
    tried = tried[: limit or None]
    with tempfile.TemporaryDirectory() as place:
        folder = kit.mixture(Path(place), [other.name for other in kit.modules()])
        return len(tried), [m for n, m in enumerate(tried) if passes(unit, m, folder, n)]


def passes(unit: Unit, mutant: Mutant, folder: Path, number: int) -> bool:
    """Whether a module's specs are green with a change."""
    file = folder / "tinytorch" / f"{unit.name}.py"
    file.write_text(mutant.source, encoding="utf-8")
    run = kit.run(folder, folder / f"ledger-{number}.jsonl", unit.spec_path, "-x")
    return run.code == 0


def main() -> None:
    """Tell of each module that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="?", default="all", help="checkpoints: 13, 10-13, autograd")
    parser.add_argument("--limit", type=int, default=100, help="changes a module, 0 for all (100)")
    parser.add_argument("--seed", type=int, default=0, help="which changes are drawn (0)")
    given = parser.parse_args()
    for unit in selection.select_checkpoints(kit.course(), given.which):
        if unit.source:
            count, survivors = unnoticed(unit, given.limit, given.seed)
            print(f"{unit.label}: {count - len(survivors)} of {count} changes noticed", flush=True)
            for mutant in sorted(survivors, key=lambda mutant: mutant.line):
                shown = " ".join(f"{mutant.before}  ->  {mutant.after}".split())
                print(f"  reference/{unit.source}:{mutant.line}  {shown:.120}", flush=True)


if __name__ == "__main__":
    main()
