"""The laws of a module, each with the exercise that it is about: read from specs and reference, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pytest_tinytorch.course.callgraph import rules_of
from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lessons.source import first_line
from pytest_tinytorch.lsp.reach import Words, words_of_spec
from pytest_tinytorch.run.suspects import ABOUT_GRADIENTS, Clue, suspect

GRADIENTS = frozenset(word.lstrip(".") for word in ABOUT_GRADIENTS)
"""What a spec asks for that looks at gradients."""


class Law(Struct, frozen=True):
    """What one spec requires; of a law with cases, one case.

    Attributes:
        nodeid: of the spec.
        text: the law in one sentence; the name of the spec if it has none.
        line: where the spec begins in its file, from 1.
        exercise: that it is about; empty if that cannot be told.
        asked: exercises that it asks for too, and that no other law is about.
    """

    nodeid: str
    text: str
    line: int
    exercise: str = ""
    asked: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The file of the spec, from the root."""
        return self.nodeid.partition("::")[0]

    @property
    def case(self) -> str:
        """Which of several cases it is; empty if there is just one."""
        return self.nodeid.partition("[")[2].removesuffix("]")


Cases = tuple[Law, ...]
"""A law, or as many cases of it as are about one exercise."""


def function_of(nodeid: str) -> str:
    """The node id of a law without its case."""
    return nodeid.partition("[")[0]


def by_law(laws: Iterable[Law]) -> tuple[Cases, ...]:
    """The cases of each law together, in their order."""
    found: dict[str, list[Law]] = {}
    for law in laws:
        found.setdefault(function_of(law.nodeid), []).append(law)
    return tuple(map(tuple, found.values()))


def state_of(cases: Cases, states: Mapping[str, State]) -> State | None:
    """What a law came to: passed if all cases did; None while that is not known.

    Args:
        cases: of the law.
        states: node id to what the spec came to.
    """
    known = {states.get(law.nodeid) for law in cases}
    order = (State.BROKEN, State.WRONG, None, State.TODO)
    return next((state for state in order if state in known), State.PASSED)


def held_text(laws: Iterable[Law], states: Mapping[str, State]) -> str:
    """How many of some laws hold: ``7 of 9 laws hold``; empty where nothing is known of them.

    Args:
        laws: of a module.
        states: node id to what the spec came to.
    """
    found = [state_of(cases, states) for cases in by_law(laws)]
    return count_text(found.count(State.PASSED), len(found)) if any(found) else ""


def count_text(held: int | str, count: int) -> str:
    """How many laws hold, and of how many.

    >>> count_text(7, 9), count_text(0, 1), count_text("?", 9)
    ('7 of 9 laws hold', '0 of 1 law holds', '? of 9 laws hold')
    """
    return f"{held} of {count} {'law holds' if count == 1 else 'laws hold'}"


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
    found, words = [], {}
    for nodeid in nodeids:
        _, *names = nodeid.split("::")
        group, test = function_at(tree, [name.partition("[")[0] for name in names])
        if test is None:
            continue
        text = first_line(test) or test.name
        clue = Clue(text, names[-1], first_line(group) if group else "")
        about = suspect(spec, test.end_lineno or test.lineno, module, source, exercises, clue)
        found.append(Law(nodeid, text, test.lineno, about))
        words[nodeid] = words_of_spec(group, test)
    return tuple(with_asked(found, words, source, exercises))


def with_asked(
    laws: Sequence[Law], words: Mapping[str, Words], source: str, exercises: Sequence[str]
) -> Iterator[Law]:
    """The same laws, with the exercises that none of them is about given to those that ask for them.

    Where sentences name such an exercise, these laws alone are meant.

    Args:
        laws: of a module.
        words: node id to what the spec asks for.
        source: of the module, as the reference has it.
        exercises: their names.
    """
    operations = {rule: op for op, rules in rules_of(source, exercises).items() for rule in rules}
    asked: dict[str, list[str]] = {}
    for name in {*exercises} - {law.exercise for law in laws}:
        named = [law.nodeid for law in laws if is_named(name, law.text)]
        op = operations.get(name)
        found = [law.nodeid for law in laws if is_asked_for(name, op, words[law.nodeid])]
        for nodeid in named or found:
            asked.setdefault(nodeid, []).append(name)
    for law in laws:
        yield replace(law, asked=tuple(sorted(asked.get(law.nodeid, ()))))


def is_named(exercise: str, sentence: str) -> bool:
    """Whether a sentence shows a call of an exercise; of a class, that one is made."""
    owner, _, name = exercise.rpartition(".")
    called = owner if name == "__init__" else name
    return re.search(rf"(?<!\w){re.escape(called)}\(", sentence) is not None


def is_asked_for(exercise: str, operation: str | None, words: Words) -> bool:
    """Whether a spec asks for an exercise: by its name or its class; for a gradient by the operation."""
    owner, _, name = exercise.rpartition(".")
    if operation is not None:
        return operation in words and not words.isdisjoint(GRADIENTS)
    made_or_called = name.startswith("__") or name == "forward"
    return (name in words or made_or_called) and (not owner or owner in words)


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
