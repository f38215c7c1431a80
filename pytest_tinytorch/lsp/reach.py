"""What a spec can come to, read from its source and from that of the package: nothing is run.

A word stands for everything of that name, so more is found than is reached.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache

from msgspec import Struct

from pytest_tinytorch.course.exercises import last_name, parse

Words = frozenset[str]
Texts = tuple[tuple[str, str], ...]
"""Files and their texts."""

NUMPY = ("np", "math")
"""What attributes of these are called says nothing of the package."""
IMPORT = "import"
"""Stands for what runs on import. No name is a keyword."""
LAZY = "lazy"
"""Gives specs the names of the package, each its own although they are asked for together."""


class Entry(Struct, frozen=True):
    """Something that a file defines.

    Attributes:
        name: of a function, a class or a table.
        owner: the class of a method; of what Python calls, the module.
        words: all names in it.
    """

    name: str
    owner: str
    words: Words


class Graph:
    """What the functions, classes and tables of specs and of the package under test ask for.

    The package asks for nothing of specs.
    """

    def __init__(self, specs: Iterable[Entry], package: Iterable[Entry]) -> None:
        self.specs, self.package = by_word(specs), by_word(package)
        self.found: dict[Words, Words] = {}

    def reached(self, words: Words) -> Words:
        """All words that a spec comes to that asks for these."""
        if words not in self.found:
            self.found[words] = closure(closure(words, self.specs) | {IMPORT}, self.package)
        return self.found[words]


def by_word(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    """Entries by their names and by those of their owners."""
    found: dict[str, list[Entry]] = {}
    for one in entries:
        for word in {one.name, one.owner} - {""}:
            found.setdefault(word, []).append(one)
    return found


def closure(words: Words, entries: Mapping[str, Sequence[Entry]]) -> Words:
    """All words that some lead to, themselves included."""
    found, waiting = {*words}, [*words]
    while waiting:
        for one in entries.get(waiting.pop(), ()):
            if is_reached(one.owner, one.name, found):
                new = one.words - found
                found |= new
                waiting += new
    return frozenset(found)


def is_reached(owner: str, name: str, words: Set[str]) -> bool:
    """Whether who comes to some words may come to a function, and if that is a method, to its class.

    Whoever comes to a class comes to its base as well.
    """
    return (is_called_by_python(name) or name in words) and (not owner or owner in words)


def is_called_by_python(name: str) -> bool:
    """Whether nobody has to ask for a function by its name, as for ``__add__``."""
    return name.startswith("__") and name.endswith("__")


@lru_cache(maxsize=64)
def graph_of(specs: Texts, package: Texts) -> Graph:
    """What is asked for in files of specs and what helps them, and in those of the package under test."""
    return Graph(
        *(
            (one for file, text in texts for one in entries_of(module_of(file), text))
            for texts in (specs, package)
        )
    )


def module_of(file: str) -> str:
    """The word that a module is asked for by: its last name."""
    folder, _, name = file.replace("\\", "/").removesuffix(".py").rpartition("/")
    return name if name != "__init__" else folder.rpartition("/")[2]


@lru_cache(maxsize=512)
def entries_of(module: str, text: str) -> tuple[Entry, ...]:
    """What a file defines, and what it calls on import; nothing if it does not parse."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return ()
    first = Entry(IMPORT, "", frozenset(called_at_import(tree)))
    return (first, *(one for node in tree.body for one in entries_in(node, module)))


def entries_in(node: ast.stmt, module: str, owner: str = "") -> Iterator[Entry]:
    """What a statement defines. Specs themselves are asked for by nobody."""
    if isinstance(node, ast.FunctionDef):
        if not node.name.startswith("test_"):
            by_python = is_called_by_python(node.name)  # as ``__getattr__`` of a module
            yield Entry(node.name, owner or (module if by_python else ""), words_in(node))
    elif isinstance(node, ast.ClassDef):
        yield Entry(node.name, "", words_in(*node.bases, *node.keywords, *node.decorator_list))
        for part in node.body:
            yield from entries_in(part, module, node.name)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for one in node.names:
            yield Entry(one.asname or one.name, "", names_in(node, one))
    elif isinstance(node, ast.Assign) and is_lazy(node.value):
        yield from lazily(node)
    elif names := defined_by(node):
        yield from (Entry(name, owner, words_in(node)) for name in names)
    else:  # what it calls by a text is asked for by that name elsewhere
        yield Entry(owner or IMPORT, "", names_in(node))


def called_at_import(node: ast.AST) -> Iterator[str]:
    """The names of functions that are called when a file is imported."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.FunctionDef):
            for decorator in part.decorator_list:
                yield last_name(decorator)
                yield from called_at_import(decorator)
            yield from called_at_import(part.args)
        elif not isinstance(part, ast.Lambda):
            if isinstance(part, ast.Call):
                yield last_name(part.func)
            yield from called_at_import(part)


def is_lazy(node: ast.expr) -> bool:
    """Whether names of the package are asked for."""
    return isinstance(node, ast.Call) and last_name(node.func) == LAZY


def lazily(node: ast.Assign) -> Iterator[Entry]:
    """Each name of a spec file to the name that it stands for."""
    assert isinstance(node.value, ast.Call)
    target = node.targets[0]
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    for name, asked in zip(names, node.value.args[1:], strict=False):
        yield Entry(last_name(name), "", words_in(asked))


def defined_by(node: ast.stmt) -> list[str]:
    """The names that a statement gives a value; for ``defvjp(op, …)`` the operation."""
    if isinstance(node, ast.Expr):
        call = node.value
        named = call.args[:1] if isinstance(call, ast.Call) else []
        return [name for one in named if (name := last_name(one))]
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return []
    return [
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]


def words_in(*nodes: ast.AST) -> Words:
    """All names in source, and texts that may be one: what an object has can be asked for by a text."""
    texts = (
        part.value
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    return names_in(*nodes).union(text for text in texts if text.isidentifier())


def names_in(*nodes: ast.AST) -> Words:
    """All names in source."""
    return frozenset(name for node in nodes for part in ast.walk(node) if (name := name_of(part)))


def name_of(part: ast.AST) -> str:
    """The name that one piece of syntax asks for, if it does."""
    if isinstance(part, ast.Name):
        return part.id
    if isinstance(part, ast.Attribute):
        of_numpy = isinstance(part.value, ast.Name) and part.value.id in NUMPY
        return "" if of_numpy else part.attr
    if isinstance(part, ast.arg):
        return part.arg
    imported = {ast.alias: "name", ast.ImportFrom: "module"}.get(type(part), "")
    return (getattr(part, imported, "") or "").rpartition(".")[2]


def words_of_spec(owner: ast.ClassDef | None, spec: ast.FunctionDef) -> Words:
    """What a spec asks for."""
    return words_in(spec).union([owner.name] if owner is not None else ())
