"""What a person should look at in the source of a submission. It is found by syntax, and costs no points."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_tinytorch.course.exercises import is_untouched
from pytest_tinytorch.course.syntax import quiet_syntax_tree
from pytest_tinytorch.evidence.digests import canonical
from pytest_tinytorch.evidence.implementation import GIVEN
from pytest_tinytorch.grade import watched
from pytest_tinytorch.grade.names import Names, constant_text

LARGEST_FILE = 250_000
LARGEST_TOTAL = 1_500_000
"""Bytes of one file and of all together that are looked at: many times what a course needs."""
DEEPEST = 150
"""How many nodes of a syntax tree may be in each other: many times what code has that people read."""
MOST = 100
"""How many flags of a submission are kept."""
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python raises for source that it cannot take apart."""
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Flag:
    """Something to look at, and where.

    Attributes:
        file: path from the package.
        line: where it is first.
        what: was found: ``torch``.
        why: it matters.
        more: in how many more places of the file it is.
    """

    file: str
    line: int
    what: str
    why: str
    more: int = 0

    @property
    def text(self) -> str:
        """The flag in one line, without the reason."""
        more = f" ({self.more + 1} places)" if self.more else ""
        return f"{self.file}:{self.line} {self.what}{more}"


def own_files(
    files: Mapping[str, bytes], given: Mapping[str, bytes]
) -> tuple[dict[str, bytes], list[Flag]]:
    """The files of Python that are not as the kit has them, and flags for what is too large."""
    kept: dict[str, bytes] = {}
    flags, total = [], 0
    for path, data in files.items():
        if not path.endswith(".py") or lines(data) == lines(given.get(path, b"\0")):
            continue
        total += len(data)
        if len(data) > LARGEST_FILE or total > LARGEST_TOTAL:
            flags.append(Flag(path, 1, f"is large: {len(data):,} bytes", watched.UNREAD))
        else:
            kept[path] = data
    return kept, flags


def lines(data: bytes) -> bytes:
    """Source with the line ends of every system made the same."""
    return data.replace(b"\r\n", b"\n")


def flags_of(files: Mapping[str, bytes], given: Mapping[str, bytes]) -> tuple[Flag, ...]:
    """What there is to look at in a submission.

    Args:
        files: path from the package to content.
        given: the same of the package as a student begins with it. What it does itself is no flag.
    """
    own, found = own_files(files, given)
    for path, data in own.items():
        try:
            found += _flags_of_file(path, data, given.get(path, b""))
        except UNREADABLE as error:
            # Code that does not parse does not run either.
            if not isinstance(error, SyntaxError):
                found.append(
                    Flag(path, 1, f"is no ordinary source: {type(error).__name__}", watched.UNREAD)
                )
    rest = len(found) - MOST
    if rest > 0:
        found = [
            *found[:MOST],
            Flag(found[MOST].file, found[MOST].line, f"and {rest} more flags", watched.UNREAD),
        ]
    return tuple(found)


def _flags_of_file(path: str, data: bytes, given: bytes) -> list[Flag]:
    tree, stub = quiet_syntax_tree(data), quiet_syntax_tree(given)
    known = Counter((flag.what, text) for flag, text in found_in(stub, path))
    grouped: dict[str, Flag] = {}
    for flag, text in sorted(found_in(tree, path), key=lambda pair: pair[0].line):
        if known[flag.what, text]:
            known[flag.what, text] -= 1
        elif flag.what in grouped:
            grouped[flag.what] = replace(grouped[flag.what], more=grouped[flag.what].more + 1)
        else:
            grouped[flag.what] = flag
    return [*changed_given(tree, stub, path), *grouped.values()]


def found_in(tree: ast.Module, path: str) -> Iterator[tuple[Flag, str]]:
    """Everything in a file that is watched, whoever wrote it, in no order; each with the code that it is."""
    names = Names(tree)
    writes = any(_takes_path(node) for node in ast.walk(tree) if isinstance(node, FUNCTION))
    prose = {n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node, inside, depth in _walk(tree):
        if depth == DEEPEST:
            why = f"is nested {DEEPEST} deep"
            yield Flag(path, getattr(node, "lineno", 1), why, watched.UNREAD), ""
        if node in prose and isinstance(node, ast.Constant):
            continue
        for what, why in _watched(node, names):
            # A module with an exercise that is given a path has to write there.
            if not (why == watched.WRITES and writes and inside):
                yield Flag(path, getattr(node, "lineno", 1), what, why), ast.unparse(node)


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool, int]]:
    """Each node; whether it is in a function, since what is not runs on import; and how deep it is."""
    waiting: list[tuple[ast.AST, bool, int]] = [(tree, False, 0)]
    while waiting:
        node, inside, depth = waiting.pop()
        yield node, inside, depth
        inner = inside or isinstance(node, FUNCTION)
        waiting += [(child, inner, depth + 1) for child in ast.iter_child_nodes(node)]


def _takes_path(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is given the path of a file, by its annotations."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return any(one.annotation and "Path" in ast.unparse(one.annotation) for one in given)


def _watched(node: ast.AST, names: Names) -> Iterator[tuple[str, str]]:
    """(what, why) of one node of a syntax tree."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for name in names.imported(node):
            yield from _named(name)
    elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        yield from _used(node, names)
    elif isinstance(node, ast.Constant) and _names_judge(node.value):
        yield f"names {' '.join(str(node.value)[:40].split())!r}", watched.JUDGES
    for target in _targets(node):
        if changed := names.foreign(target):
            yield f"changes {changed[:60]}", watched.CHANGES


def _names_judge(value: object) -> bool:
    return isinstance(value, str) and watched.WORDS.fullmatch(value[:1000]) is not None


def _named(name: str) -> Iterator[tuple[str, str]]:
    what, why = watched.reason_of(name)
    if what:
        yield what, why


def _used(node: ast.expr, names: Names) -> Iterator[tuple[str, str]]:
    """What an expression reaches."""
    whole = names.dotted(node)
    inner = names.dotted(node.value) if isinstance(node, ast.Attribute | ast.Subscript) else ""
    if whole and not watched.reason_of(inner)[0]:  # else the part of it has been found already
        yield from _named(whole)
    if (name := names.attribute(node)) in watched.ATTRIBUTES:
        yield f".{name}", watched.ATTRIBUTES[name]
    if isinstance(node, ast.Call):
        yield from _called(node, names)


def _called(node: ast.Call, names: Names) -> Iterator[tuple[str, str]]:
    """What a call does, besides what it names."""
    function = names.dotted(node.func) or names.attribute(node.func)
    if _opens_for_writing(node, function):
        yield f"writes with {function}", watched.WRITES
    if function in ("setattr", "delattr") and node.args and names.is_foreign(node.args[0]):
        yield f"changes {names.dotted(node.args[0])[:60]}", watched.CHANGES
    computed = function in ("getattr", "vars") and node.args and names.is_foreign(node.args[0])
    if computed and not names.dotted(node):
        yield f"reads {names.dotted(node.args[0])[:60]} by a computed name", watched.INNER


def _opens_for_writing(node: ast.Call, function: str) -> bool:
    """Whether a call opens a file to write; if the mode is computed, it may."""
    if function not in watched.OPENERS:
        return False
    method = isinstance(node.func, ast.Attribute) and function == "open"
    place = 0 if method else 1
    modes = [word.value for word in node.keywords if word.arg == "mode"] + node.args[
        place : place + 1
    ]
    text = constant_text(modes[0]) if modes else "r"
    return text is None or watched.WRITING_MODE.fullmatch(text) is not None


def _targets(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns to, or deletes."""
    if isinstance(node, ast.Assign | ast.Delete):
        found = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        found = [node.target]
    else:
        return []
    return [part for one in found for part in (one.elts if isinstance(one, ast.Tuple) else [one])]


def changed_given(tree: ast.Module, stub: ast.Module, path: str) -> list[Flag]:
    """A flag if functions that the kit gives are not as it gives them.

    In a file without exercises everything is given, so all of it is compared.
    """
    if path.removesuffix(".py") in GIVEN:
        if canonical(tree) == canonical(stub):
            return []
        return [Flag(path, 1, "differs from the kit's file", watched.GIVEN_CODE)]
    mine = [(name, canonical(node), node.lineno) for name, node in functions(tree)]
    same = {(name, text) for name, text, _ in mine}
    places = {name: line for name, _, line in mine}
    names = [
        name
        for name, node in functions(stub)
        if not is_untouched(node) and (name, canonical(node)) not in same
    ]
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    line = places.get(names[0], 1)
    return [
        Flag(path, line, f"changes given code: {', '.join(names[:3])}{more}", watched.GIVEN_CODE)
    ]


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each function of a file and each method of its classes, with the name that the course has for it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{n.name}", n) for n in node.body if isinstance(n, ast.FunctionDef)
            )
