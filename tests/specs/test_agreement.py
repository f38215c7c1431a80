"""What a spec wants a message to mention stands in code font in the docstring of what is called.

`raises(ValueError, naming="p 1.1")` demands a word and a number. Numbers are what a docstring calls
values and shapes. A word is the name of an argument, or another one that the docstring has as ``word``.
"""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from specs.messages import is_numeric
from tests.support import kit

HOLE = "\0"
"""Stands in a demand for what is known only when the spec runs."""

KEYS = {
    "test_of_the_wrong_names_is_refused",
    "test_nothing_may_be_missing",
    "test_values_are_checked",
}
"""Tests whose words are keys of the state or document that they give: named as values are."""


def demands(tree):
    """(test, block, words) for each demand on a message in a spec file."""
    for test in ast.walk(tree):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            for block in ast.walk(test):
                for item in getattr(block, "items", []):
                    match item:
                        case ast.withitem(ast.Call(ast.Name("raises"), _, [ast.keyword(value=v)])):
                            yield test, block, words_of(v, test)


def words_of(naming, test):
    """The words of a demand, with the strings that its names go through; no numbers."""
    parts = naming.values if isinstance(naming, ast.JoinedStr) else [naming]
    texts = {""}
    for part in parts:
        texts = {text + more for text in texts for more in texts_of(part, test)}
    words = {word for text in texts for word in text.split() if HOLE not in word}
    return {word for word in words if not is_numeric(word) and not re.search(r"\d", word)}


def texts_of(part, test):
    """What a part of a demand can be, as far as the test says so."""
    match part:
        case ast.Constant(str(text)):
            return {text}
        case ast.Name(name) | ast.FormattedValue(ast.Name(name)):
            cells = [getattr(cell, "value", None) for cell in column_of(name, test)]
            return {cell for cell in cells if isinstance(cell, str)} or {HOLE}
    return {HOLE}


def column_of(name, test):
    """The expressions that a name goes through, in `parametrize` or in a loop over a literal."""
    for targets, rows in tables(test):
        if name in targets and isinstance(rows, ast.List | ast.Tuple):
            for row in rows.elts:
                if len(targets) == 1:
                    yield row
                elif isinstance(row, ast.Tuple):
                    yield row.elts[targets.index(name)]


def tables(test):
    """(names, rows) of each `parametrize` and each loop of a test."""
    for node in [*test.decorator_list, *ast.walk(test)]:
        match node:
            case ast.Call(ast.Attribute(attr="parametrize"), [names, rows, *_]):
                listed = ast.literal_eval(names)
                yield re.findall(r"\w+", listed) if isinstance(listed, str) else listed, rows
            case ast.For(target, rows):
                yield [name.id for name in ast.walk(target) if isinstance(name, ast.Name)], rows


def used_by(block, test, helpers):
    """Names and attributes that a block uses, with local variables and helpers looked into."""
    sources = {name: [node] for name, node in helpers.items()}
    for names, value in [*bindings(test), *tables(test)]:
        for name in names:
            sources.setdefault(name, []).append(value)
    used, todo = set(), list(block.body)
    while todo:
        for node in ast.walk(todo.pop()):
            name = getattr(node, "id", getattr(node, "attr", None))
            if name and name not in used:
                used.add(name)
                todo += sources.get(name, [])
    return used


def bindings(test):
    """(names, expression) of the assignments and with statements of a test."""
    for node in ast.walk(test):
        match node:
            case ast.Assign(targets, value):
                pass
            case ast.withitem(value, ast.expr() as target):
                targets = [target]
            case _:
                continue
        yield [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)], value


def values_in(block, test):
    """The strings that a block gives to what it calls, itself or by a local variable."""
    names = {node.id for node in ast.walk(block) if isinstance(node, ast.Name)}
    local = [value for targets, value in bindings(test) if names & {*targets}]
    nodes = [node for part in [*block.body, *local] for node in ast.walk(part)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return {word for text in texts if isinstance(text, str) for word in [text, *text.split()]}


def stand_ins(tree):
    """Name in the spec file -> (module, name there), of all that `lazy` makes."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign([target], ast.Call(ast.Name("lazy"), args)):
                nodes = [node for arg in args for node in ast.walk(arg)]
                module, *names = [n.value for n in nodes if isinstance(n, ast.Constant)]
                stands = getattr(target, "elts", [target])
                places = [(module, name) for name in names]
                found |= dict(zip([stand.id for stand in stands], places, strict=True))
    return found


@cache
def definitions(module):
    """Name -> node, of the functions and classes of a module of the reference, methods as ``A.b``."""
    tree = ast.parse(kit.reference_text(module))
    found = {"": tree}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": method for method in methods}
    return found


def code_font(module, name, used):
    """All code in the docstrings of a function, or of a class, its bases and what is used of both."""
    found = definitions(module)
    owners = [name, *(base.id for base in getattr(found.get(name), "bases", []))]
    methods = {"__init__", "forward", "__call__", *used}
    names = {"", *owners, *used} | {f"{owner}.{method}" for owner in owners for method in methods}
    texts = [ast.get_docstring(found[name]) or "" for name in names & {*found}]
    return {code for text in texts for code in re.findall(r"``(.+?)``", text)}


@cache
def agreement(spec_path):
    """How many words a spec file insists on, and what is said nowhere of them, line by line."""
    tree = ast.parse((kit.ROOT / spec_path).read_text(encoding="utf-8"))
    stands, unsaid, count = stand_ins(tree), [], 0
    parts = [part for node in tree.body for part in [node, *getattr(node, "body", [])]]
    helpers = {part.name: part for part in parts if isinstance(part, ast.FunctionDef)}
    for test, block, words in demands(tree):
        if test.name in KEYS:
            continue
        used = used_by(block, test, helpers)
        called = {stands[name] for name in used & {*stands}}
        codes = set().union(*(code_font(*place, used) for place in called))
        said = {word for code in codes for word in re.findall(r"\w+", code)}
        missing = words - said - values_in(block, test)
        count += len(words)
        if missing:
            names = sorted(name for _, name in called)
            unsaid.append(f"{spec_path}:{block.lineno}: {sorted(missing)}, which {names} lack")
    return count, unsaid


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_words_that_specs_insist_on_stand_in_code_font(unit):
    count, unsaid = agreement(unit.spec_path)
    assert not unsaid, "\n".join(unsaid)
    assert count > 0


def test_many_words_are_looked_at():
    counts = [agreement(unit.spec_path)[0] for unit in kit.modules()]
    assert sum(counts) > 100, counts
