"""Functions that a person chooses to show: only what they wrote, and what is proved."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import dedent

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.course.exercises import find_node, line_spans
from pytest_tinytorch.course.syntax import syntax_tree
from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.claims import Claim
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import Workspace

NEAR = 3
"""How many names a message offers."""


class NotShown(ValueError):
    """There is no such function, or it is not the learner's to show; the message says what to do."""


@dataclass(frozen=True)
class Function:
    """The source of a function, a method or a gradient rule.

    Attributes:
        label: ``tensor.matmul``.
        unit: the checkpoint that proves it.
        file: from the root of the workspace.
        line: where it begins.
        code: the source, without the course's docstring.
        digest: SHA-256 of the file.
        cut: whether a docstring was left out.
    """

    label: str
    unit: Unit
    file: str
    line: int
    code: str
    digest: str
    cut: bool


@dataclass(frozen=True)
class Source:
    """Where to look for functions.

    Attributes:
        workspace: has the learner's files and the worked solution's.
        progress: what is passed.
        claims: unit id to what proved it.
    """

    workspace: Workspace
    progress: Progress
    claims: Mapping[UnitId, Claim]

    def find(self, text: str) -> Function:
        """The function that a person names: ``tensor.matmul``, ``layers.Linear.forward``.

        Raises:
            NotShown: there is none, it is not the learner's, or its module is not proved.
        """
        unit, name = self._named(text.strip())
        self._is_proved(unit)
        return self._function(unit, name)

    @property
    def modules(self) -> list[Unit]:
        """The checkpoints that have a module."""
        return [unit for unit in self.progress.curriculum.checkpoints if unit.source]

    def _named(self, text: str) -> tuple[Unit, str]:
        """The module that a text means, and the name in it."""
        module, _, name = text.partition(".")
        unit = selection.find_unit(self.progress.curriculum, module)
        if unit is not None and unit.source and name:
            return unit, name
        alone = [unit for unit in self.modules if text in unit.hints]
        if len(alone) == 1:
            return alone[0], text
        package = self.workspace.implementation.folder / PACKAGE
        if name and (package / f"{module}.py").is_file():
            raise NotShown(f"{text} is given by the kit: name what you wrote{self._such_as()}")
        names = [f"{unit.name}.{hint}" for unit in self.modules for hint in unit.hints]
        raise NotShown(
            f"there is no function {text!r}.{_meant(text, names)}"
            " Write its module and its name, as in tensor.matmul"
        )

    def _is_proved(self, unit: Unit) -> None:
        if unit.id in self.claims:
            return
        state = self.progress.state[unit.id]
        if state == State.BORROWED:
            raise NotShown(f"{unit.label} is borrowed from the course, so it is not yours to show")
        raise NotShown(
            f"{unit.label} is {state.words}, and only proved code can be shown:"
            f" tito checkpoint test {unit.number}"
        )

    def _function(self, unit: Unit, name: str) -> Function:
        """A function from the learner's file."""
        text = self.workspace.source_of(unit.id)
        node = find_node(syntax_tree(text), name)
        label = f"{unit.name}.{name}"
        if node is None:
            names = [f"{unit.name}.{one}" for one in (*unit.hints, *_defined(text))]
            raise NotShown(f"{unit.label} has no function {name!r}.{_meant(label, names)}")
        if name not in unit.hints and self._is_given(unit, name):
            methods = [f"{unit.name}.{hint}" for hint in unit.hints if hint.startswith(f"{name}.")]
            such_as = f": {', '.join(methods)}" if methods else self._such_as(unit)
            raise NotShown(f"{label} is given by the kit: name what you wrote{such_as}")
        first, last = line_spans(text, [name])[name]
        gone = _docstring(node) if name in unit.hints else range(0)
        lines = text.splitlines()
        kept = [lines[n - 1] for n in range(first, last + 1) if n not in gone]
        file = self.workspace.implementation.file_among(self.workspace.sources, unit.name)
        return Function(
            label=label,
            unit=unit,
            file=f"{PACKAGE}/{file.name}",
            line=first,
            code=dedent("\n".join(kept)),
            digest=digests.of_text(self.workspace.sources[file]),
            cut=bool(gone),
        )

    def _is_given(self, unit: Unit, name: str) -> bool:
        """Whether the course's own file also has it: then the learner did not write it."""
        file = self.workspace.implementation.reference / PACKAGE / f"{unit.name}.py"
        data = digests.read_if_present(file)
        return data is not None and find_node(syntax_tree(data), name) is not None

    def _such_as(self, unit: Unit | None = None) -> str:
        """An example of what can be shown."""
        units = [u for u in self.modules if u.id in self.claims and unit in (None, u)]
        return f", such as {units[0].name}.{next(iter(units[0].hints))}" if units else ""


def _meant(text: str, names: Iterable[str]) -> str:
    """The nearest names, as a question; empty if none is near."""
    near = get_close_matches(text, list(dict.fromkeys(names)), n=NEAR, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _defined(text: str) -> list[str]:
    """The names of the functions and methods of a file."""
    found = []
    for node in syntax_tree(text).body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef):
            inner = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            found += [f"{node.name}.{one.name}" for one in inner]
    return found


def _docstring(node: ast.AST) -> range:
    """The lines of a function's docstring."""
    documented = isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None
    if not documented or not isinstance(node, ast.FunctionDef) or len(node.body) < 2:
        return range(0)
    first = node.body[0]
    alone = first.lineno > node.lineno and node.body[1].lineno > (first.end_lineno or first.lineno)
    return range(first.lineno, (first.end_lineno or first.lineno) + 1) if alone else range(0)
