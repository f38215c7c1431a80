"""A module as an editor has it open: its exercises, their lines, and the laws about each."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache

from msgspec import Struct, field

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.exercises import find_node, line_spans, locate_exercises, parse
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.laws import Cases, Law, by_law, function_of, state_of

LINE_END = re.compile(r"\r\n|\n|\r")
"""What ends a line for editors and for Python; `str.splitlines` knows more."""


class Place(Struct, frozen=True):
    """Where an exercise stands, in lines from 1.

    Attributes:
        name: of the exercise.
        first: its first line, decorators included.
        head: the line of its ``def``, or of its ``defvjp``.
        last: its last line.
        stub: the line of its stub; 0 if it is written.
        stops: where it begins to compute: below its docstring; of a gradient, each rule.
    """

    name: str
    first: int
    head: int
    last: int
    stub: int = 0
    stops: tuple[int, ...] = ()


class Sheet(Struct, frozen=True):
    """A module with what is known of its exercises.

    Attributes:
        unit: the checkpoint.
        places: of the exercises that the text defines, in its order.
        laws: of the module and of what depends on it.
        states: node id to what the spec came to, for the text as it is; nothing is known of others.
        blamed: node id to the exercise that its failure blames.
        unsaved: the node ids of specs that ran on something that is not saved.
        same: those of them that came to the same on what is saved.
        edited: the names of exercises whose text in the editor is not as it is saved.
        unsaved_stubs: the names of exercises that are stubs in the editor, and are not as it is saved.
        borrowed: whether the worked solution stands in for the module.
        locked: whether nothing of the module is judged, because it waits for another.
        stopped: whether somebody has stopped the run of what stands here.
    """

    unit: Unit
    places: tuple[Place, ...]
    laws: tuple[Law, ...]
    states: Mapping[str, State] = field(default_factory=dict)
    blamed: Mapping[str, str] = field(default_factory=dict)
    unsaved: Set[str] = frozenset()
    same: Set[str] = frozenset()
    edited: Set[str] = frozenset()
    unsaved_stubs: Set[str] = frozenset()
    borrowed: bool = False
    locked: bool = False
    stopped: bool = False

    def place(self, exercise: str) -> Place | None:
        """Where an exercise stands, if it does."""
        return next((place for place in self.places if place.name == exercise), None)

    def place_at(self, line: int) -> Place | None:
        """The exercise that a line, from 1, lies in."""
        return next((place for place in self.places if place.first <= line <= place.last), None)

    def laws_about(self, exercise: str) -> tuple[Cases, ...]:
        """The laws of the module that are about an exercise, each with those of its cases that are.

        An exercise that none is about has those that ask for it.
        """
        own = (law for law in self.laws if law.file == self.unit.spec_path)
        return by_law(law for law in own if exercise in (law.exercise, *law.asked))

    def broken_by(self, exercise: str) -> tuple[Cases, ...]:
        """The laws about something else that are broken, and an exercise is to blame."""
        own = {function_of(cases[0].nodeid) for cases in self.laws_about(exercise)}
        blaming = (law for law in self.laws if self.blamed.get(law.nodeid) == exercise)
        return by_law(law for law in blaming if function_of(law.nodeid) not in own)

    def is_unsaved(self, exercise: str) -> bool:
        """Whether what is known of an exercise is about text that is not saved.

        Where others were edited and it was not, that is so if one of its laws came to something else.
        """
        about = {law.nodeid for cases in self.laws_about(exercise) for law in cases}
        others_alone = self.edited and exercise not in self.edited
        return not about.isdisjoint(self.unsaved - self.same if others_alone else self.unsaved)

    def cases_of(self, law: Law) -> Cases:
        """All cases of a law, whatever they are about."""
        return next(
            c for c in by_law(self.laws) if function_of(c[0].nodeid) == function_of(law.nodeid)
        )

    def state_of(self, cases: Cases) -> State | None:
        """What a law came to; None while that is not known."""
        return state_of(cases, self.states)


def parses(text: str) -> bool:
    """Whether a module can be read at all."""
    try:
        parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


@lru_cache(maxsize=32)
def places_in(text: str, exercises: tuple[str, ...]) -> tuple[Place, ...]:
    """Where exercises stand in a module, in its order; nothing if it does not parse."""
    try:
        tree, spans = parse(text), line_spans(text, exercises)
        located = locate_exercises(text, exercises)
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        Place(
            one.name,
            spans[one.name][0],
            (node := _node(tree, one.name)).lineno,
            spans[one.name][1],
            one.line if one.untouched else 0,
            _stops(node),
        )
        for one in located
    )


def _node(tree: ast.Module, name: str) -> ast.FunctionDef | ast.ClassDef | ast.Expr:
    node = find_node(tree, name)
    assert node is not None
    return node


def _stops(node: ast.FunctionDef | ast.ClassDef | ast.Expr) -> tuple[int, ...]:
    if isinstance(node, ast.Expr):
        rules = {one.body.lineno for one in ast.walk(node) if isinstance(one, ast.Lambda)}
        return tuple(sorted(rules or {node.lineno}))
    described = ast.get_docstring(node) is not None and len(node.body) > 1
    return (node.body[described].lineno,)


def texts_of(places: Sequence[Place], lines: Sequence[str]) -> dict[str, str]:
    """What each exercise says, by its name.

    Args:
        places: where they stand.
        lines: of the file.
    """
    return {place.name: "\n".join(lines[place.first - 1 : place.last]) for place in places}


def lines_of(text: str) -> Sequence[str]:
    """The lines of a text, without what ends them, as editors count them."""
    return LINE_END.split(text)
