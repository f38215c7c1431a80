"""Which exercises of a file use which others, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from pytest_tinytorch.course.exercises import (
    GRADIENT,
    Piece,
    find_node,
    gradient_statements,
    lines_of,
    parse,
)

Uses = Mapping[str, frozenset[str]]
"""Exercise to all others of its module that it calls, directly or by way of others."""

BUILT_IN = (list, dict, set, str, bytes)

MANY_RULES = 4
"""How many gradient rules are not wrong at once: then it is what applies them."""


def uses_of(source: str, exercises: Collection[str]) -> Uses:
    """What each exercise of a file uses; nothing if it does not parse.

    A method counts as used wherever something of that name is asked for, if there is just one. What a
    given function of the file uses is used by whoever calls it.

    >>> uses_of("def f(x): return g(x)\\ndef g(x): return h(x)\\ndef h(x): return x", ["f", "h"])
    {'f': frozenset({'h'}), 'h': frozenset()}
    """
    return closed(graph_of(source, tuple(exercises)), exercises, frozenset())


def direct_uses_of(source: str, exercises: Collection[str]) -> Uses:
    """What each exercise calls itself, or by way of given functions alone."""
    return closed(graph_of(source, tuple(exercises)), exercises, frozenset(exercises))


def closed(graph: Mapping[str, set[str]], exercises: Collection[str], ends: frozenset[str]) -> Uses:
    """The exercises that can be reached from each one, on ways that go through none of ``ends``."""
    return {
        name: frozenset(reached(name, graph, ends) & set(exercises)) - {name}
        for name in exercises
        if name in graph
    }


@lru_cache(maxsize=64)
def graph_of(source: str, exercises: tuple[str, ...]) -> dict[str, set[str]]:
    """What each function, method and gradient rule of a file asks for."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError):
        return {}
    lines = lines_of(source)
    direct = {name: words_in(Piece(lines, node)) for name, node in functions(tree)}
    direct |= {
        name: words_in(Piece(lines, node))
        for name in exercises
        if name.startswith(GRADIENT) and (node := find_node(tree, name)) is not None
    }
    known = by_word(direct)
    graph = {
        name: {found for word in words for found in known.get(word, ())} - {name}
        for name, words in direct.items()
    }
    for op, rules in rules_of(source, exercises).items():
        for rule in rules if op in graph else ():
            graph[rule].add(op)  # no rule is right for an operation that is not
    return graph


def rules_of(source: str, exercises: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The exercises that are gradient rules of an operation, by the operation's name.

    >>> rules_of("defvjp(embedding, embedding_weight)", ["embedding_weight"])
    {'embedding': ('embedding_weight',)}
    """
    found = {}
    for node, op in gradient_statements(parse(source)):
        named = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        rules = [name for name in exercises if name in named and name != op]
        own = f"{GRADIENT}{op}"
        found[op] = tuple([own] if own in exercises else rules)
    return found


def engine_of(source: str, exercises: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(engine, rules) of a file that holds the gradient rules of other modules' operations.

    The engine is what applies the rules: whatever is neither a rule nor used by one. No rule can be
    tried without it, nor it without a rule.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError):
        return frozenset(), frozenset()
    own = {name for name, _ in functions(tree)}
    table = rules_of(source, exercises)
    rules = frozenset(rule for op, names in table.items() if op not in own for rule in names)
    if len(rules) < 2:
        return frozenset(), frozenset()
    uses = uses_of(source, exercises)
    helpers = {helper for rule in rules for helper in uses.get(rule, ())}
    return frozenset(exercises) - rules - helpers, rules - helpers


def with_engine(
    uses: Uses, engine: frozenset[str], rules: frozenset[str], wrong: Collection[str]
) -> Uses:
    """What exercises use, with rules and engine brought into relation by what is wrong.

    A rule or two that are wrong explain an engine that seems to be; more of them are explained by it.
    """
    few = len(rules & set(wrong)) < MANY_RULES
    users, used = (engine, rules) if few else (rules, engine)
    return {name: found | used if name in users else found for name, found in uses.items()} | {
        name: used for name in users if name not in uses
    }


def sizes_of(source: str) -> dict[str, int]:
    """How much there is in each function of a file, docstrings aside: nodes of the syntax tree."""
    lines = lines_of(source)
    return {
        name: size_of(Piece(lines, node)) - (3 if ast.get_docstring(node) else 0)
        for name, node in functions(parse(source))
    }


@lru_cache(maxsize=2048)
def size_of(piece: Piece) -> int:
    """How many nodes of the syntax tree a piece of source has."""
    return sum(1 for _ in ast.walk(piece.node))


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """(name, node) of each function, and of each method as ``Class.method``."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield f"{node.name}.{part.name}", part


@lru_cache(maxsize=2048)
def words_in(piece: Piece) -> frozenset[str]:
    """What a piece of source asks for, see `mentioned`."""
    return frozenset(mentioned(piece.node))


def mentioned(node: ast.AST) -> Iterator[str]:
    """What a piece of source asks for: names that are not its own, and attributes with a dot before them.

    A class stands for making one. What lists, dicts and texts have too says nothing.
    """
    parts = list(outside_annotations(node))
    own = {part.arg for part in parts if isinstance(part, ast.arg)}
    own |= {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
    for part in parts:
        if isinstance(part, ast.Call) and ast.unparse(part) in ("len(self)", "iter(self)"):
            yield f"self.__{ast.unparse(part.func)}__"
        if isinstance(part, ast.Name) and part.id not in own:
            yield part.id
            yield f"{part.id}.__init__"
        elif isinstance(part, ast.Attribute) and (
            (of_self := ast.unparse(part.value) in ("self", "super()"))
            or not any(hasattr(kind, part.attr) for kind in BUILT_IN)
        ):
            yield f"self.{part.attr}" if of_self and part.attr[:2] != "__" else f".{part.attr}"


def outside_annotations(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it that is no annotation."""
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from outside_annotations(child)


def by_word(names: Collection[str]) -> dict[str, list[str]]:
    """What a word of the source stands for: a function, or the one method of that name.

    What an object asks of itself may be any method of that name: a class below it may have one.
    """
    known = {name: [name] for name in names if not name.startswith(GRADIENT)}
    methods: dict[str, list[str]] = {}
    for name in list(known):
        if "." in name:
            methods.setdefault(name.rpartition(".")[2], []).append(name)
    known |= {f".{word}": found for word, found in methods.items() if len(found) == 1}
    return known | {f"self.{word}": found for word, found in methods.items()}


def reached(start: str, graph: Mapping[str, Collection[str]], ends: frozenset[str]) -> set[str]:
    """All that can be reached from a place, going on from none of ``ends``."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph.get(waiting.pop(), ())) - found
        found |= new
        waiting += new - ends
    return found
