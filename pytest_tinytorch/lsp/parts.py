"""How source differs from other source: as a whole, or in some functions while all others stay."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from pytest_tinytorch.course.syntax import compiled_syntax_tree
from pytest_tinytorch.evidence.digests import canonical
from pytest_tinytorch.lsp.reach import Texts, Words, is_reached


class Function(Struct, frozen=True):
    """A function or a method of a file.

    Attributes:
        text: its lines, decorators included.
        first, last: the numbers of these lines, from 1.
    """

    text: str
    first: int
    last: int


class Parts(Struct, frozen=True):
    """A file, taken apart.

    Attributes:
        functions: by name, methods as ``Class.method``.
        rest: all but the bodies of functions, as one text.
    """

    functions: Mapping[str, Function]
    rest: str


class Edit(Struct, frozen=True):
    """How one source differs from another, as far as a unit can tell.

    Attributes:
        whole: whether more may be different than the bodies of some functions.
        changed: (class, name) of each function that differs.
        moves: by file where functions have gone that stayed the same: (first line, last line, how far).
    """

    whole: bool = False
    changed: frozenset[tuple[str, str]] = frozenset()
    moves: Mapping[str, tuple[tuple[int, int, int], ...]] = {}

    @property
    def is_nothing(self) -> bool:
        """Whether nothing differs."""
        return not (self.whole or self.changed or self.moves)

    def reaches(self, words: Words | None) -> bool:
        """Whether who comes to these words may come to something that differs; None comes to anything."""
        if self.whole or words is None:
            return self.whole or bool(self.changed)
        return any(is_reached(owner, name, words) for owner, name in self.changed)

    def line(self, file: str, line: int) -> int | None:
        """The number that a line has now; None if that is not known."""
        if file not in self.moves:
            return line
        found = (by for first, last, by in self.moves[file] if first <= line <= last)
        return next((line + by for by in found), None)


@lru_cache(maxsize=256)
def edit_between(before: Texts, after: Texts) -> Edit:
    """How two versions of some files differ. It is remembered: an editor asks again and again.

    Args:
        before: the files that differ, and their texts.
        after: the same; a file that only one of both has makes the whole difference.
    """
    old_texts, new_texts = dict(before), dict(after)
    changed: set[tuple[str, str]] = set()
    moves = {}
    for file in {*old_texts, *new_texts}:
        old, new = (
            parts_of(texts[file]) if file in texts else None for texts in (old_texts, new_texts)
        )
        if old is None or new is None or old.rest != new.rest:
            return Edit(whole=True)
        if old.functions.keys() - new.functions.keys():  # what asks for it may do so on import
            return Edit(whole=True)
        differing = {name for name in new.functions if text_of(old, name) != text_of(new, name)}
        for name in differing:
            owner, _, own = name.rpartition(".")
            changed.add((owner, own))
        moves[file] = tuple(
            (was.first, was.last, new.functions[name].first - was.first)
            for name, was in old.functions.items()
            if name not in differing
        )
    return Edit(changed=frozenset(changed), moves=moves)


def text_of(parts: Parts, name: str) -> str:
    """The text of a function; empty if there is none of that name."""
    return parts.functions[name].text if name in parts.functions else ""


@lru_cache(maxsize=256)
def parts_of(text: str) -> Parts | None:
    """A file, taken apart; None if Python cannot compile it."""
    try:
        tree = compiled_syntax_tree(text)  # one of our own: it is cut
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = cut_functions(tree, text.split("\n"))
    return Parts(functions, canonical(tree, documented=True))


def cut_functions(tree: ast.Module, lines: Sequence[str]) -> dict[str, Function]:
    """Take the functions of a file out of its tree, but for what runs when they are defined."""
    functions: dict[str, Function] = {}
    owners: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    owners += [(f"{node.name}.", node) for node in tree.body if isinstance(node, ast.ClassDef)]
    for prefix, owner in owners:
        kept: list[ast.stmt] = []
        for node in owner.body:
            name = f"{prefix}{getattr(node, 'name', '')}"
            if not isinstance(node, ast.FunctionDef) or name in functions:
                kept.append(node)
                continue
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            last = node.end_lineno or node.lineno
            functions[name] = Function("\n".join(lines[first - 1 : last]), first, last)
            if not is_plain(node):
                node.body = []
                kept.append(node)
        owner.body = kept
    return functions


def is_plain(node: ast.FunctionDef) -> bool:
    """Whether to define a function can do nothing: no decorator, no default, no annotation is evaluated."""
    given = node.args
    own = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    notes = [one.annotation for one in own if one is not None] + [node.returns]
    return not any([*node.decorator_list, *given.defaults, *given.kw_defaults, *notes])
