"""The laws of a module, each with the exercise that it is about: read from specs and reference, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.lessons.source import first_line
from pytest_tinytorch.run.suspects import Clue, suspect


class Law(Struct, frozen=True):
    """What one spec requires.

    Attributes:
        nodeid: of the spec.
        text: the law in one sentence; the name of the spec if it has none.
        line: where the spec begins in its file, from 1.
        exercise: that it is about; empty if that cannot be told.
    """

    nodeid: str
    text: str
    line: int
    exercise: str = ""

    @property
    def file(self) -> str:
        """The file of the spec, from the root."""
        return self.nodeid.partition("::")[0]


def laws_of(
    spec: str, nodeids: Sequence[str], module: str, source: str, exercises: Iterable[str]
) -> tuple[Law, ...]:
    """The laws of one file of specs, in the order of their node ids.

    Args:
        spec: the source of the file; what does not parse has no laws.
        nodeids: of its specs.
        module: that they are about.
        source: of the module, as the reference has it: there is something in each exercise.
        exercises: the names of its exercises.
    """
    return _laws_of(spec, tuple(nodeids), module, source, tuple(exercises))


@lru_cache(maxsize=64)
def _laws_of(
    spec: str, nodeids: tuple[str, ...], module: str, source: str, exercises: tuple[str, ...]
) -> tuple[Law, ...]:
    try:
        tree = parse(spec)
    except (SyntaxError, ValueError):
        return ()
    found = []
    for nodeid in nodeids:
        _, *names = nodeid.split("::")
        group, test = function_at(tree, [name.partition("[")[0] for name in names])
        if test is None:
            continue
        text = first_line(test) or test.name
        clue = Clue(text, names[-1], first_line(group) if group else "")
        about = suspect(spec, test.end_lineno or test.lineno, module, source, exercises, clue)
        found.append(Law(nodeid, text, test.lineno, about))
    return tuple(found)


def function_at(
    tree: ast.Module, names: Sequence[str]
) -> tuple[ast.ClassDef | None, ast.FunctionDef | None]:
    """The class and the function of a spec, by the names of its node id."""
    group: ast.ClassDef | None = None
    body: Sequence[ast.stmt] = tree.body
    for name in names:
        node = next((n for n in body if getattr(n, "name", None) == name), None)
        if isinstance(node, ast.FunctionDef):
            return group, node
        if not isinstance(node, ast.ClassDef):
            break
        group, body = node, node.body
    return group, None
